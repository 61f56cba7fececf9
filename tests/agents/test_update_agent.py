"""Changing an agent: scopes that are added are there at once, those that are taken away go after a while."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.api.runtime_schemas import AgentInfo
from agents.documents import Scopes, loses, same
from agents.errors import AgentConcurrentUpdate, AgentNotFound
from agents.lifecycle import resume_agent, suspend_agent, update_agent
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from core.clock import at
from core.errors import Invalid
from keys.lifecycle import revoke_agent
from tests.factories import AgentFactory
from tests.keys.laws import law

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
WIDE: Scopes = {"google": ["mail.read", "mail.send"], "slack": ["chat:write"]}
NARROW: Scopes = {"google": ["mail.read"]}
OTHER: Scopes = {"google": ["mail.read", "calendar"]}
BOTH: Scopes = {"google": ["mail.read", "mail.send", "calendar"], "slack": ["chat:write"]}


@pytest.fixture
def agent(app: App) -> Agent:
    """An agent with wide scopes, made at noon."""
    with at(NOON):
        made: Agent = AgentFactory.create(app=app, scopes=WIDE)
        return made


def update(agent: Agent, moment: datetime = NOON, **changes: Any) -> None:
    """Change the agent at `moment`, from a page of its own."""
    with at(moment):
        update_agent(shell(), Agent.objects.get(pk=agent.pk), **changes)


def stored(agent: Agent) -> tuple[Scopes, Scopes | None, datetime | None]:
    """What the database has: the scopes, those to come, and when."""
    row = Agent.objects.get(pk=agent.pk)
    return row.scopes, row.scopes_pending, row.scopes_applies_at


def shown(agent: Agent, moment: datetime) -> tuple[Scopes, Scopes | None, datetime | None]:
    """What a program is told at `moment`."""
    with at(moment):
        info = AgentInfo.from_model(Agent.objects.get(pk=agent.pk))
    return info.scopes, info.scopes_pending, info.scopes_applies_at


def version(agent: Agent) -> int:
    return Agent.objects.get(pk=agent.pk).version


def updates() -> list[Event]:
    """What the record tells of updates, oldest first."""
    return list(Event.objects.filter(action="agent.update").order_by("id"))


# ── narrowing ───────────────────────────────────────────────────────────────────────────────────────


def test_what_is_taken_away_goes_a_day_later(agent: Agent) -> None:
    update(agent, scopes=NARROW)

    assert stored(agent) == (WIDE, NARROW, NOON + DAY)
    assert shown(agent, NOON + DAY - HOUR) == (WIDE, NARROW, NOON + DAY)


def test_from_that_moment_on_it_is_gone_for_whoever_reads(agent: Agent) -> None:
    update(agent, scopes=NARROW)

    assert shown(agent, NOON + DAY) == (NARROW, None, None)


def test_reading_changes_nothing(agent: Agent) -> None:
    update(agent, scopes=NARROW)
    shown(agent, NOON + DAY)

    assert stored(agent) == (WIDE, NARROW, NOON + DAY)
    assert len(updates()) == 1


@pytest.mark.parametrize("grace", [timedelta(seconds=1), HOUR, WEEK])
def test_the_while_may_be_chosen(agent: Agent, grace: timedelta) -> None:
    update(agent, scopes=NARROW, grace=grace)

    assert stored(agent)[2] == NOON + grace


def test_without_a_while_it_is_gone_at_once(agent: Agent) -> None:
    update(agent, scopes=NARROW, grace=timedelta(0))

    assert stored(agent) == (NARROW, None, None)


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), WEEK + timedelta(microseconds=1)])
def test_no_while_is_longer_than_a_week(agent: Agent, grace: timedelta) -> None:
    with pytest.raises(Invalid) as refused:
        update(agent, scopes=NARROW, grace=grace)
    assert (refused.value.field, stored(agent)) == ("grace_seconds", (WIDE, None, None))


def test_all_can_be_taken_away(agent: Agent) -> None:
    update(agent, scopes={})

    assert (stored(agent), shown(agent, NOON + DAY)) == ((WIDE, {}, NOON + DAY), ({}, None, None))


# ── broadening, and both ────────────────────────────────────────────────────────────────────────────


def test_what_is_added_is_there_at_once(agent: Agent) -> None:
    update(agent, scopes=BOTH)

    assert stored(agent) == (BOTH, None, None)


def test_of_a_swap_the_new_is_there_at_once_and_the_old_goes_later(agent: Agent) -> None:
    update(agent, scopes=OTHER)

    assert stored(agent) == (BOTH, OTHER, NOON + DAY)
    assert shown(agent, NOON + DAY) == (OTHER, None, None)


def test_giving_back_what_was_to_go_calls_it_off(agent: Agent) -> None:
    update(agent, scopes=NARROW)
    update(agent, NOON + HOUR, scopes=WIDE)

    assert stored(agent) == (WIDE, None, None)


def test_another_narrowing_takes_the_place_of_the_first(agent: Agent) -> None:
    update(agent, scopes=NARROW)
    update(agent, NOON + HOUR, scopes={})

    assert stored(agent) == (WIDE, {}, NOON + HOUR + DAY)


@pytest.mark.parametrize("grace", [DAY, WEEK])
def test_asking_again_for_what_is_on_its_way_puts_nothing_off(agent: Agent, grace: timedelta) -> None:
    update(agent, scopes=NARROW)
    update(agent, NOON + HOUR, scopes=NARROW, grace=grace)

    assert (stored(agent)[2], version(agent), len(updates())) == (NOON + DAY, 2, 1)


@pytest.mark.parametrize("grace, ends", [(HOUR, NOON + 2 * HOUR), (timedelta(0), None)])
def test_but_may_bring_it_forward(agent: Agent, grace: timedelta, ends: datetime | None) -> None:
    update(agent, scopes=NARROW)
    update(agent, NOON + HOUR, scopes=NARROW, grace=grace)

    assert stored(agent) == ((WIDE, NARROW, ends) if ends else (NARROW, None, None))


# ── when it is due ──────────────────────────────────────────────────────────────────────────────────


def test_what_is_due_is_saved_with_the_next_change(agent: Agent) -> None:
    update(agent, scopes=NARROW)
    update(agent, NOON + DAY, display_name="Refunds")

    assert stored(agent) == (NARROW, None, None)
    assert updates()[-1].changes == {
        "display_name": ["", "Refunds"],
        "scopes": [WIDE, NARROW],
        "scopes_pending": [NARROW, None],
        "scopes_applies_at": [(NOON + DAY).isoformat(), None],
    }


def test_what_is_due_does_not_come_back_with_the_next_narrowing(agent: Agent) -> None:
    update(agent, scopes=NARROW)
    update(agent, NOON + DAY, scopes=OTHER)

    assert stored(agent) == (OTHER, None, None)


def test_giving_back_too_late_is_adding(agent: Agent) -> None:
    update(agent, scopes=NARROW)
    update(agent, NOON + DAY, scopes=WIDE)

    assert (stored(agent), shown(agent, NOON + WEEK)[0]) == ((WIDE, None, None), WIDE)


def test_while_an_agent_is_suspended_its_narrowing_waits(agent: Agent) -> None:
    update(agent, scopes=NARROW)
    with at(NOON + HOUR):
        suspend_agent(shell(), Agent.objects.get(pk=agent.pk))

    assert shown(agent, NOON + WEEK) == (WIDE, NARROW, NOON + DAY)


def test_and_holds_as_soon_as_it_is_resumed(agent: Agent) -> None:
    update(agent, scopes=NARROW)
    with at(NOON + HOUR):
        suspend_agent(shell(), Agent.objects.get(pk=agent.pk))
    with at(NOON + WEEK):
        resume_agent(shell(), Agent.objects.get(pk=agent.pk))

    assert shown(agent, NOON + WEEK) == (NARROW, None, None)


def test_a_suspension_does_not_bring_back_what_was_gone(agent: Agent) -> None:
    update(agent, scopes=NARROW)
    with at(NOON + DAY):
        suspend_agent(shell(), Agent.objects.get(pk=agent.pk))

    assert shown(agent, NOON + DAY) == (NARROW, None, None)


# ── versions ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "changes",
    [{"display_name": "Refunds"}, {"scopes": NARROW}, {"policy": {"note": "n"}}, {"metadata": {"team": "a"}}],
    ids=["name", "scopes", "policy", "metadata"],
)
def test_each_change_is_one_version_and_one_event(agent: Agent, changes: dict[str, Any]) -> None:
    update(agent, **changes)

    assert (version(agent), len(updates())) == (2, 1)


SAME: dict[str, dict[str, Any]] = {
    "nothing": {},
    "what is there": {"display_name": "", "scopes": WIDE, "policy": {}, "metadata": {}},
    "scopes in another order": {"scopes": {"slack": ["chat:write"], "google": ["mail.send", "mail.read"]}},
    "scopes twice": {"scopes": {**WIDE, "slack": ["chat:write", "chat:write"]}},
    "a right version": {"expected_version": 1},
}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME.keys())
def test_no_change_is_no_version_and_no_event(agent: Agent, changes: dict[str, Any]) -> None:
    update(agent, **changes)

    assert (version(agent), updates(), stored(agent)) == (1, [], (WIDE, None, None))


def test_a_right_version_lets_a_change_through(agent: Agent) -> None:
    update(agent, display_name="Refunds", expected_version=1)

    assert version(agent) == 2


@pytest.mark.parametrize("seen", [1, 3])
def test_another_version_stops_it_and_tells_the_present_one(agent: Agent, seen: int) -> None:
    update(agent, display_name="Refunds")
    with pytest.raises(AgentConcurrentUpdate) as refused:
        update(agent, display_name="Other", scopes={}, expected_version=seen)

    assert refused.value.details == {"version": 2}
    assert (version(agent), stored(agent)) == (2, (WIDE, None, None))


def test_scopes_that_fall_due_are_no_version_of_their_own(agent: Agent) -> None:
    update(agent, scopes=NARROW)
    update(agent, NOON + WEEK, display_name="Refunds", expected_version=2)

    assert version(agent) == 3


def test_a_wrong_part_stops_the_whole(agent: Agent) -> None:
    with pytest.raises(Invalid):
        update(agent, display_name="Refunds", scopes=NARROW, metadata={"a": "\0"})

    assert (version(agent), stored(agent), Agent.objects.get().display_name) == (1, (WIDE, None, None), "")


def test_a_revoked_agent_takes_no_scopes(agent: Agent) -> None:
    revoke_agent(shell(), Agent.objects.get())
    with pytest.raises(AgentNotFound):
        update(agent, scopes=BOTH)


some_scopes = st.dictionaries(
    st.sampled_from(["google", "slack"]),
    st.lists(st.sampled_from("abc"), min_size=1, unique=True),
    max_size=2,
)
steps = st.lists(st.tuples(some_scopes, st.integers(0, 7), st.integers(0, 3)), min_size=1, max_size=4)


@settings(law, max_examples=60)
@given(steps)
def test_in_the_end_an_agent_has_what_was_asked_for_last(
    agent: Agent, steps: list[tuple[Scopes, int, int]]
) -> None:
    moment = NOON
    for scopes, grace, later in steps:
        moment += later * DAY
        update(agent, moment, scopes=scopes, grace=grace * DAY)

        there_now = shown(agent, moment)[0]
        assert not loses(scopes, there_now)

    assert same(shown(agent, moment + WEEK)[0], steps[-1][0])
    update(agent, moment + WEEK, scopes=WIDE, grace=timedelta(0))
