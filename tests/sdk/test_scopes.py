"""scopes.list(), what each call of the client needs to hold, and what it is told if it does not."""

from collections.abc import Callable
from typing import Any

import pytest
from alter_sdk import InsufficientScopeError
from alter_sdk.spans import UserSpan

from agents.models import Agent, App
from keys.catalogue.builtin import DEFAULT, LEVELS
from keys.models import ApiKey
from tests.factories import AgentFactory, minted
from tests.sdk.conftest import As, Connect, Run

Refused = Callable[..., Any]
SPAN = UserSpan.model_validate({"trace_id": "t", "name": "plan", "start_time": "2026-06-01T12:00:00Z"})


def test_the_catalogue_has_the_tiers_of_each_resource(as_app: As, run: Run) -> None:
    catalogue = run(as_app("grants:read").scopes.list())
    assert {name: resource.verbs for name, resource in catalogue.resources.items()} == dict.fromkeys(
        [resource.name for resource in DEFAULT.resources], ["read", "write", "admin"]
    )


def test_the_catalogue_has_the_actions_in_full(as_app: As, run: Run) -> None:
    catalogue = run(as_app("grants:read").scopes.list())
    assert (catalogue.scope_version, catalogue.deprecated) == (1, [])
    assert {"keys:derive", "spans:emit", "tokens:retrieve"} <= set(catalogue.action_verbs)


Ask = Callable[[Any, str, str], Any]
NEEDS: dict[str, tuple[str, Ask]] = {
    "list": ("agents:read", lambda c, agent, key: c.agents.list()),
    "get": ("agents:read", lambda c, agent, key: c.agents.get(agent)),
    "get_by_name": ("agents:read", lambda c, agent, key: c.agents.get_by_name("bot")),
    "list_keys": ("agents:read", lambda c, agent, key: c.agents.list_keys(agent)),
    "create": ("agents:write", lambda c, agent, key: c.agents.create(name="bot", scopes={})),
    "update": ("agents:write", lambda c, agent, key: c.agents.update(agent, display_name="New")),
    "suspend": ("agents:write", lambda c, agent, key: c.agents.suspend(agent)),
    "resume": ("agents:write", lambda c, agent, key: c.agents.resume(agent)),
    "delete": ("agents:write", lambda c, agent, key: c.agents.delete(agent)),
    "mint_key": ("agents:admin", lambda c, agent, key: c.agents.mint_key(agent)),
    "deprecate_key": ("agents:admin", lambda c, agent, key: c.agents.deprecate_key(agent, key)),
    "undeprecate_key": ("agents:admin", lambda c, agent, key: c.agents.undeprecate_key(agent, key)),
    "revoke_key": ("agents:admin", lambda c, agent, key: c.agents.revoke_key(agent, key, force=True)),
    "derive": ("keys:derive", lambda c, agent, key: c.keys.derive(scopes=["grants:read"], expires_in=9)),
    "rotate": ("keys:admin", lambda c, agent, key: c.keys.rotate(key_id=key)),
    "revoke": ("keys:admin", lambda c, agent, key: c.keys.revoke(key_id=key, force=True)),
    "emit": ("spans:emit", lambda c, agent, key: c.spans.emit([SPAN])),
}
EACH = pytest.mark.parametrize(("needed", "ask"), NEEDS.values(), ids=NEEDS)
ON_ONE = [
    n for n, (needed, _) in NEEDS.items() if "agents" in needed and n not in ("list", "get_by_name", "create")
]


@pytest.fixture
def key(agent: Agent) -> ApiKey:
    """A key of `agent`."""
    return minted(agent.app, agent=agent).key


def all_but(needed: str) -> str:
    """Every scope there is that does not cover `needed`."""
    held = DEFAULT.parse(DEFAULT.highest())
    lacking = [scope for scope in held if not scope.covers(DEFAULT.parse_scope(needed))]
    resource, verb = needed.split(":")
    lower = LEVELS[: LEVELS.index(verb)][-1:] if verb in LEVELS else ()
    return ",".join([*map(str, lacking), *(f"{resource}:{tier}" for tier in lower)])


@EACH
def test_a_call_passes_with_what_it_needs(
    as_app: As, run: Run, agent: Agent, key: ApiKey, needed: str, ask: Ask
) -> None:
    run(ask(as_app(f"{needed},grants:read"), str(agent.id), str(key.id)))


@EACH
def test_a_call_does_not_pass_with_everything_else(
    as_app: As, refused: Refused, agent: Agent, key: ApiKey, needed: str, ask: Ask
) -> None:
    client = as_app(all_but(needed))
    error = refused(InsufficientScopeError, ask(client, str(agent.id), str(key.id)))
    assert (error.required, error.missing) == ([needed], [needed])


@pytest.mark.parametrize("route", ["agents", "keys"])
def test_a_call_that_lacks_a_scope_is_told_all_about_it(as_app: As, refused: Refused, route: str) -> None:
    client = as_app("grants:read,usage:read")
    ask = client.agents.list() if route == "agents" else client.keys.revoke(key_id="any")
    error = refused(InsufficientScopeError, ask)
    needed = "agents:read" if route == "agents" else "keys:admin"
    assert (error.required, error.granted, error.missing) == (
        [needed],
        ["grants:read", "usage:read"],
        [needed],
    )
    assert (error.scope_version, error.current_scope_version, error.scope_version_mismatch) == (1, 1, False)
    assert (error.required_any_of, error.documentation_url) == (False, None)


@pytest.mark.parametrize("name", ON_ONE)
def test_a_scope_for_one_agent_does_for_calls_about_it(
    as_app: As, run: Run, agent: Agent, key: ApiKey, name: str
) -> None:
    needed, ask = NEEDS[name]
    run(ask(as_app(f"{needed}:{agent.id},grants:read"), str(agent.id), str(key.id)))


def test_a_scope_for_one_agent_does_not_for_another(
    as_app: As, refused: Refused, app: App, agent: Agent
) -> None:
    client, other = as_app(f"agents:admin:{agent.id}"), AgentFactory.create(app=app)
    error = refused(InsufficientScopeError, client.agents.get(str(other.id)))
    assert (error.missing, error.granted) == (["agents:read"], [f"agents:admin:{agent.id}"])


@pytest.mark.parametrize("name", ["list", "create", "get_by_name"])
def test_a_scope_for_one_agent_does_not_for_all(
    as_app: As, refused: Refused, agent: Agent, name: str
) -> None:
    client = as_app(f"agents:admin:{agent.id}")
    refused(InsufficientScopeError, NEEDS[name][1](client, "", ""))


@pytest.mark.parametrize("name", ["rotate", "revoke"])
def test_a_scope_for_one_key_does_for_calls_about_it(as_app: As, run: Run, app: App, name: str) -> None:
    key = minted(app, scopes="grants:read").key
    run(NEEDS[name][1](as_app(f"keys:admin:{key.id},grants:read"), "", str(key.id)))


@pytest.mark.parametrize("name", ["rotate", "revoke"])
def test_a_scope_for_one_key_does_not_for_another(
    as_app: As, refused: Refused, app: App, key: ApiKey, name: str
) -> None:
    client = as_app(f"keys:admin:{key.id},grants:read")
    refused(InsufficientScopeError, NEEDS[name][1](client, "", str(minted(app).key.id)))


def test_what_needs_no_scope_passes_with_any(connect_agent: Connect, run: Run, agent: Agent) -> None:
    client = connect_agent(minted(agent.app, agent=agent, scopes="usage:read").plaintext.take())
    assert run(client.scopes.list()) and run(client.me()) and run(client.resolve_identity())
