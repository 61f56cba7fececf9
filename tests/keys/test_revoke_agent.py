"""Revoking an agent: it ends with all its keys, whatever the guard says about the last one."""

from datetime import UTC, datetime

import pytest

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from core.clock import at
from keys import lifecycle
from tests.factories import minted
from tests.keys.asking import acts, again, ask, error, opened
from tests.keys.family import derived, parent_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def end(agent: Agent) -> Event:
    """The event of the agent's end."""
    return Event.objects.get(target_id=str(agent.id), action="agent.revoke")


def test_no_key_of_the_agent_passes_any_more(app: App, agent: Agent) -> None:
    parent, parent_secret = opened(parent_of(app, agent=agent))
    other_secret = minted(app, agent=agent).plaintext.take()
    child_secret = derived(parent).plaintext.take()
    lifecycle.revoke_agent(shell(), agent)

    assert [error(ask(secret))[1] for secret in (parent_secret, other_secret, child_secret)] == [
        "key_revoked",
        "key_revoked",
        "invalid_key",
    ]


def test_the_agent_is_revoked_and_of_a_new_version(agent: Agent) -> None:
    with at(NOON):
        lifecycle.revoke_agent(shell(), agent)

    agent.refresh_from_db()
    assert (agent.status, agent.revoked_at, agent.version) == ("revoked", NOON, 2)


def test_its_event_tells_why(agent: Agent) -> None:
    lifecycle.revoke_agent(shell(), agent, reason="retired")

    event = end(agent)
    assert (event.reason, event.changes, event.agent_name) == (
        "retired",
        {"status": ["active", "revoked"]},
        "refund-agent",
    )


def test_every_key_has_an_event_with_the_agents_end_as_its_cause(app: App, agent: Agent) -> None:
    parent = parent_of(app, agent=agent).key
    keys = [parent, minted(app, agent=agent).key, derived(parent).key]
    lifecycle.revoke_agent(shell(), agent, reason="retired")

    ends = [acts(key)[-1] for key in keys]
    assert {(event.action, event.cause_id, event.reason) for event in ends} == {
        ("key.revoke", end(agent).id, "retired")
    }


def test_keys_revoked_before_keep_their_date(app: App, agent: Agent) -> None:
    key = minted(app, agent=agent).key
    with at(NOON):
        lifecycle.revoke(shell(), key, force=True)
    lifecycle.revoke_agent(shell(), agent)

    assert (again(key).revoked_at, len(acts(key))) == (NOON, 2)


def test_other_keys_of_the_app_are_left_alone(app: App, agent: Agent) -> None:
    other = agents_lifecycle.create_agent(shell(), app, "other")
    secrets = [minted(app).plaintext.take(), minted(app, agent=other).plaintext.take()]
    lifecycle.revoke_agent(shell(), agent)

    assert [ask(secret).status_code for secret in secrets] == [200, 200]


def test_revoking_again_is_no_event(agent: Agent) -> None:
    lifecycle.revoke_agent(shell(), agent)
    lifecycle.revoke_agent(shell(), agent)

    assert end(agent)


def test_a_suspended_agent_can_be_revoked(agent: Agent) -> None:
    agents_lifecycle.suspend_agent(shell(), agent)
    lifecycle.revoke_agent(shell(), agent)

    agent.refresh_from_db()
    assert agent.status == "revoked"


@pytest.mark.parametrize("name", ["refund-agent"])
def test_its_name_is_free_again(app: App, agent: Agent, name: str) -> None:
    lifecycle.revoke_agent(shell(), agent)

    assert agents_lifecycle.create_agent(shell(), app, name).name == agent.name
