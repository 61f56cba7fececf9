"""How keys have been used: exact figures, each for many keys in one query."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from audit.integrity.sealing.sealer import seal_all
from audit.models import Call, Pending, Tally
from audit.retention import purging
from audit.search import usage
from core.clock import at
from core.ids import new_id
from tests.audit.records import APP, DAY, HOUR, KEY, MINUTE, NOON, called

pytestmark = pytest.mark.django_db
OTHER, UNUSED = new_id(), new_id()
Queries = Callable[[int], Any]


@pytest.fixture(autouse=True)
def noon() -> Any:
    """It is noon."""
    with at(NOON):
        yield


def test_recent_calls_are_the_keys_newest() -> None:
    calls = [called(at=NOON + MINUTE * minute) for minute in range(4)]
    called(key_id=OTHER)
    assert usage.recent_calls(KEY, 2) == [calls[3], calls[2]]


def test_the_first_call_is_the_oldest_whatever_came_of_it() -> None:
    called()
    first = called(at=NOON - HOUR, code="ip_not_allowed")
    assert usage.first_call(KEY) == first


def test_an_unused_key_has_no_first_call() -> None:
    called()
    assert usage.first_call(UNUSED) is None


def moments(used: dict[UUID, usage.Use], subject: UUID = KEY) -> tuple[Any, ...]:
    """First call, last allowed, last denied of one."""
    return (used[subject].first_at, used[subject].allowed_at, used[subject].denied_at)


def test_a_denied_call_is_no_use_and_both_are_told_sealed_or_not() -> None:
    called(at=NOON - 2 * HOUR), called(at=NOON - HOUR), called(key_id=OTHER, code="ip_not_allowed")
    called(at=NOON, code="insufficient_scope")
    expected = (NOON - 2 * HOUR, NOON - HOUR, NOON), (NOON, None, NOON)
    for _ in range(2):
        used = usage.uses([KEY, OTHER, UNUSED])
        assert (moments(used), moments(used, OTHER), UNUSED in used) == (*expected, False)
        seal_all()
    called(at=NOON + MINUTE)
    assert moments(usage.uses([KEY])) == (NOON - 2 * HOUR, NOON + MINUTE, NOON)


def test_agents_and_callers_are_counted_by_the_same_rule() -> None:
    agent, caller = new_id(), new_id()
    called(agent_id=agent, caller_id=caller)
    called(agent_id=agent, caller_id=caller, key_id=OTHER, at=NOON + HOUR, code="agent_suspended")
    for _ in range(2):
        assert moments(usage.uses_of_agents([agent]), agent) == (NOON, NOON, NOON + HOUR)
        assert usage.calls_by_caller([caller, UNUSED]) == {caller: (2, NOON + HOUR)}
        seal_all()


def test_retention_takes_the_calls_and_leaves_when_they_were() -> None:
    agent = new_id()
    called(agent_id=agent), called(agent_id=agent, at=NOON + HOUR, code="ip_not_allowed")
    seal_all()
    before = moments(usage.uses([KEY])), moments(usage.uses_of_agents([agent]), agent)
    with at(NOON + 400 * DAY):
        assert purging.sealed("call", NOON + 300 * DAY) == 2
        assert not Call.objects.exists()
        assert (moments(usage.uses([KEY])), moments(usage.uses_of_agents([agent]), agent)) == before


def test_the_address_is_that_of_the_use_and_not_of_a_later_denial() -> None:
    called(ip="203.0.113.7")
    assert (usage.uses([KEY])[KEY].ip, usage.uses([KEY])[KEY].is_denied_since) == ("203.0.113.7", False)
    called(ip="198.51.100.9", at=NOON + MINUTE, code="ip_not_allowed")
    assert (usage.uses([KEY])[KEY].ip, usage.uses([KEY])[KEY].is_denied_since) == ("", True)


def test_uses_of_no_keys_ask_nothing(django_assert_num_queries: Queries) -> None:
    with django_assert_num_queries(0):
        assert usage.uses([]) == {}


def test_days_are_counted_from_the_oldest_to_today() -> None:
    called(at=NOON - 6 * DAY), called(at=NOON), called(at=NOON, code="ip_not_allowed")
    assert usage.daily([APP], [KEY])[KEY] == [(1, 0), *[(0, 0)] * 5, (1, 1)]


def test_a_day_begins_at_midnight_in_utc() -> None:
    midnight = NOON.replace(hour=0)
    called(at=midnight), called(at=midnight - timedelta(microseconds=1))
    assert usage.daily([APP], [KEY], days=2)[KEY] == [(1, 0), (1, 0)]


def test_days_before_the_first_are_not_counted() -> None:
    called(at=NOON - 7 * DAY)
    assert usage.daily([APP], [KEY]) == {}


def test_calls_of_tomorrow_are_not_counted() -> None:
    called(at=NOON), called(at=NOON + DAY)
    assert usage.daily([APP], [KEY])[KEY][-1] == (1, 0)


def test_each_keys_days_are_its_own() -> None:
    called(), called(key_id=OTHER, code="ip_not_allowed")
    figures = usage.daily([APP], [KEY, OTHER], days=1)
    assert figures == {KEY: [(1, 0)], OTHER: [(0, 1)]}


def test_totals_are_allowed_and_refused_since_a_moment() -> None:
    called(), called(at=NOON - HOUR), called(code="ip_not_allowed"), called(at=NOON - HOUR - MINUTE)
    assert usage.totals([APP], [KEY, UNUSED], NOON - HOUR) == {KEY: (2, 1)}


def test_callers_are_told_apart_by_address_and_client() -> None:
    called(ip="203.0.113.7", user_agent="curl/8"), called(ip="203.0.113.7", user_agent="python")
    called(ip="203.0.113.8", user_agent="curl/8")
    assert len(usage.callers(KEY, NOON)) == 3


def test_a_caller_is_counted_and_last_seen() -> None:
    (
        called(ip="203.0.113.7", user_agent="curl/8"),
        called(ip="203.0.113.7", user_agent="curl/8", at=NOON + HOUR),
    )
    assert usage.callers(KEY, NOON) == [("203.0.113.7", "curl/8", 2, NOON + HOUR)]


def test_whoever_called_last_stands_first() -> None:
    for minute, ip in enumerate(["203.0.113.1", "203.0.113.2", "203.0.113.3"]):
        called(ip=ip, at=NOON + MINUTE * minute)
    assert [caller.ip for caller in usage.callers(KEY, NOON)] == ["203.0.113.3", "203.0.113.2", "203.0.113.1"]


def test_callers_are_ten_at_the_most() -> None:
    for host in range(12):
        called(ip=f"203.0.113.{host}")
    assert len(usage.callers(KEY, NOON)) == 10


def test_callers_before_the_moment_are_left_out() -> None:
    called(at=NOON - MINUTE)
    assert usage.callers(KEY, NOON) == []


# ── sealed or not ───────────────────────────────────────────────────────────


def several() -> None:
    """Calls of some days and minutes, allowed and refused, of two keys."""
    for hours in (0, 1, 5, 30, 31, 100):
        called(at=NOON - hours * HOUR), called(at=NOON - hours * HOUR - MINUTE, code="ip_not_allowed")
    called(key_id=OTHER, at=NOON - MINUTE * 90)


def figures() -> list[Any]:
    """All that is read from tallies; one moment is within an hour, one at its beginning."""
    moments = (NOON - 5 * HOUR - timedelta(seconds=30), NOON - DAY)
    keys = [KEY, OTHER]
    return [usage.daily([APP], keys), *(usage.totals([APP], keys, moment) for moment in moments)]


def test_sealing_changes_no_figure() -> None:
    several()
    before = figures()
    seal_all()
    assert (figures(), Tally.objects.exists(), Pending.objects.exists()) == (before, True, False)


def test_what_came_after_the_sealer_is_counted_too() -> None:
    several()
    seal_all()
    called(at=NOON), called(at=NOON - 5 * HOUR, code="ip_not_allowed")
    assert usage.totals([APP], [KEY], NOON - DAY) == {KEY: (4, 4)}


def test_a_sealed_day_is_read_without_its_calls() -> None:
    called(), called()
    seal_all()
    Tally.objects.filter(key_id=KEY).update(allowed=700)
    assert usage.daily([APP], [KEY], days=1) == {KEY: [(700, 0)]}


def test_the_hour_that_the_moment_cuts_is_counted_call_by_call() -> None:
    called(at=NOON - HOUR + MINUTE), called(at=NOON - HOUR + 2 * MINUTE)
    seal_all()
    assert usage.totals([APP], [KEY], NOON - HOUR + 2 * MINUTE) == {KEY: (1, 0)}


@pytest.mark.parametrize("keys", [1, 40])
@pytest.mark.parametrize(
    ("figure", "queries"),
    [
        (usage.uses, 2),
        (lambda keys: usage.daily([APP], keys), 1),
        (lambda keys: usage.totals([APP], keys, NOON), 1),
    ],
    ids=["uses", "daily", "totals"],
)
def test_a_figure_takes_as_many_queries_for_however_many_keys(
    figure: Callable[..., object], queries: int, keys: int, django_assert_num_queries: Queries
) -> None:
    ids = [new_id() for _ in range(keys)]
    for key_id in ids:
        called(key_id=key_id)
    with django_assert_num_queries(queries):
        figure(ids)


@pytest.mark.one_engine
def test_a_backlog_of_others_is_not_gathered(django_assert_num_queries: Queries) -> None:
    """What waits is looked up for each call of the key, and gone through once, for its oldest moment."""
    called(), called(key_id=OTHER)
    for asked in ({"key_id": KEY}, {"agent_id__in": [OTHER, UNUSED]}, {"caller_id": OTHER}):
        (column,) = asked
        plan = usage._waiting().filter(**asked).explain()
        assert f"USING INDEX call_{column.partition('_')[0]} ({column.partition('__')[0]}=? AND at>?)" in plan
        assert "LIST SUBQUERY" not in plan
        assert (plan.count("SCAN "), plan.count("sqlite_autoindex_audit_pending_1 (row_id=?)")) == (1, 1), (
            plan
        )
    Pending.objects.bulk_create(
        Pending(row_id=new_id(), stream=APP, kind="call", at=NOON + MINUTE) for _ in range(2000)
    )
    with django_assert_num_queries(2):
        assert moments(usage.uses([KEY])) == (NOON, NOON, None)
