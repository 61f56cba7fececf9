"""What cannot be taken: each value of each body, whole bodies, queries. It is named, and nothing has changed."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from agents.models import Agent, App, Creation
from audit.actors import Origin, shell
from audit.forwarding import destinations
from audit.models import Delivery, Event
from audit.search.saved_views import save_view
from core.clock import now
from keys.models import ApiKey
from portal.accounts.lifecycle import invite
from portal.policy.policy import change_policy
from portal.web.gates import person
from tests.api.conftest import Of
from tests.api.lines import PERMISSION, address
from tests.api.program import Program, error, fields
from tests.factories import AgentFactory, issued, member, minted, taken_back
from tests.keys.catalogue.catalogues import OPENAPI, ORDERS, published

pytestmark = pytest.mark.one_engine  # tests/fuzz asks the same of both

LONG = "a" * 1001
BROKEN = "\ud800"
TEXT: tuple[Any, ...] = (7, 1.5, True, [], {}, ["x"], LONG, BROKEN)
WRONG: dict[str, tuple[Any, ...]] = {
    "text": (None, *TEXT),
    "text or null": TEXT,
    "list": ("grants:read", 7, {}, [None], [7], [["grants:read"]], ["grants:read"] * 101, [LONG]),
    "number": ("5", 1.5, True, [], {}, 0, -1, 10**12, 1e300),
    "number, not null": (None, "5", 1.5, True, [], {}, 0, -1, 1e300),
    "place": ("5", 1.5, True, [], {}, -1, 1e300),
    "list or null": ("grants:read", 7, {}, [None], [7], [["grants:read"]], ["x"] * 101, [LONG], []),
    "choice or null": ("none", "", 7, [], "LEVEL"),
    "document": (None, 7, 1.5, True, [], {}, "", "<html>", "openapi: 2", "{", "a: &a [*a]"),
    "list of text or null": ("grants:read", 7, {}, [None], [7], ["grants:read"], ["orders:fly"]),
    "flag": (None, "true", 1, 0, [], {}),
    "object": ("x", 7, [], [{}]),
    "object, not null": (None, "x", 7, [], [{}]),
    "choice": (None, "none", "", 7, [], "REQUIRED"),
    "id": ("x", 7, [], {}, "0" * 37),
}
"""What is never taken where one of these stands."""
KEY = {
    "cidr_allowlist": "list",
    "rate_limit_rpm": "number",
    "expires_at": "text or null",
    "reason": "text",
}
NEW_KEY = {**KEY, "name": "text", "scopes": "list", "expires_in": "text or null", "metadata": "object"}
SCOPES = ORDERS | {
    "preset": True,
    "resources": [*ORDERS["resources"], {"name": "refunds"}],
    "actions": [{"name": "exports:create"}],
    "templates": [{"name": "nightly", "label": "Nightly job", "scopes": ["orders:write"]}],
}
"""What the app of these tests defines, with something to remove of each kind."""
REASON = {"reason": "text"}
REVISION = {"version": "number", "reason": "text or null", "even_in_use": "flag"}
LEAVING = {"revoke_keys": "list", "hand_to": "text", "force": "flag", "reason": "text"}
BODIES: dict[str, dict[str, str]] = {
    "POST /apps": {"name": "text", "description": "text", "website_url": "text"},
    "PATCH /apps/<app_id>": {
        "name": "text",
        "description": "text",
        "website_url": "text",
        "max_keys": "number",
        "max_keys_per_agent": "number",
        "rate_limit_rpm": "number",
        "max_derived_hours": "number",
        "signing": "choice",
        "on_leaked_app_key": "choice",
        "on_leaked_agent_key": "choice",
        "on_leaked_derived_key": "choice",
        "version": "text",
    },
    "POST /apps/<app_id>/archive": REASON,
    "POST /apps/<app_id>/unarchive": REASON,
    "PUT /apps/<app_id>/scopes": {**REVISION, "version": "number, not null", "document": "object, not null"},
    "POST /apps/<app_id>/scopes/import": {
        **REVISION,
        "document": "document",
        "publish": "flag",
        "scopes": "list of text or null",
    },
    "PUT /apps/<app_id>/scopes/preset": {**REVISION, "preset": "flag"},
    "POST /apps/<app_id>/scopes/versions/<version>/restore": REVISION,
    "PUT /apps/<app_id>/scopes/resources/<resource>": {
        **REVISION,
        "description": "text or null",
        "levels": "list or null",
    },
    "POST /apps/<app_id>/scopes/resources/<resource>/remove": REVISION,
    "PUT /apps/<app_id>/scopes/templates/<template>": {
        **REVISION,
        "label": "text",
        "scopes": "list",
        "expires": "text",
        "rate_limit_rpm": "number",
    },
    "POST /apps/<app_id>/scopes/templates/<template>/remove": REVISION,
    "PUT /apps/<app_id>/scopes/<scope>": {
        **REVISION,
        "description": "text or null",
        "deprecated": "text or null",
        "position": "place",
        "kind": "choice or null",
    },
    "POST /apps/<app_id>/scopes/<scope>/remove": REVISION,
    "POST /apps/<app_id>/keys": {**NEW_KEY, "key_type": "choice", "agent_id": "id"},
    "PATCH /apps/<app_id>/keys/<key_id>": {"name": "text"},
    "POST /apps/<app_id>/keys/<key_id>/narrow": {**KEY, "scopes": "list"},
    "POST /apps/<app_id>/keys/<key_id>/rotate": {"scopes": "list", "grace": "text", "reason": "text"},
    "POST /apps/<app_id>/keys/<key_id>/deprecate": REASON,
    "POST /apps/<app_id>/keys/<key_id>/undeprecate": REASON,
    "POST /apps/<app_id>/keys/<key_id>/revoke": {"force": "flag", "reason": "text"},
    "POST /apps/<app_id>/agents": {
        "name": "text",
        "display_name": "text or null",
        "type": "choice",
        "scopes": "object, not null",
        "policy": "object, not null",
        "metadata": "object, not null",
    },
    "PATCH /apps/<app_id>/agents/<agent_id>": {
        "display_name": "text or null",
        "scopes": "object, not null",
        "policy": "object, not null",
        "metadata": "object, not null",
    },
    "POST /apps/<app_id>/agents/<agent_id>/suspend": REASON,
    "POST /apps/<app_id>/agents/<agent_id>/resume": REASON,
    "POST /apps/<app_id>/agents/<agent_id>/revoke": REASON,
    "POST /apps/<app_id>/agents/<agent_id>/keys": NEW_KEY,
    "PATCH /apps/<app_id>/members/<member_id>": {"role": "choice"},
    "POST /apps/<app_id>/members/<member_id>/remove": LEAVING,
    "POST /apps/<app_id>/invitations": {"email": "text", "role": "choice"},
    "POST /apps/<app_id>/invitations/<invitation_id>/cancel": REASON,
    "POST /apps/<app_id>/keys/<key_id>/widen": {**KEY, "scopes": "list"},
    "POST /apps/<app_id>/keys/<key_id>/ask": {"message": "text"},
    "POST /apps/<app_id>/views": {"name": "text", "query": "text", "shared": "flag"},
    "PATCH /apps/<app_id>/views/<view_id>": {"name": "text", "shared": "flag"},
    "POST /users/<user_id>/remove": LEAVING,
    "POST /users/<user_id>/sign-out": REASON,
    "POST /users/<user_id>/deactivate": REASON,
    "POST /users/<user_id>/reactivate": REASON,
    "PATCH /members/<member_id>": {"role": "choice"},
    "POST /members/<member_id>/remove": LEAVING,
    "POST /invitations": {"email": "text", "role": "choice"},
    "POST /invitations/<invitation_id>/cancel": REASON,
    "PATCH /policy": {"two_factor_required": "flag", "on_leaked_token": "choice", "reason": "text"},
    "PATCH /retention/<kind>": {"days": "number", "reason": "text"},
    "POST /webhooks": {"name": "text", "url": "text", "sends": "choice", "app_id": "id"},
    "POST /webhooks/<webhook_id>/pause": REASON,
    "POST /webhooks/<webhook_id>/rotate": REASON,
    "POST /webhooks/<webhook_id>/delete": REASON,
    "POST /failed-deliveries/discard": REASON,
    "POST /failed-deliveries/<delivery_id>/discard": REASON,
    "POST /tokens": {
        "name": "text",
        "permissions": "list",
        "expires_in": "text or null",
        "expires_at": "text or null",
    },
    "POST /tokens/<token_id>/revoke": REASON,
    "POST /lookup": {"sha256": "list"},
    "POST /apps/<app_id>/invitations/<invitation_id>/resend": {},
    "POST /invitations/<invitation_id>/resend": {},
    "POST /apps/<app_id>/views/<view_id>/delete": {},
    "POST /webhooks/<webhook_id>/resume": {},
    "POST /webhooks/<webhook_id>/test": {},
    "POST /failed-deliveries/retry": {},
    "POST /failed-deliveries/<delivery_id>/retry": {},
    "POST /notifications/read": {},
    "POST /notifications/<notification_id>/read": {},
}
NEEDED: dict[str, dict[str, Any]] = {
    "POST /apps": {"name": "billing"},
    "POST /apps/<app_id>/keys": {"name": "worker", "scopes": ["grants:read"]},
    "POST /apps/<app_id>/agents": {"name": "bot"},
    "PUT /apps/<app_id>/scopes": {"version": 3, "document": SCOPES},
    "PUT /apps/<app_id>/scopes/preset": {"preset": True},
    "POST /apps/<app_id>/scopes/import": {"document": OPENAPI},
    "PUT /apps/<app_id>/scopes/templates/<template>": {"label": "Nightly", "scopes": ["orders:read"]},
    "PATCH /apps/<app_id>/keys/<key_id>": {"name": "till"},
    "POST /apps/<app_id>/invitations": {"role": "support"},
    "PATCH /apps/<app_id>/members/<member_id>": {"role": "support"},
    "POST /lookup": {"sha256": []},
    "POST /apps/<app_id>/keys/<key_id>/widen": {"reason": "It does."},
    "POST /apps/<app_id>/keys/<key_id>/ask": {"message": "Is this yours?"},
    "POST /apps/<app_id>/views": {"name": "mine"},
    "PATCH /members/<member_id>": {"role": "support"},
    "POST /invitations": {"role": "support"},
    "PATCH /retention/<kind>": {"days": 400},
    "POST /webhooks": {"name": "siem", "url": "https://siem.example.com/in"},
    "POST /tokens": {"name": "ci", "permissions": ["dashboard_keys:read"]},
}
"""What has to be there for the rest to be looked at."""
EVERY_BODY = pytest.mark.parametrize("line", BODIES)


def of_the_portal(program: Program, app: App) -> dict[str, Any]:
    """What stands outside an app's address, and a view that the program's owner keeps."""
    assert program.token
    owner = program.token.user
    change_policy(shell(), None, second_factor=False, on_leaked_token="notify")
    webhook = destinations.create(shell(), name="lake", url="https://lake.example.com/in").webhook
    letter = Delivery.objects.create(webhook=webhook, checkpoint=1, rows=1, given_up_at=now())
    return {
        "user_id": member("developer", app).id,
        "token_id": issued(owner, name="other").token.id,
        "webhook_id": webhook.id,
        "delivery_id": letter.id,
        "view_id": save_view(person(owner, app, Origin("page")), app.id, "refused", "outcome=denied").id,
    }


class Place:
    """An app with a key and an agent, and what is in the database of it."""

    def __init__(self, program: Program, app: App) -> None:
        self.program = program
        self.known = {
            "app_id": app.id,
            "key_id": minted(app).key.id,
            "agent_id": AgentFactory.create(app=app).id,
            "member_id": member("developer", app).memberships.get().id,
            "invitation_id": invite(shell(), "", "support", app).invitation.id,
        }
        self.everywhere = {
            "member_id": member("support", None).memberships.get().id,
            "invitation_id": invite(shell(), "boss@example.com", "admin", None).invitation.id,
        }
        self.known |= of_the_portal(program, app) | {"version": 2}
        published(app, SCOPES)
        published(app, SCOPES | {"actions": []})
        self.before = self.now()

    def send(self, line: str, body: Any, **headers: str) -> Any:
        known = self.known if "<app_id>" in line else self.known | self.everywhere
        return self.program.send(*address(line, **known), body, **headers)

    def prepare(self, line: str) -> None:
        """Bring about what `line` takes back."""
        verb = line.rpartition("/")[2]
        if verb in OPPOSITE:
            self.send(line.replace(verb, OPPOSITE[verb]), {})

    def now(self) -> list[Any]:
        kinds = (App, ApiKey, Agent, Creation, Event)
        return [list(kind._default_manager.order_by("id").values()) for kind in kinds]


@pytest.fixture
def place(app: App, by_admin: Program, settings: Settings) -> Place:
    settings.API_RATE_LIMIT_RPM = 100_000  # one program asks everything
    return Place(by_admin, app)


def test_every_body_of_the_map_is_here() -> None:
    assert set(BODIES) == {line for line in PERMISSION if line.startswith(("POST", "PATCH", "PUT"))}


MISLEADING = (
    " ",
    "a\0b",
    "a\nb",
    "\u202eb",
    "a" * 81,
    "pay\u0440al",
    "\u3164",
    "alter_key_app_" + "Example0" * 4,
)
SECRET = "alter_key_app_" + "Example0" * 4
SAYS_WHY = [line for line in BODIES if "reason" in BODIES[line] and "unarchive" not in line]
CHANGING: dict[str, dict[str, Any]] = {
    "POST /apps/<app_id>/keys/<key_id>/narrow": {"rate_limit_rpm": 1},
    "POST /apps/<app_id>/keys/<key_id>/widen": {"scopes": ["grants:read", "usage:read"]},
    "PATCH /policy": {"on_leaked_token": "revoke"},
    "PUT /apps/<app_id>/scopes/preset": {"preset": False, "even_in_use": True},
    "POST /apps/<app_id>/scopes/import": {"document": OPENAPI, "publish": True},
    "PUT /apps/<app_id>/scopes/<scope>": {"description": "Change orders"},
    "PUT /apps/<app_id>/scopes/resources/<resource>": {"description": "Money back"},
}
"""What makes a difference, where nothing said is nothing done."""
SILENT = (
    *("archive", "unarchive", "suspend", "resume", "deprecate", "undeprecate", "rotate", "revoke"),
    *("deactivate", "reactivate", "pause", "end", "remove", "restore"),
)
OPPOSITE = {
    "reactivate": "deactivate",
    "undeprecate": "deprecate",
    "resume": "suspend",
    "unarchive": "archive",
}


# ── values ──────────────────────────────────────────────────────────────────────────────────────────


@EVERY_BODY
def test_a_value_that_cannot_be_taken_is_named(place: Place, line: str) -> None:
    for field, kind in BODIES[line].items():
        for wrong in WRONG[kind]:
            answer = place.send(line, NEEDED.get(line, {}) | {field: wrong})
            assert error(answer) == (422, "validation_error"), (field, wrong)
            assert {name.split(".")[0] for name in fields(answer)} == {field}, (field, wrong)
    assert place.now() == place.before


def test_a_field_that_is_none_is_named(place: Place) -> None:
    for line in BODIES:
        answer = place.send(line, NEEDED.get(line, {}) | {"no_such_field": 1})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), ["no_such_field"]), line
    assert place.now() == place.before


@pytest.mark.parametrize("line", NEEDED)
def test_a_field_that_is_needed_is_asked_for(place: Place, line: str) -> None:
    answer = place.send(line, {})
    assert (error(answer), sorted(fields(answer))) == ((422, "validation_error"), sorted(NEEDED[line]))


@pytest.mark.parametrize("line", [line for line in BODIES if "name" in BODIES[line]])
def test_a_name_that_misleads_is_refused(place: Place, line: str) -> None:
    for name in MISLEADING:
        answer = place.send(line, NEEDED.get(line, {}) | {"name": name})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), ["name"]), repr(name)
    assert place.now() == place.before


@pytest.mark.parametrize("line", SAYS_WHY)
def test_a_reason_is_kept_as_it_is_sent_or_refused(place: Place, app: App, line: str) -> None:
    body = CHANGING.get(line) or NEEDED.get(line, {})
    place.prepare(line)
    before = place.now()
    for reason in ("a\0b", "a\nb", " a", "a ", "\u00a0a", f"a {SECRET}", "x" * 501, "a\u202eb", BROKEN):
        answer = place.send(line, body | {"reason": reason})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), ["reason"]), repr(reason)
    assert place.now() == before
    assert place.send(line, body | {"reason": "Gone, and \u00e4 \U0001f511."}).status_code in (200, 201)
    assert {event.reason for event in Event.objects.all()} >= {"Gone, and \u00e4 \U0001f511."}


@pytest.mark.parametrize("line", BODIES)
def test_no_text_is_trimmed(place: Place, line: str) -> None:
    for field in (name for name, kind in BODIES[line].items() if kind.startswith("text")):
        for text in (" x", "x ", "\u00a0x", "\tx", "x\n"):
            answer = place.send(line, NEEDED.get(line, {}) | {field: text})
            assert (error(answer), fields(answer)) == ((422, "validation_error"), [field]), (field, text)
    for field in ("scopes", "cidr_allowlist"):
        for text in ("", " grants:read", "203.0.113.0/24 ") if BODIES[line].get(field) == "list" else ():
            answer = place.send(line, NEEDED.get(line, {}) | {field: [text]})
            assert {name.split(".")[0] for name in fields(answer)} == {field}, (field, text)
    assert place.now() == place.before


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({"expires_in": "30d", "expires_at": "2100-01-01"}, "validation_error", "expires_at"),
        ({"expires_in": "30"}, "validation_error", "expires_in"),
        ({"expires_in": "0d"}, "validation_error", "expires_in"),
        ({"expires_in": "-5m"}, "validation_error", "expires_in"),
        ({"expires_in": "3651d"}, "validation_error", "expires_in"),
        ({"expires_in": "999999w"}, "validation_error", "expires_in"),
        ({"expires_in": "9999999999d"}, "validation_error", "expires_in"),
        ({"expires_in": "forever"}, "validation_error", "expires_in"),
        ({"expires_in": "3\0d"}, "validation_error", "expires_in"),
        ({"expires_at": "2020-01-01"}, "validation_error", "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59Z"}, "validation_error", "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "validation_error", "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "validation_error", "expires_at"),
        ({"expires_at": "2026-02-30"}, "validation_error", "expires_at"),
        ({"expires_at": "tomorrow"}, "validation_error", "expires_at"),
        ({"cidr_allowlist": ["0.0.0.0/0"]}, "invalid_cidr", "cidr_allowlist"),
        ({"cidr_allowlist": ["::/0"]}, "invalid_cidr", "cidr_allowlist"),
        ({"cidr_allowlist": ["0.0.0.0/1", "128.0.0.0/1"]}, "invalid_cidr", "cidr_allowlist"),
        ({"cidr_allowlist": ["203.0.113.0/33"]}, "invalid_cidr", "cidr_allowlist"),
        ({"cidr_allowlist": ["example.com"]}, "invalid_cidr", "cidr_allowlist"),
        ({"cidr_allowlist": ["203.0.113.0/24\0"]}, "invalid_cidr", "cidr_allowlist"),
        ({"scopes": ["grants:red"]}, "unknown_scope", "scopes"),
        ({"scopes": ["grants"]}, "invalid_scope", "scopes"),
        ({"scopes": ["grants:read\0"]}, "invalid_scope", "scopes"),
        ({"scopes": []}, "validation_error", "scopes"),
        ({"rate_limit_rpm": 0}, "validation_error", "rate_limit_rpm"),
        ({"rate_limit_rpm": 100_001}, "validation_error", "rate_limit_rpm"),
        ({"metadata": {"a": "\0"}}, "validation_error", "metadata"),
        ({"metadata": {"a": BROKEN}}, "validation_error", "metadata"),
        ({"metadata": {"a": "x" * 8200}}, "validation_error", "metadata"),
        ({"metadata": {"a": "alter_key_app_" + "Example0" * 4}}, "validation_error", "metadata"),
    ],
)
def test_a_key_is_not_minted_with(place: Place, wish: Any, code: str, field: str) -> None:
    line = "POST /apps/<app_id>/keys"
    answer = place.send(line, NEEDED[line] | wish)
    assert (error(answer), [name.split(".")[0] for name in fields(answer)]) == ((422, code), [field])
    assert place.now() == place.before


def test_several_flaws_are_told_together(place: Place) -> None:
    answer = place.send("POST /apps/<app_id>/keys", {"name": 7, "scopes": 7, "other": 7})
    assert sorted(fields(answer)) == ["name", "other", "scopes"]


def test_what_was_sent_is_not_told_back(place: Place) -> None:
    answer = place.send("POST /apps/<app_id>/keys", {"name": ["hunter2"], "scopes": {"hunter2": "hunter2"}})
    assert b"hunter2" not in answer.content


# ── whole bodies ────────────────────────────────────────────────────────────────────────────────────

DEEP = b'{"metadata":' + b"[" * 20_000 + b"]" * 20_000 + b"}"


NO_JSON = (
    b"{",
    b"x",
    b"{'name': 1}",
    b'{"name": NaN}',
    b'{"name": Infinity}',
    b'{"reason": "a", "reason": "b"}',
    b'{"metadata": {"a": 1, "a": 2}}',
    b'{"name": "\xff"}',
    '{"name": "a"}'.encode("utf-16"),
    b'\xef\xbb\xbf{"name": "a"}',
    DEEP,
    b"\0",
)
NO_OBJECT: tuple[Any, ...] = ([], [{}], "x", 7, True)


def test_what_is_no_json_or_not_in_one_way_is_refused(place: Place) -> None:
    for line in BODIES:
        for body in NO_JSON:
            assert error(place.send(line, body)) == (400, "invalid_json"), (line, body[:20])
    assert place.now() == place.before


def test_json_that_is_no_object_is_refused(place: Place) -> None:
    for line in BODIES:
        for body in NO_OBJECT:
            assert error(place.send(line, body)) == (422, "validation_error"), (line, body)
    assert place.now() == place.before


def test_a_mebibyte_is_too_much(place: Place) -> None:
    for line in BODIES:
        answer = place.send(line, b'{"reason": "' + b"a" * (1 << 20) + b'"}')
        assert error(answer) == (413, "payload_too_large"), line
    assert place.now() == place.before


def test_a_body_says_that_it_is_json(place: Place) -> None:
    for line in BODIES:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"):
            answer = place.send(line, b"{}", Content_Type=kind)
            assert error(answer) == (415, "unsupported_media_type"), (line, kind)
    assert place.now() == place.before


def test_json_may_say_its_encoding(place: Place) -> None:
    answer = place.send("PATCH /apps/<app_id>", b"{}", Content_Type="application/json; charset=utf-8")
    assert answer.status_code == 200


def test_what_ends_something_by_its_method_takes_no_body_either(by_admin: Program, app: App) -> None:
    for path in ("/me/token", f"/apps/{app.id}"):
        assert fields(by_admin.send("DELETE", path, {"reason": "x"})) == ["reason"], path
        assert error(by_admin.send("DELETE", path, b"x")) == (400, "invalid_json"), path


def test_a_change_that_says_nothing_changes_nothing(place: Place) -> None:
    for line in BODIES:
        if line.startswith("PATCH") or line.endswith(("/narrow", "/widen")):
            answer = place.send(line, {"reason": "x"} if line.endswith("/widen") else {})
            assert answer.status_code == (422 if line in NEEDED and "widen" not in line else 200), line
    assert place.now() == place.before


@pytest.mark.parametrize("line", [line for line in BODIES if line.rpartition("/")[2] in SILENT])
def test_where_nothing_has_to_be_said_nothing_may_be(place: Place, line: str) -> None:
    place.prepare(line)
    for body in (None, b"", b"null", b"{}"):
        with taken_back():
            assert place.send(line, body).status_code in (200, 201), body


# ── addresses and queries ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "HEAD", "TRACE", "DELETE"])
def test_a_method_that_is_not_there_is_refused_with_those_that_are(
    by_admin: Program, app: App, method: str
) -> None:
    answer = by_admin.send(method, f"/apps/{app.id}/keys")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/nothing",
        "/apps/",
        "//apps",
        "/apps/%00",
        "/apps/%ff/keys",
        "/me/",
        "/openapi.json/x",
        "/apps/../me",
    ],
)
def test_an_address_that_is_none_is_a_404_in_json(by_admin: Program, path: str) -> None:
    answer = by_admin.send("GET", path)
    assert answer.status_code == 404 and answer.json()["error"] in ("not_found", "app_not_found")


@pytest.mark.parametrize("name", ["search", "type", "provider", "status"])
def test_a_query_of_agents_that_cannot_be_is_named(app: App, by_developer: Program, name: str) -> None:
    for wrong in ("\0", "x" * 501):
        answer = by_developer.get(f"/apps/{app.id}/agents", **{name: wrong})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), [name])


@pytest.mark.parametrize("name", ["include_archived", "include_stats"])
def test_a_flag_is_true_or_false(by_admin: Program, name: str) -> None:
    for value in ("maybe", "2", "", "\0"):
        answer = by_admin.get("/apps", **{name: value})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), [name]), value


@pytest.mark.parametrize("name", ["expected_version", "grace_seconds"])
def test_a_number_in_a_query_is_one(place: Place, name: str) -> None:
    agent, app = place.known["agent_id"], place.known["app_id"]
    for value in ("-1", "x", "1.5", "9" * 30, "\0"):
        answer = place.program.patch(f"/apps/{app}/agents/{agent}", {"display_name": "x"}, **{name: value})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), [name]), value
    assert place.now() == place.before


def test_a_length_that_is_no_number_breaks_nothing(db: None) -> None:
    for length in ("x", "-1", "", "9" * 20):
        answer = Client().get("/api/v1/me", headers={}, CONTENT_LENGTH=length)
        assert answer.status_code in (401, 413)


def test_the_document_is_for_everyone_and_is_only_read(db: None, of: Of) -> None:
    assert Program("").send("GET", "/openapi.json").json()["openapi"].startswith("3.1")
    answer = Program("").send("POST", "/openapi.json", {})
    assert (error(answer), answer["Allow"]) == ((405, "method_not_allowed"), "GET")
