"""An agent's page: what the agent carries, as people read it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from agents.lifecycle import suspend_agent, update_agent
from agents.models import Agent
from audit.actors import shell
from core import clock
from portal.models import User
from tests.audit.reading import text
from tests.audit.records import NOON

Read = Callable[[], str]
MORE = {"slack": ["channels:read", "chat:write"]}


@pytest.fixture
def read(agent: Agent, developer: User, signed_in: Callable[[User], Client]) -> Read:
    """`read()`: the agent's page in words, as a developer sees it."""
    client = signed_in(developer)
    return lambda: text(client.get(reverse("agent", args=[agent.app_id, agent.id])))


def narrow(agent: Agent, hours: int) -> None:
    """Take `chat:write` away from an agent, in some hours."""
    update_agent(shell(), agent, scopes=MORE)
    update_agent(shell(), agent, scopes={"slack": ["channels:read"]}, grace=timedelta(hours=hours))


def test_an_agent_that_carries_nothing_shows_no_empty_facts(read: Read) -> None:
    shown = read()
    assert "Revision1" in shown
    assert not [
        title for title in ("Provider scopes", "Scopes to be removed", "Policy", "Metadata") if title in shown
    ]


def test_its_documents_are_readable(agent: Agent, read: Read) -> None:
    update_agent(
        shell(),
        agent,
        scopes=MORE,
        policy={"quiet": True},
        metadata={"team": "payments", "on": {"call": [1]}},
    )
    shown = read()
    for told in ("slack: channels:read, chat:write", "quiet: true", "team: payments", 'on: {"call":[1]}'):
        assert told in shown


def test_a_staged_narrowing_says_what_goes_and_when(agent: Agent, read: Read) -> None:
    with clock.at(NOON):
        narrow(agent, hours=2)
        assert "Scopes to be removed slack: chat:write 1 Jun 2026, 14:00 UTC, in 2 hours" in read()


def test_a_narrowing_that_is_due_is_over(agent: Agent, read: Read) -> None:
    with clock.at(NOON):
        narrow(agent, hours=2)
    with clock.at(NOON + timedelta(hours=2)):
        shown = read()
    assert "Scopes to be removed" not in shown and "chat:write" not in shown


def test_a_narrowing_waits_for_a_suspended_agent_and_says_so(agent: Agent, read: Read) -> None:
    with clock.at(NOON):
        narrow(agent, hours=2)
        suspend_agent(shell(), agent)
    with clock.at(NOON + timedelta(hours=3)):
        assert "after 1 Jun 2026, 14:00 UTC, when the agent is resumed" in read()
