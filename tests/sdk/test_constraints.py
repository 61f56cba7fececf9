"""with_constraints(): a client that may do less than its key. It is bound to a name: its namespaces hold it weakly."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from alter_sdk import BackendError, InsufficientScopeError, PolicyViolationError
from alter_sdk.exceptions import AgentCannotMintSubagentsError

from agents.models import Agent, App
from audit.models import Event
from keys.models import ApiKey
from tests.factories import minted
from tests.keys.asking import opened
from tests.sdk import raw
from tests.sdk.conftest import As, Connect, Run

Refused = Callable[..., Any]
RULE = {"rule_type": "json_match", "rule_body": {"when": {"method": "POST"}, "effect": "deny"}}


def test_a_narrowed_client_may_do_what_it_kept(as_app: As, run: Run) -> None:
    narrowed = as_app("agents:admin").with_constraints(scopes=["agents:read"])
    assert run(narrowed.agents.list()).total == 0


def test_a_narrowed_client_may_do_no_more(as_app: As, refused: Refused) -> None:
    narrowed = as_app("agents:admin").with_constraints(scopes=["agents:read"])
    error = refused(InsufficientScopeError, narrowed.agents.create(name="bot", scopes={}))
    assert (error.granted, error.missing) == (["agents:read"], ["agents:write"])


def test_the_client_it_came_from_keeps_what_it_had(as_app: As, run: Run) -> None:
    client = as_app("agents:admin")
    narrowed = client.with_constraints(scopes=["agents:read"])
    run(narrowed.agents.list())
    assert run(client.agents.create(name="bot", scopes={})).api_key


def test_a_client_may_be_narrowed_to_one_agent(as_app: As, run: Run, refused: Refused, agent: Agent) -> None:
    narrowed = as_app("agents:admin").with_constraints(scopes=[f"agents:read:{agent.id}"])
    assert run(narrowed.agents.get(str(agent.id))).id == agent.id
    refused(InsufficientScopeError, narrowed.agents.list())


@pytest.mark.parametrize("route", ["agents", "keys"])
@pytest.mark.parametrize("scope", ["agents:admin", "keys:derive", "agents:read", "cats:read", "cats:purr"])
def test_a_constraint_that_allows_more_is_refused(
    as_app: As, refused: Refused, scope: str, route: str
) -> None:
    narrowed = as_app("grants:read").with_constraints(scopes=["grants:read", scope])
    ask = narrowed.agents.list() if route == "agents" else narrowed.scopes.list()
    error = refused(BackendError, ask, "constraint_not_narrowing")
    assert error.details["missing"] == [scope]


def test_a_constraint_on_every_agent_allows_more_than_a_key_for_one(
    as_app: As, refused: Refused, agent: Agent
) -> None:
    narrowed = as_app(f"agents:read:{agent.id}").with_constraints(scopes=["agents:read"])
    refused(BackendError, narrowed.agents.get(str(agent.id)), "constraint_not_narrowing")


def test_a_call_with_too_wide_a_constraint_does_nothing(as_app: As, refused: Refused) -> None:
    narrowed = as_app("agents:write").with_constraints(scopes=["agents:admin"])
    refused(BackendError, narrowed.agents.create(name="bot", scopes={}), "constraint_not_narrowing")
    assert not Agent.objects.exists()


@pytest.mark.parametrize("scope", ["agents", "agents:read:", "Agents:Read", "agents:*", "a b:read"])
def test_a_constraint_that_is_no_scope_is_refused(as_app: As, refused: Refused, scope: str) -> None:
    narrowed = as_app("agents:admin").with_constraints(scopes=["agents:read", scope])
    refused(BackendError, narrowed.agents.list(), "invalid_scope_constraint")


@pytest.mark.parametrize(
    "header", ["*", ",", "agents:read,", "agents:read, grants:read", ",".join(["agents:read"] * 101)]
)
def test_a_header_that_is_no_list_of_scopes_is_refused(app: App, header: str) -> None:
    secret = minted(app, scopes="agents:admin").plaintext.take()
    answer = raw.call(secret, "GET", "/sdk/agents", X_Alter_Scope_Constraints=header)
    assert raw.error(answer) == (400, "invalid_scope_constraint")


def test_a_narrowed_client_derives_within_its_constraint(as_app: As, run: Run, refused: Refused) -> None:
    narrowed = as_app("keys:derive,grants:write").with_constraints(scopes=["keys:derive", "grants:read"])
    made = run(narrowed.keys.derive(scopes=["grants:read"], expires_in=9))
    assert made.scopes == ["grants:read"]
    refused(BackendError, narrowed.keys.derive(scopes=["grants:write"], expires_in=9), "scope_not_subset")


def test_a_narrowed_client_does_not_rotate_its_key_into_a_stronger_one(
    connect: Connect, refused: Refused, app: App
) -> None:
    key, secret = opened(minted(app, scopes="keys:admin,grants:read"))
    narrowed = connect(secret).with_constraints(scopes=["keys:admin"])
    refused(PolicyViolationError, narrowed.keys.rotate(key_id=key.id), "key_escalation_refused")


def test_constraints_make_no_key(as_app: As, run: Run) -> None:
    narrowed = as_app("agents:admin").with_constraints(scopes=["agents:read"])
    run(narrowed.agents.list())
    assert (ApiKey.objects.count(), Event.objects.filter(action="key.mint").count()) == (1, 1)


def test_a_narrowed_agents_key_still_manages_no_agents(
    connect: Connect, refused: Refused, agent: Agent
) -> None:
    client = connect(minted(agent.app, agent=agent, scopes="agents:admin").plaintext.take())
    narrowed = client.with_constraints(scopes=["agents:read"])
    refused(AgentCannotMintSubagentsError, narrowed.agents.list())


# ── rules ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_is_carried_and_has_nothing_to_deny_here(as_app: As, run: Run) -> None:
    narrowed = as_app("agents:admin").with_constraints(scopes=["agents:write"], rule=RULE)
    assert run(narrowed.agents.create(name="bot", scopes={})).api_key


@pytest.mark.parametrize(
    "rule",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"rule_type":1,"rule_body":{}}',
        b'{"rule_type":"a","rule_body":[]}',
        b"[" * 3000,
        b"\xff\xfe",
    ],
    ids=lambda rule: repr(rule[:12]),
)
def test_a_rule_that_is_none_is_refused(app: App, rule: bytes) -> None:
    header = base64.urlsafe_b64encode(rule).rstrip(b"=").decode()
    answer = raw.call(minted(app).plaintext.take(), "GET", "/sdk/scopes", X_Alter_Request_Rule=header)
    assert raw.error(answer) == (400, "invalid_request_rule")


@pytest.mark.parametrize("header", ["!", "e30=", "a", "A" * 4097, "\xe9", "+/+/"])
def test_a_rule_that_is_no_base64url_is_refused(app: App, header: str) -> None:
    answer = raw.call(minted(app).plaintext.take(), "GET", "/sdk/scopes", X_Alter_Request_Rule=header)
    assert raw.error(answer) == (400, "invalid_request_rule")
