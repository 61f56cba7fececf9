"""Idempotency keys: what one created is found again, for as long as it may be given out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents import idempotency
from agents.errors import OnceInactive, OnceRevoked
from agents.lifecycle import resume_agent, suspend_agent
from agents.models import Agent, App, Creation
from audit.actors import shell
from core.clock import at
from core.idempotency import KEY_RETENTION, IdempotencyMismatch
from core.ids import new_id
from keys.lifecycle import revoke_agent

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ASKED: dict[str, Any] = {
    "name": "refund-agent",
    "scopes": {"google": ["a", "b"]},
    "metadata": {"n": 1, "m": None},
}
KEY_ID = new_id()


@pytest.fixture
def made(app: App, agent: Agent) -> Agent:
    """An agent that was created under the key "once"."""
    idempotency.remember(app, "once", ASKED, agent, KEY_ID)
    return agent


def test_what_a_key_created_is_found_again(app: App, made: Agent) -> None:
    found = idempotency.made_before(app, "once", ASKED)

    assert found
    assert (found.agent, found.key_id) == (made, KEY_ID)


@pytest.mark.parametrize("key", ["", "twice", "ONCE", "once "])
def test_another_key_created_nothing(app: App, made: Agent, key: str) -> None:
    assert idempotency.made_before(app, key, ASKED) is None


def test_another_app_created_nothing_under_it(other_app: App, made: Agent) -> None:
    assert idempotency.made_before(other_app, "once", ASKED) is None


def test_the_same_wish_in_another_order_is_the_same(app: App, made: Agent) -> None:
    turned = dict(reversed(ASKED.items())) | {"metadata": {"m": None, "n": 1}}

    assert idempotency.made_before(app, "once", turned)


@pytest.mark.parametrize(
    "other",
    [
        {"name": "refund-agent-2"},
        {"scopes": {"google": ["b", "a"]}},
        {"metadata": {"n": "1", "m": None}},
        {"metadata": {"n": True, "m": None}},
        {"metadata": {"n": 1}},
        {"policy": {}},
    ],
    ids=["name", "order of scopes", "a string for a number", "true for one", "left out", "more"],
)
def test_another_wish_is_refused(app: App, made: Agent, other: dict[str, Any]) -> None:
    with pytest.raises(IdempotencyMismatch):
        idempotency.made_before(app, "once", ASKED | other)


def test_a_suspended_agent_is_not_given_out_until_it_is_resumed(app: App, made: Agent) -> None:
    suspend_agent(shell(), made)
    with pytest.raises(OnceInactive):
        idempotency.made_before(app, "once", ASKED)

    resume_agent(shell(), made)
    assert idempotency.made_before(app, "once", ASKED)


def test_a_revoked_agent_is_not_given_out(app: App, made: Agent) -> None:
    suspend_agent(shell(), made)
    revoke_agent(shell(), made)
    with pytest.raises(OnceRevoked):
        idempotency.made_before(app, "once", ASKED)


def test_another_wish_is_told_before_the_agents_state(app: App, made: Agent) -> None:
    revoke_agent(shell(), made)
    with pytest.raises(IdempotencyMismatch):
        idempotency.made_before(app, "once", ASKED | {"name": "other"})


def test_without_a_key_nothing_is_remembered(app: App, agent: Agent) -> None:
    idempotency.remember(app, "", ASKED, agent, KEY_ID)

    assert not Creation.objects.exists()


def test_the_key_itself_is_not_kept(app: App, made: Agent) -> None:
    creation = Creation.objects.get()

    assert (len(creation.once), "once" in creation.once, "refund" in creation.asked) == (64, False, False)


@pytest.mark.parametrize("key", ["x" * 1000, "\u00e9\u4e2d", "\udce9", "a\0b"])
def test_any_text_is_a_key(app: App, agent: Agent, key: str) -> None:
    idempotency.remember(app, key, ASKED, agent, KEY_ID)

    assert idempotency.made_before(app, key, ASKED)


def test_a_week_later_it_is_forgotten(app: App, other_app: App, agent: Agent) -> None:
    with at(NOON):
        idempotency.remember(app, "old", ASKED, agent, KEY_ID)
        idempotency.remember(other_app, "others", ASKED, agent, KEY_ID)
    with at(NOON + KEY_RETENTION):
        idempotency.remember(app, "week", ASKED, agent, KEY_ID)
        assert idempotency.made_before(app, "old", ASKED)
    with at(NOON + KEY_RETENTION + timedelta(microseconds=1)):
        assert not idempotency.made_before(other_app, "others", ASKED)
        idempotency.remember(app, "new", ASKED, agent, KEY_ID)
        told = [bool(idempotency.made_before(app, key, ASKED)) for key in ("old", "week", "new")]

    assert told == [False, True, True]
    assert Creation.objects.count() == 3  # its row goes when the app keeps another
