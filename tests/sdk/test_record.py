"""Every call to /sdk is on record, once, with whose it was and what came of it; no secret is, anywhere."""

import json
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Call, Event
from keys import lifecycle
from keys.models import ApiKey
from tests.factories import minted
from tests.keys.asking import UNKNOWN, call, opened
from tests.sdk import raw
from tests.sdk.conftest import AGENT_SCOPES, As, Run

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def key(app: App) -> tuple[ApiKey, str]:
    """A key that may do much."""
    return opened(minted(app, scopes="agents:admin,keys:admin,keys:derive,grants:read", rate_limit_rpm=9))


def test_a_call_is_recorded_with_its_key(key: tuple[ApiKey, str]) -> None:
    raw.call(key[1], "GET", "/sdk/agents?name=bot")
    response = call()
    assert (response.key_id, response.key_prefix, response.key_name, response.app_id) == (
        key[0].id,
        key[0].prefix,
        key[0].name,
        key[0].app_id,
    )


def test_a_call_is_recorded_with_what_it_was(key: tuple[ApiKey, str]) -> None:
    raw.call(key[1], "GET", "/sdk/agents?name=bot", User_Agent="worker/1", X_Request_ID="req-7")
    response = call()
    assert (
        response.via,
        response.method,
        response.path,
        response.ip,
        response.user_agent,
        response.request_id,
    ) == (
        "sdk",
        "GET",
        "/sdk/agents",
        "127.0.0.1",
        "worker/1",
        "req-7",
    )
    assert (response.allowed, response.status, response.code, response.check_failed, response.scopes) == (
        True,
        200,
        "",
        "",
        "agents:read",
    )


def test_a_creation_is_recorded_as_one(key: tuple[ApiKey, str]) -> None:
    raw.call(key[1], "POST", "/sdk/agents", {"name": "bot"})
    assert (call().status, call().allowed) == (201, True)


def test_a_call_is_recorded_with_its_caller(key: tuple[ApiKey, str]) -> None:
    answer = raw.call(
        key[1],
        "GET",
        "/sdk/scopes",
        X_Alter_Caller="worker",
        X_Alter_Caller_Type="service",
        X_Alter_Context='{"run_id":"run-1"}',
        traceparent=f"00-{TRACE}-b7ad6b7169203331-01",
    )
    response = call()
    assert (response.caller, response.caller_type, response.context, response.trace_id) == (
        "worker",
        "service",
        {"run_id": "run-1"},
        TRACE,
    )
    assert str(response.caller_id) == answer["X-Alter-Actor-ID"]


def test_a_call_of_an_agents_key_is_recorded_as_the_agents(agent: Agent) -> None:
    raw.call(minted(agent.app, agent=agent).plaintext.take(), "GET", "/sdk/agents/me")
    assert (call().agent_id, call().agent_name) == (agent.id, agent.name)


def test_an_answer_names_its_call(key: tuple[ApiKey, str]) -> None:
    answer = raw.call(key[1], "GET", "/sdk/scopes")
    assert answer["X-Request-Id"] == call().request_id


REFUSALS: list[tuple[str, str, Any, int, str, str]] = [
    ("GET", "/sdk/spans", b"", 405, "method_not_allowed", "act"),
    ("GET", "/sdk/nothing", b"", 404, "not_found", "act"),
    ("GET", "/sdk/agents/none", b"", 404, "agent_not_found", "act"),
    ("GET", "/sdk/agents?limit=0", b"", 422, "validation_error", "act"),
    ("POST", "/sdk/spans", {"spans": []}, 403, "insufficient_scope", "scope"),
    ("POST", "/sdk/agents", b"{", 400, "invalid_json", "act"),
    (
        "POST",
        "/sdk/keys/derive",
        {"scopes": ["agents:read", "x"], "expires_in": 9},
        422,
        "invalid_scope",
        "act",
    ),
    ("GET", f"/sdk/agents?name={UNKNOWN}", b"", 400, "key_in_url", "question"),
    ("POST", "/sdk/agents", b" " * 65_537, 413, "payload_too_large", "question"),
]


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "code", "check"), REFUSALS, ids=[one[4] for one in REFUSALS]
)
def test_a_refusal_of_a_known_key_is_recorded_with_its_reason(
    key: tuple[ApiKey, str], method: str, target: str, body: Any, status: int, code: str, check: str
) -> None:
    answer = raw.call(key[1], method, target, body)
    response = call()
    assert raw.error(answer) == (status, code)
    assert (response.key_id, response.allowed, response.status, response.code, response.check_failed) == (
        key[0].id,
        False,
        status,
        code,
        check,
    )


@pytest.mark.parametrize(
    ("headers", "code", "check"),
    [
        ({"X-Alter-Signature": "0" * 64}, "invalid_signature", "signature"),
        ({"X-Alter-Signature": ""}, "signature_required", "signature"),
    ],
)
def test_a_forged_call_is_recorded_with_the_key_it_used(
    key: tuple[ApiKey, str], headers: raw.Headers, code: str, check: str
) -> None:
    raw.send("GET", "/sdk/scopes", headers=raw.sign(key[1], "GET", "/sdk/scopes") | headers)
    assert (call().key_id, call().code, call().check_failed) == (key[0].id, code, check)


def test_what_a_forged_call_says_of_its_caller_is_not_recorded(key: tuple[ApiKey, str]) -> None:
    told = {"X-Alter-Caller": "someone else", "X-Alter-Context": '{"run_id":"x"}'}
    raw.send("GET", "/sdk/scopes", headers=raw.sign(key[1], "GET", "/sdk/scopes") | told)
    assert (call().caller, call().context) == ("", {})


def test_a_repeated_call_is_recorded_each_time(key: tuple[ApiKey, str]) -> None:
    headers = raw.sign(key[1], "GET", "/sdk/scopes")
    for _ in range(2):
        raw.send("GET", "/sdk/scopes", headers=headers)
    assert list(Call.objects.order_by("id").values_list("code", flat=True)) == ["", "nonce_replayed"]


@pytest.mark.parametrize("how", ["revoked", "suspended", "too often", "constraint", "caller"])
def test_whatever_stops_a_known_key_is_recorded(agent: Agent, how: str) -> None:
    key, secret = opened(minted(agent.app, agent=agent, rate_limit_rpm=1))
    told = {"constraint": {"X_Alter_Scope_Constraints": "*"}, "caller": {"X_Alter_Caller": str(key.id)}}
    if how == "revoked":
        lifecycle.revoke(shell(), key, force=True)
    if how == "suspended":
        agents_lifecycle.suspend_agent(shell(), agent)
    if how == "too often":
        raw.call(secret, "GET", "/sdk/scopes")
    raw.call(secret, "GET", "/sdk/scopes", **told.get(how, {}))
    checks = {"revoked": "not revoked", "suspended": "agent active", "too often": "throttle"}
    last = Call.objects.latest("id")
    assert (last.key_id, last.allowed, last.check_failed) == (
        key.id,
        False,
        checks.get(how, "constraints" if how == "constraint" else how),
    )


def test_an_unknown_key_is_recorded_by_its_prefix(db: None) -> None:
    raw.call(UNKNOWN, "GET", "/sdk/scopes")
    assert (call().key_id, call().key_prefix, call().code) == (None, UNKNOWN[:22], "invalid_key")


def test_a_call_without_a_key_to_nowhere_is_not_recorded(db: None) -> None:
    assert raw.error(raw.send("GET", "/sdk/nothing")) == (404, "not_found")
    assert not Call.objects.exists()


def test_an_act_that_fails_leaves_no_event(key: tuple[ApiKey, str], agent: Agent) -> None:
    before = Event.objects.count()
    raw.call(key[1], "POST", "/sdk/agents", {"name": agent.name})
    assert (Event.objects.count(), call().code) == (before, "agent_name_exists")


def test_an_act_is_recorded_with_the_key_that_did_it(key: tuple[ApiKey, str]) -> None:
    raw.call(key[1], "POST", "/sdk/agents", {"name": "bot"}, X_Request_ID="req-7")
    event = Event.objects.get(action="agent.create")
    assert (event.actor_kind, event.actor_id, event.via, event.request_id) == (
        "key",
        str(key[0].id),
        "sdk",
        "req-7",
    )
    assert key[0].prefix in event.actor_label


def everything() -> str:
    """All that the database holds, as one text."""
    held: list[str] = []
    for model in apps.get_models(include_auto_created=True):
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            held += [json.dumps(row, default=_shown) for row in cursor.fetchall()]
    return "\n".join(held)


def _shown(value: Any) -> str:
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)


def test_no_secret_is_kept_anywhere(as_app: As, connect_agent: Any, run: Run, app: App) -> None:
    key, own = opened(minted(app, scopes=f"agents:admin,{AGENT_SCOPES}"))
    other = minted(app).key
    client = as_app(f"agents:admin,{AGENT_SCOPES}")
    agent = run(client.agents.create(name="bot", scopes={}))
    second = run(client.agents.mint_key(str(agent.id)))
    derived = run(connect_agent(agent.api_key).keys.derive(scopes=["grants:read"], expires_in=9))
    rotated = raw.call(own, "POST", f"/sdk/keys/{other.id}/rotate", {}).json()
    for told in ({"X_Alter_Caller": own}, {"User_Agent": own}, {"X_Request_ID": own}, {"traceparent": own}):
        raw.call(own, "GET", "/sdk/scopes", **told)
    raw.call(own, "GET", f"/sdk/agents/{own}")
    raw.call(own, "GET", f"/sdk/agents?name={own}")
    raw.call(own, "POST", "/sdk/agents", {"name": own, own: own})
    raw.call(own, "POST", "/sdk/agents", {"name": "bot-2"}, Idempotency_Key=own)

    held = everything()
    for secret in (own, agent.api_key, second.api_key, derived.api_key, rotated["api_key"]):
        assert secret not in held
        assert secret[-20:] not in held
    assert key.prefix in held
