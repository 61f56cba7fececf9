"""The one clock: it can be told the time, and forgets it."""

from datetime import UTC, datetime, timedelta, timezone

from core.clock import at, now

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_time_stands_still_where_it_is_said() -> None:
    with at(NOON):
        assert now() == now() == NOON


def test_the_said_time_is_told_in_utc() -> None:
    with at(datetime(2026, 6, 1, 14, tzinfo=timezone(timedelta(hours=2)))):
        assert (now(), now().tzinfo) == (NOON, UTC)


def test_an_inner_time_gives_way_to_the_outer() -> None:
    with at(NOON):
        with at(NOON + timedelta(hours=1)):
            pass
        assert now() == NOON


def test_time_runs_on_after_the_block() -> None:
    with at(NOON):
        pass
    assert abs(now() - datetime.now(UTC)) < timedelta(minutes=1)
