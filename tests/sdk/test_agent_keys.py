"""app.agents.mint_key, list_keys, deprecate_key, undeprecate_key, revoke_key: an agent's keys, through its app."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alter_sdk import AgentNotFoundError, BackendError, KeyNotFoundError, LastActiveKeyError
from alter_sdk.exceptions import AgentKeyLimitError, KeyAlreadyRevokedError, KeyRevokedError

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from core.clock import at
from keys import lifecycle
from keys.catalogue.builtin import AGENT_DEFAULT
from keys.models import ApiKey
from tests.factories import AgentFactory, minted
from tests.keys.asking import again, said
from tests.keys.family import derived
from tests.sdk.conftest import As, Connect, Run

Refused = Callable[..., Any]
NOWHERE = "00000000-0000-0000-0000-000000000000"


def key_of(agent: Agent, **choices: Any) -> ApiKey:
    """A key of `agent` that may derive."""
    return minted(agent.app, agent=agent, name="", scopes="keys:derive,grants:read", **choices).key


# ── mint and list ───────────────────────────────────────────────────────────────────────────────────


def test_a_minted_key_works(as_app: As, connect_agent: Connect, run: Run, agent: Agent) -> None:
    made = run(as_app().agents.mint_key(str(agent.id)))
    assert run(connect_agent(made.api_key).me()).id == agent.id


def test_a_minted_key_is_told_in_full(as_app: As, run: Run, agent: Agent) -> None:
    made = run(as_app().agents.mint_key(str(agent.id)))
    key = ApiKey.objects.get(id=made.key_id)
    assert (made.key_prefix, made.name, made.status) == (key.prefix, "refund-agent-1", "active")
    assert made.api_key.startswith(made.key_prefix)


def test_an_agents_keys_are_numbered(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app()
    names = [run(client.agents.mint_key(str(agent.id))).name for _ in range(3)]
    assert names == ["refund-agent-1", "refund-agent-2", "refund-agent-3"]


def test_an_agents_key_may_do_what_agents_keys_do(as_app: As, run: Run, agent: Agent) -> None:
    made = run(as_app(",".join(["agents:admin", *AGENT_DEFAULT])).agents.mint_key(str(agent.id)))
    assert sorted(ApiKey.objects.get(id=made.key_id).scopes) == sorted(AGENT_DEFAULT)


def test_no_agent_has_more_keys_than_its_app_allows(
    as_app: As, refused: Refused, app: App, agent: Agent
) -> None:
    client = as_app()
    agents_lifecycle.update_app(shell(), app, max_keys_per_agent=1)
    key_of(agent)
    refused(AgentKeyLimitError, client.agents.mint_key(str(agent.id)))


def test_a_revoked_key_makes_room(as_app: As, run: Run, app: App, agent: Agent) -> None:
    client = as_app()
    agents_lifecycle.update_app(shell(), app, max_keys_per_agent=1)
    lifecycle.revoke(shell(), key_of(agent), force=True)
    assert run(client.agents.mint_key(str(agent.id))).status == "active"


def test_the_apps_own_limit_holds_for_agents_keys(
    as_app: As, refused: Refused, app: App, agent: Agent
) -> None:
    client = as_app()
    agents_lifecycle.update_app(shell(), app, max_keys=1)
    refused(BackendError, client.agents.mint_key(str(agent.id)), "key_limit_reached")


def test_keys_are_listed_oldest_first_revoked_ones_included(as_app: As, run: Run, agent: Agent) -> None:
    keys = [key_of(agent) for _ in range(3)]
    lifecycle.revoke(shell(), keys[1])
    listed = run(as_app().agents.list_keys(str(agent.id)))
    assert [(key.key_id, key.status) for key in listed.items] == [
        (keys[0].id, "active"),
        (keys[1].id, "revoked"),
        (keys[2].id, "active"),
    ]


def test_a_revoked_agents_keys_are_listed(as_app: As, run: Run, agent: Agent) -> None:
    key_of(agent)
    lifecycle.revoke_agent(shell(), agent)
    assert [key.status for key in run(as_app().agents.list_keys(str(agent.id))).items] == ["revoked"]


def test_an_agent_without_keys_has_an_empty_list(as_app: As, run: Run, agent: Agent) -> None:
    assert run(as_app().agents.list_keys(str(agent.id))).items == []


def test_derived_keys_are_not_listed(as_app: As, run: Run, agent: Agent) -> None:
    parent = key_of(agent)
    derived(parent)
    keys = run(as_app().agents.list_keys(str(agent.id)))
    assert [key.key_id for key in keys.items] == [parent.id]


def test_a_listed_key_tells_when_it_last_called(as_app: As, as_agent: As, run: Run, agent: Agent) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    run(as_agent().me())
    keys = run(as_app().agents.list_keys(str(agent.id)))
    assert keys.items[0].last_used_at >= before


# ── deprecate ───────────────────────────────────────────────────────────────────────────────────────


def test_a_deprecated_key_is_told_so(as_app: As, run: Run, agent: Agent) -> None:
    key = key_of(agent)
    assert run(as_app().agents.deprecate_key(str(agent.id), str(key.id))).status == "deprecated"


def test_a_key_is_deprecated_once(as_app: As, run: Run, agent: Agent) -> None:
    client, key = as_app(), key_of(agent)
    first = run(client.agents.deprecate_key(str(agent.id), str(key.id)))
    second = run(client.agents.deprecate_key(str(agent.id), str(key.id)))
    assert (second.deprecated_at, said(key)) == (first.deprecated_at, ["key.mint", "key.deprecate"])


def test_the_mark_is_taken_away(as_app: As, run: Run, agent: Agent) -> None:
    client, key = as_app(), key_of(agent)
    run(client.agents.deprecate_key(str(agent.id), str(key.id)))
    assert run(client.agents.undeprecate_key(str(agent.id), str(key.id))).status == "active"


def test_a_key_without_the_mark_loses_nothing(as_app: As, run: Run, agent: Agent) -> None:
    key = key_of(agent)
    assert run(as_app().agents.undeprecate_key(str(agent.id), str(key.id))).deprecated_at is None
    assert said(key) == ["key.mint"]


def test_to_take_the_mark_away_during_grace_cancels_the_rotation(as_app: As, run: Run, agent: Agent) -> None:
    key = key_of(agent)
    successor = lifecycle.rotate(shell(), key).key
    as_wide = as_app("agents:admin,keys:derive,grants:read")
    run(as_wide.agents.undeprecate_key(str(agent.id), str(key.id)))
    assert (again(key).status, again(successor).status) == ("active", "active")


@pytest.mark.parametrize("change", ["deprecate_key", "undeprecate_key"])
def test_a_revoked_key_is_in_its_final_state(as_app: As, refused: Refused, agent: Agent, change: str) -> None:
    client, key = as_app(), key_of(agent)
    lifecycle.revoke(shell(), key, force=True)
    refused(KeyAlreadyRevokedError, getattr(client.agents, change)(str(agent.id), str(key.id)))


# ── revoke ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_revoked_key_is_told_so(as_app: As, run: Run, agent: Agent) -> None:
    key, _ = key_of(agent), key_of(agent)
    assert run(as_app().agents.revoke_key(str(agent.id), str(key.id))).status == "revoked"


def test_a_revoked_key_is_refused_at_its_next_call(
    as_app: As, as_agent: As, run: Run, refused: Refused, agent: Agent
) -> None:
    workload, key = as_agent(), ApiKey.objects.get()
    key_of(agent)
    run(as_app().agents.revoke_key(str(agent.id), str(key.id)))
    refused(KeyRevokedError, workload.me())


def test_the_last_active_key_stays(as_app: As, refused: Refused, agent: Agent) -> None:
    key = key_of(agent)
    error = refused(LastActiveKeyError, as_app().agents.revoke_key(str(agent.id), str(key.id)))
    assert again(key).status == "active"
    assert "force" in error.hint


def test_the_last_active_key_is_revoked_by_force(as_app: As, run: Run, agent: Agent) -> None:
    key = key_of(agent)
    result = run(as_app().agents.revoke_key(str(agent.id), str(key.id), force=True))
    assert result.status == "revoked"


def test_a_deprecated_key_counts_as_active(as_app: As, run: Run, agent: Agent) -> None:
    key, other = key_of(agent), key_of(agent)
    lifecycle.deprecate(shell(), other)
    assert run(as_app().agents.revoke_key(str(agent.id), str(key.id))).status == "revoked"


def test_an_expired_key_does_not_count_as_active(as_app: As, refused: Refused, agent: Agent) -> None:
    key, now = key_of(agent), datetime.now(UTC)
    with at(now - timedelta(hours=2)):
        key_of(agent, expires_at=now - timedelta(hours=1))
    refused(LastActiveKeyError, as_app().agents.revoke_key(str(agent.id), str(key.id)))


def test_a_derived_key_does_not_count_as_active(as_app: As, refused: Refused, agent: Agent) -> None:
    key = key_of(agent)
    derived(key)
    refused(LastActiveKeyError, as_app().agents.revoke_key(str(agent.id), str(key.id)))


def test_a_key_whose_grace_is_over_does_not_count_as_active(
    as_app: As, refused: Refused, agent: Agent
) -> None:
    successor = lifecycle.rotate(shell(), key_of(agent), grace=timedelta(0)).key
    refused(LastActiveKeyError, as_app().agents.revoke_key(str(agent.id), str(successor.id)))


def test_a_key_is_revoked_once(as_app: As, run: Run, agent: Agent) -> None:
    client, key, _ = as_app(), key_of(agent), key_of(agent)
    first = run(client.agents.revoke_key(str(agent.id), str(key.id)))
    assert run(client.agents.revoke_key(str(agent.id), str(key.id))) == first
    assert said(key) == ["key.mint", "key.revoke"]


def test_what_was_derived_from_a_key_ends_with_it(as_app: As, run: Run, agent: Agent) -> None:
    key, _ = key_of(agent), key_of(agent)
    child = derived(key).key
    run(as_app().agents.revoke_key(str(agent.id), str(key.id)))
    assert Event.objects.get(key_id=child.id, action="key.revoke").cause_id is not None


# ── whose ───────────────────────────────────────────────────────────────────────────────────────────

ON_KEYS = ["deprecate_key", "undeprecate_key", "revoke_key"]


@pytest.mark.parametrize("change", ON_KEYS)
@pytest.mark.parametrize("id", [NOWHERE, "none", "a b"])
def test_a_key_that_never_was_is_not_found(
    as_app: As, refused: Refused, agent: Agent, change: str, id: str
) -> None:
    client = as_app()
    refused(KeyNotFoundError, getattr(client.agents, change)(str(agent.id), id), "key_not_found")


@pytest.mark.parametrize("change", ON_KEYS)
def test_an_id_with_a_slash_leads_nowhere(as_app: As, refused: Refused, agent: Agent, change: str) -> None:
    client = as_app()
    refused(BackendError, getattr(client.agents, change)(str(agent.id), "../.."), "not_found")


@pytest.mark.parametrize("change", ON_KEYS)
def test_another_agents_key_is_not_found(
    as_app: As, refused: Refused, app: App, agent: Agent, change: str
) -> None:
    client, key = as_app(), key_of(AgentFactory.create(app=app))
    refused(KeyNotFoundError, getattr(client.agents, change)(str(agent.id), str(key.id)))
    assert again(key).status == "active"


@pytest.mark.parametrize("change", ON_KEYS)
def test_another_apps_key_is_as_one_that_never_was(
    as_app: As, refused: Refused, other_app: App, change: str
) -> None:
    client, stranger = as_app(), AgentFactory.create(app=other_app)
    key = key_of(stranger)
    there = refused(AgentNotFoundError, getattr(client.agents, change)(str(stranger.id), str(key.id)))
    nowhere = refused(AgentNotFoundError, getattr(client.agents, change)(NOWHERE, NOWHERE))
    assert (there.details, again(key).status) == (nowhere.details, "active")


@pytest.mark.parametrize("ask", ["mint_key", "list_keys"])
def test_another_apps_agent_has_no_keys_here(as_app: As, refused: Refused, other_app: App, ask: str) -> None:
    client, stranger = as_app(), AgentFactory.create(app=other_app)
    refused(AgentNotFoundError, getattr(client.agents, ask)(str(stranger.id)))
    assert not ApiKey.objects.filter(agent=stranger).exists()
