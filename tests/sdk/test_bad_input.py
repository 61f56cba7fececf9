"""Whatever is sent to /sdk, the answer is one flat error with a code and a sentence, and nothing was changed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agents.models import Agent, App, Creation
from audit.models import Event, Span
from keys.models import ApiKey
from tests.factories import AgentFactory, minted
from tests.keys.asking import UNKNOWN
from tests.sdk import raw

pytestmark = pytest.mark.one_engine  # tests/fuzz asks the same of both

NOWHERE = "00000000-0000-0000-0000-000000000000"
SPAN = {"trace_id": "t", "name": "n", "start_time": "2026-06-01T12:00:00Z"}
BODIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "create": (
        "POST",
        "/sdk/agents",
        {"name": "bot", "type": "agent", "display_name": "Bot", "scopes": {}, "metadata": {}, "policy": {}},
    ),
    "update": (
        "PATCH",
        "/sdk/agents/{agent}?expected_version=1",
        {"display_name": "Bot", "scopes": {}, "metadata": {}, "policy": {}, "status": "active"},
    ),
    "mint": ("POST", "/sdk/agents/{agent}/keys", {}),
    "deprecate": ("PATCH", "/sdk/agents/{agent}/keys/{key}/deprecate", {}),
    "undeprecate": ("PATCH", "/sdk/agents/{agent}/keys/{key}/undeprecate", {}),
    "derive": (
        "POST",
        "/sdk/keys/derive",
        {"scopes": ["grants:read"], "expires_in": 9, "cidr_allowlist": [], "name": "ci", "metadata": {}},
    ),
    "rotate": ("POST", "/sdk/keys/{key}/rotate", {"overlap_days": 7}),
    "spans": ("POST", "/sdk/spans", {"spans": [SPAN]}),
    "resolve": (
        "POST",
        "/sdk/identity/resolve",
        {"include_profile": False, "user_token": None, "app_user_id": None},
    ),
}
EACH = pytest.mark.parametrize("route", BODIES)
FIELDS = [(route, field) for route, (_, _, body) in BODIES.items() for field in body]
EVERYTHING = "agents:admin,keys:admin,keys:derive,grants:read,spans:emit"


@pytest.fixture
def secret(app: App) -> str:
    """A key that may do everything there is to do here."""
    return minted(app, scopes=EVERYTHING).plaintext.take()


@pytest.fixture
def key(agent: Agent) -> ApiKey:
    """A key of `agent`."""
    return minted(agent.app, agent=agent).key


@pytest.fixture
def unchanged(secret: str, key: ApiKey) -> Iterator[None]:
    """After the test, all is as it was before."""
    before = picture()
    yield
    assert picture() == before


def picture() -> list[Any]:
    """What programs can change."""
    return [
        Event.objects.count(),
        Span.objects.count(),
        *Agent.objects.order_by("id").values_list("id", "version"),
        *ApiKey.objects.order_by("id").values_list("id", "digest", "deprecated_at", "revoked_at"),
    ]


def ask(secret: str, key: ApiKey, route: str, body: Any, **headers: str) -> Any:
    """The answer of a route of BODIES to `body`."""
    method, target, _ = BODIES[route]
    return raw.call(secret, method, target.format(agent=key.agent_id, key=key.id), body, **headers)


def code_of(answer: Any) -> str:
    """The code of a refusal, after making sure that it has the one shape there is."""
    body = answer.json()
    assert (answer["Content-Type"], 400 <= answer.status_code < 500) == ("application/json", True), body
    assert isinstance(body["error"], str) and isinstance(body["message"], str) and body["message"]
    assert not isinstance(body.get("detail"), dict)
    return str(body["error"])


# ── the body as a whole ─────────────────────────────────────────────────────────────────────────────


@EACH
def test_every_body_here_is_sound(secret: str, key: ApiKey, route: str) -> None:
    assert ask(secret, key, route, BODIES[route][2]).status_code in (200, 201)


WHOLE: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"name=bot", "invalid_json"),
    "half of it": (b'{"name":', "invalid_json"),
    "two": (b"{}{}", "invalid_json"),
    "invalid UTF-8": (b'{"name":"\xff\xfe"}', "invalid_json"),
    "UTF-16": ("{}".encode("utf-16"), "invalid_json"),
    "with a mark": (b"\xef\xbb\xbf{}", "invalid_json"),
    "NaN": (b'{"name":NaN}', "invalid_json"),
    "Infinity": (b'{"name":-Infinity}', "invalid_json"),
    "a name twice": (b'{"name":"a","name":"a"}', "invalid_json"),
    "a name twice, deep": (b'{"metadata":{"a":[{"b":1,"b":2}]}}', "invalid_json"),
    "a digit too many": (b'{"expires_in":' + b"9" * 5000 + b"}", "invalid_json"),
    "a raw control character": (b'{"name":"a\nb"}', "invalid_json"),
    "too deep to read": (b'{"metadata":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "invalid_json"),
    "a list": (b"[]", "validation_error"),
    "a string": (b'"bot"', "validation_error"),
    "a number": (b"5", "validation_error"),
    "true": (b"true", "validation_error"),
    "an unknown field": (b'{"nmae":"bot"}', "validation_error"),
    "NUL as a field": (b'{"\\u0000":1}', "validation_error"),
    "half a character as a field": (b'{"\\ud800":1}', "validation_error"),
    "nothing as a field": (b'{"":1}', "validation_error"),
    "a proto": (b'{"__proto__":{},"__class__":1,"self":1,"asked":1}', "validation_error"),
}


@EACH
def test_a_body_that_cannot_be_taken_changes_nothing(
    secret: str, key: ApiKey, unchanged: None, route: str
) -> None:
    told = {what: code_of(ask(secret, key, route, body)) for what, (body, _) in WHOLE.items()}
    assert told == {what: code for what, (_, code) in WHOLE.items()}


SIZES = {65_536: "validation_error", 65_537: "payload_too_large", 1_048_576: "payload_too_large"}


@EACH
def test_a_body_of_more_than_64_kibibytes_is_not_read(
    secret: str, key: ApiKey, unchanged: None, route: str
) -> None:
    bodies = {size: b'{"nmae":"' + b"a" * (size - 11) + b'"}' for size in SIZES}
    assert {size: code_of(ask(secret, key, route, body)) for size, body in bodies.items()} == SIZES


KINDS = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/jsonl",
    "\xe9",
]


@EACH
def test_a_body_of_another_kind_changes_nothing(
    secret: str, key: ApiKey, unchanged: None, route: str
) -> None:
    answers = [ask(secret, key, route, BODIES[route][2], Content_Type=kind) for kind in KINDS]
    assert [raw.error(answer) for answer in answers] == [(415, "unsupported_media_type")] * len(KINDS)


@EACH
def test_a_kind_may_name_its_letters(secret: str, key: ApiKey, route: str) -> None:
    answer = ask(secret, key, route, BODIES[route][2], Content_Type="Application/JSON; charset=utf-8")
    assert answer.status_code in (200, 201)


@pytest.mark.parametrize("body", [b"", b"null"])
@pytest.mark.parametrize("route", ["create", "update", "derive", "spans"])
def test_a_call_that_must_say_something_says_nothing(
    secret: str, key: ApiKey, unchanged: None, route: str, body: bytes
) -> None:
    assert code_of(ask(secret, key, route, body))


@pytest.mark.parametrize("body", [b"", b"null", b"{}"])
@pytest.mark.parametrize("route", ["mint", "deprecate", "undeprecate", "rotate", "resolve"])
def test_a_call_that_need_not_say_anything_may_say_nothing(
    secret: str, key: ApiKey, route: str, body: bytes
) -> None:
    assert ask(secret, key, route, body).status_code in (200, 201)


# ── each field ──────────────────────────────────────────────────────────────────────────────────────

WRONG: dict[str, str] = {
    "a number": "-5.5",
    "a huge number": "1e999",
    "minus a huge number": "-1e999",
    "a very long number": "9" * 4000,
    "true": "true",
    "a list of lists": "[[[]]]",
    "a list of nothing": "[null]",
    "an object in a list": '[{"a":1}]',
    "NUL": '"a\\u0000b"',
    "NUL in a list": '["a\\u0000b"]',
    "half a character": '"a\\ud800b"',
    "half a character in a list": '["\\udfff"]',
    "half a character in an object": '{"a":"\\ud800"}',
    "half a character as a name": '{"\\ud800":["a"]}',
    "NUL in an object": '{"a\\u0000":["a"]}',
    "too long": json.dumps("a" * 20_000),
    "too much": json.dumps({"a": ["x" * 20_000]}),
    "too many": json.dumps(["grants:read"] * 5000),
    "a key": json.dumps(UNKNOWN),
    "a key in an object": json.dumps({"a": [f"take {UNKNOWN}"]}),
    "a key as a name": json.dumps({UNKNOWN: ["a"]}),
    "21 deep": '{"a":' * 22 + "1" + "}" * 22,
    "300 deep": '{"a":' * 300 + "1" + "}" * 300,
    "900 deep": '{"a":' * 900 + "1" + "}" * 900,
    "900 deep in lists": '{"a":' + "[" * 900 + "]" * 900 + "}",
    "infinite inside": '{"a":[1e999]}',
}
FITS = {("resolve", "include_profile"): "true", ("derive", "expires_in"): "a very long number"}


@pytest.mark.parametrize(("route", "field"), FIELDS)
def test_a_field_that_cannot_be_taken_changes_nothing(
    secret: str, key: ApiKey, unchanged: None, route: str, field: str
) -> None:
    for what, value in WRONG.items():
        if FITS.get((route, field)) != what:
            assert code_of(ask(secret, key, route, with_field(BODIES[route][2], field, value))), what


def with_field(body: dict[str, Any], field: str, value: str) -> bytes:
    """`body` with `field` written as `value`, which need not be anything Python can say."""
    marked = raw.packed(body | {field: "@@"})
    return marked.replace(b'"@@"', value.encode())


def test_a_wish_that_cannot_be_taken_is_not_remembered(secret: str, key: ApiKey, unchanged: None) -> None:
    for what, value in WRONG.items():
        body = with_field(BODIES["create"][2], "metadata", value)
        assert code_of(ask(secret, key, "create", body, Idempotency_Key="once")), what
    assert not Creation.objects.exists()


NULL_MEANS_NONE = {
    ("create", "display_name"),
    ("update", "display_name"),
    ("derive", "cidr_allowlist"),
    ("derive", "name"),
    ("derive", "metadata"),
    ("resolve", "user_token"),
    ("resolve", "app_user_id"),
}


@pytest.mark.parametrize(("route", "field"), [field for field in FIELDS if field not in NULL_MEANS_NONE])
def test_null_is_no_value(secret: str, key: ApiKey, unchanged: None, route: str, field: str) -> None:
    answer = ask(secret, key, route, with_field(BODIES[route][2], field, "null"))
    assert code_of(answer) == "validation_error"


@pytest.mark.parametrize(("route", "field"), sorted(NULL_MEANS_NONE))
def test_null_may_mean_none(secret: str, key: ApiKey, route: str, field: str) -> None:
    answer = ask(secret, key, route, with_field(BODIES[route][2], field, "null"))
    assert answer.status_code in (200, 201)


FIELD_CODES = ("validation_error", "invalid_scope", "invalid_cidr")


@pytest.mark.parametrize(
    ("route", "field", "value"),
    [
        ("create", "name", '""'),
        ("create", "name", '"Bot"'),
        ("create", "type", '"robot"'),
        ("create", "display_name", '"a\\u202eb"'),
        ("create", "display_name", json.dumps("a" * 81)),
        ("create", "scopes", '{"google":[]}'),
        ("create", "scopes", '{"google":"mail"}'),
        ("create", "scopes", '{" google":["mail"]}'),
        ("create", "scopes", '{"google":[" mail"]}'),
        ("create", "scopes", '{"google":[5]}'),
        ("update", "status", '"revoked"'),
        ("update", "status", '"inactive "'),
        ("derive", "scopes", "[]"),
        ("derive", "scopes", '["*"]'),
        ("derive", "scopes", '["grants:read,agents:read"]'),
        ("derive", "expires_in", "0"),
        ("derive", "expires_in", "-1"),
        ("derive", "expires_in", '"9"'),
        ("derive", "expires_in", "9.5"),
        ("derive", "cidr_allowlist", '["0.0.0.0/0"]'),
        ("derive", "cidr_allowlist", '["::ffff:0.0.0.0/96"]'),
        ("derive", "cidr_allowlist", '["203.0.113.0/33"]'),
        ("derive", "name", json.dumps("a" * 81)),
        ("rotate", "overlap_days", "-1"),
        ("rotate", "overlap_days", "31"),
        ("rotate", "overlap_days", "7.5"),
        ("rotate", "overlap_days", '"7"'),
        ("spans", "spans", "[]"),
        ("spans", "spans", json.dumps([SPAN] * 51)),
        *[
            ("spans", "spans", json.dumps([SPAN, SPAN | {field: value}]))
            for field, value in [
                ("trace_id", ""),
                ("trace_id", "a" * 256),
                ("trace_id", 5),
                ("name", ""),
                ("name", "a" * 256),
                ("span_id", ""),
                ("span_id", "a" * 33),
                ("parent_span_id", "a" * 33),
                ("start_time", "noon"),
                ("start_time", "2026-13-01T00:00:00Z"),
                ("start_time", "0001-01-01T00:00:00+23:59"),
                ("start_time", "9999-12-31T23:59:59-23:59"),
                ("start_time", None),
                ("end_time", "later"),
                ("attributes", {"a": 1}),
                ("attributes", {"a": None}),
                ("attributes", {"a": {"b": "c"}}),
                ("attributes", {"": "a"}),
                ("attributes", {str(n): "a" for n in range(51)}),
                ("attributes", {"a": "\0"}),
                ("unknown", 1),
            ]
        ],
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_value_out_of_bounds_changes_nothing(
    secret: str, key: ApiKey, unchanged: None, route: str, field: str, value: str
) -> None:
    answer = ask(secret, key, route, with_field(BODIES[route][2], field, value))
    assert (code_of(answer) in FIELD_CODES, answer.status_code) == (True, 422)


@pytest.mark.parametrize(("route", "field"), FIELDS)
def test_an_error_does_not_repeat_a_key_that_was_sent(
    secret: str, key: ApiKey, unchanged: None, route: str, field: str
) -> None:
    for value in (json.dumps(UNKNOWN), json.dumps([UNKNOWN]), json.dumps({UNKNOWN: [UNKNOWN]})):
        answer = ask(secret, key, route, with_field(BODIES[route][2], field, value))
        assert UNKNOWN not in answer.content.decode()


def test_several_flaws_are_told_at_once(secret: str, key: ApiKey, unchanged: None) -> None:
    answer = ask(secret, key, "create", {"name": 5, "type": "robot", "nmae": "bot"})
    assert [flaw["field"] for flaw in answer.json()["fields"]] == ["name", "type", "nmae"]


# ── queries ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=1.5",
        "limit=1e2",
        "limit=" + "9" * 5000,
        "limit=%00",
        "offset=-1",
        "offset=99999999999999999999",
        "offset=%F0%9F%98%80",
        "include_revoked=maybe",
        "include_revoked=",
        "include_revoked=%ff",
    ],
    ids=lambda query: query[:20],
)
def test_a_query_out_of_range_is_refused(secret: str, query: str) -> None:
    answer = raw.call(secret, "GET", f"/sdk/agents?{query}")
    assert raw.error(answer) == (422, "validation_error")
    assert answer.json()["fields"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    "query",
    [
        "expected_version=0",
        "expected_version=one",
        "expected_version=99999999999999999999",
        "expected_version=1&grace_seconds=-1",
        "expected_version=1&grace_seconds=604801",
        "expected_version=1&grace_seconds=soon",
        "grace_seconds=0",
        "",
    ],
)
def test_a_change_of_scopes_says_what_it_is_meant_for(
    secret: str, key: ApiKey, unchanged: None, query: str
) -> None:
    answer = raw.call(secret, "PATCH", f"/sdk/agents/{key.agent_id}?{query}", {"scopes": {}})
    assert raw.error(answer) == (422, "validation_error")


def test_a_grace_without_scopes_is_refused(secret: str, key: ApiKey, unchanged: None) -> None:
    body = {"display_name": "Bot"}
    answer = raw.call(secret, "PATCH", f"/sdk/agents/{key.agent_id}?grace_seconds=0", body)
    assert raw.error(answer) == (422, "validation_error")


@pytest.mark.parametrize("force", ["maybe", "1", "yes", "True", "", "%00"])
@pytest.mark.parametrize("target", ["/sdk/keys/{key}", "/sdk/agents/{agent}/keys/{key}"])
def test_force_is_true_or_false(secret: str, key: ApiKey, unchanged: None, target: str, force: str) -> None:
    address = target.format(agent=key.agent_id, key=key.id)
    answer = raw.call(secret, "DELETE", f"{address}?force={force}")
    assert raw.error(answer) == (422, "validation_error")


@pytest.mark.parametrize("name", ["%00", "%ff", "%ED%A0%80", "a" * 9000, "%F0%9F%98%80"])
def test_a_name_that_no_agent_can_have_finds_none(secret: str, name: str) -> None:
    answer = raw.call(secret, "GET", f"/sdk/agents?name={name}")
    assert (answer.status_code, answer.json()["items"]) == (200, [])


# ── addresses ───────────────────────────────────────────────────────────────────────────────────────

ADDRESSES = [
    ("GET", "/sdk/agents/{id}", "agent_not_found"),
    ("PATCH", "/sdk/agents/{id}", "agent_not_found"),
    ("DELETE", "/sdk/agents/{id}", "agent_not_found"),
    ("GET", "/sdk/agents/{id}/keys", "agent_not_found"),
    ("POST", "/sdk/agents/{id}/keys", "agent_not_found"),
    ("DELETE", "/sdk/agents/{id}/keys/{id}", "agent_not_found"),
    ("DELETE", "/sdk/agents/{agent}/keys/{id}", "key_not_found"),
    ("PATCH", "/sdk/agents/{agent}/keys/{id}/deprecate", "key_not_found"),
    ("PATCH", "/sdk/agents/{agent}/keys/{id}/undeprecate", "key_not_found"),
    ("POST", "/sdk/keys/{id}/rotate", "key_not_found"),
    ("DELETE", "/sdk/keys/{id}", "key_not_found"),
]
IDS = [
    NOWHERE,
    "1",
    "none",
    "%00",
    "%F0%9F%98%80",
    "a" * 900,
    "{00000000-0000-0000-0000-000000000000}",
    "urn:uuid:00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
    "'; --",
    "..",
]


@pytest.mark.parametrize(("method", "address", "code"), ADDRESSES)
def test_an_id_that_nothing_has_is_not_found(
    secret: str, key: ApiKey, unchanged: None, method: str, address: str, code: str
) -> None:
    body = {} if method in ("POST", "PATCH") else b""
    mine = address.replace("{agent}", str(key.agent_id))
    told = {id: raw.error(raw.call(secret, method, mine.replace("{id}", id), body)) for id in IDS}
    assert told == dict.fromkeys(IDS, (404, code))


@pytest.mark.parametrize(("method", "address", "code"), ADDRESSES)
def test_what_is_another_apps_is_as_if_it_never_was(
    secret: str, key: ApiKey, other_app: App, method: str, address: str, code: str
) -> None:
    stranger = AgentFactory.create(app=other_app)
    theirs = minted(other_app, agent=stranger).key
    before, body = picture(), {} if method in ("POST", "PATCH") else b""
    mine = address.replace("{agent}", str(key.agent_id))
    there = mine.replace("agents/{id}", f"agents/{stranger.id}").replace("{id}", str(theirs.id))
    answers = [raw.call(secret, method, at, body) for at in (there, mine.replace("{id}", NOWHERE))]
    assert (answers[0].status_code, answers[0].json()) == (answers[1].status_code, answers[1].json())
    assert picture() == before


NOWHERE_AT_ALL = [
    "/sdk/",
    "/sdk/agents/",
    "/sdk/agents/me/",
    "/sdk/agent",
    "/sdk/agents/{agent}/",
    "/sdk/agents/{agent}/key",
    "/sdk/agents/{agent}%2Fkeys%2F",
    "/sdk/keys",
    "/sdk/token",
    "/sdk/grants/list",
    "/sdk/%00",
    "/sdk/..%2Fadmin",
    "/sdk/" + "a" * 5000,
]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_that_is_none_is_told_in_json(
    secret: str, key: ApiKey, unchanged: None, method: str
) -> None:
    targets = [target.format(agent=key.agent_id) for target in NOWHERE_AT_ALL]
    told = {target: raw.error(raw.call(secret, method, target)) for target in targets}
    assert told == dict.fromkeys(targets, (404, "not_found"))


def test_an_address_that_is_no_text_does_not_pass(secret: str) -> None:
    assert code_of(raw.call(secret, "GET", "/sdk/%ff")) in ("not_found", "invalid_signature")


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/sdk/scopes", "GET"),
        ("/sdk/agents", "GET, POST"),
        ("/sdk/agents/me", "GET"),
        ("/sdk/agents/{agent}", "GET, PATCH, DELETE"),
        ("/sdk/agents/{agent}/keys", "GET, POST"),
        ("/sdk/agents/{agent}/keys/{key}", "DELETE"),
        ("/sdk/agents/{agent}/keys/{key}/deprecate", "PATCH"),
        ("/sdk/keys/derive", "POST"),
        ("/sdk/keys/{key}", "DELETE"),
        ("/sdk/keys/{key}/rotate", "POST"),
        ("/sdk/spans", "POST"),
        ("/sdk/identity/resolve", "POST"),
        ("/sdk/openapi.json", "GET"),
    ],
)
def test_a_method_that_an_address_does_not_take_is_told_which_it_takes(
    secret: str, key: ApiKey, unchanged: None, target: str, allowed: str
) -> None:
    target = target.format(agent=key.agent_id, key=key.id)
    for method in {"GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE", "QUERY"} - set(
        allowed.split(", ")
    ):
        answer = raw.call(secret, method, target)
        assert (raw.error(answer), answer["Allow"]) == ((405, "method_not_allowed"), allowed), method


@pytest.mark.parametrize("target", ["/sdk/scopes", "/sdk/nothing"])
def test_a_head_has_no_body(secret: str, target: str) -> None:
    answer = raw.call(secret, "HEAD", target)
    assert (answer.status_code, answer.content) == (405 if "scopes" in target else 404, b"")


@pytest.mark.parametrize("target", ["/sdk/agents/{}", "/sdk/agents?name={}", "/sdk/agents?x=%61{}"])
def test_a_key_in_an_address_is_exposed(secret: str, target: str) -> None:
    answer = raw.call(secret, "GET", target.format(UNKNOWN))
    assert raw.error(answer) == (400, "key_in_url")
    assert UNKNOWN not in answer.content.decode()


def test_nobody_is_redirected_from_here(secret: str) -> None:
    for target in ("/sdk/agents/", "/sdk/scopes/", "/sdk//scopes", "/sdk/"):
        assert raw.call(secret, "GET", target).status_code == 404


@pytest.mark.parametrize("length", ["many", "-1", "1e3", "٣"])
def test_a_body_that_lies_about_its_length_is_not_read(secret: str, unchanged: None, length: str) -> None:
    headers = raw.sign(secret, "GET", "/sdk/scopes")
    assert raw.error(raw.send("GET", "/sdk/scopes", headers=headers, CONTENT_LENGTH=length)) == (
        413,
        "payload_too_large",
    )
