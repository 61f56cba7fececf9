"""The figure above a timeline: bars that add up, whether tallies or rows say so."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from agents.models import App
from audit.integrity.sealing.sealer import seal_all
from audit.models import Tally
from audit.models.seals import NOWHERE
from audit.search import histogram as figure
from audit.search.histogram import Histogram, histogram
from audit.search.search import Filters
from audit.templatetags.charts import (
    as_filters,
    each,
    event_lane,
    panel,
    panel_sentence,
    scale,
    scale_top,
    short_number,
    span,
)
from core.clock import at
from core.ids import new_id
from tests.audit.records import APP, DAY, HOUR, KEY, MINUTE, NOON, acted, called, sealed

pytestmark = pytest.mark.django_db


def over(window: timedelta | None, **filters: Any) -> Histogram:
    """The figure of the time before noon."""
    with at(NOON):
        return histogram(Filters(APP, since=NOON - window if window else None, **filters))


def told(drawn: Histogram) -> tuple[int, int, int]:
    return drawn.events, drawn.allowed, drawn.denied


def tallied(hour: datetime, key_id: UUID = NOWHERE, **numbers: int) -> None:
    Tally.objects.create(stream=APP, key_id=key_id, hour=hour, **numbers)


# ── bars ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("window", "step", "fewest", "most"),
    [
        (HOUR, MINUTE, 60, 61),
        (DAY, 20 * MINUTE, 72, 73),
        (2 * DAY, 30 * MINUTE, 96, 97),
        (7 * DAY, 2 * HOUR, 84, 85),
        (30 * DAY, 6 * HOUR, 120, 121),
        (60 * DAY, 12 * HOUR, 120, 121),
        (90 * DAY, DAY, 90, 91),
        (365 * DAY, 7 * DAY, 52, 54),
        (3650 * DAY, 56 * DAY, 64, 121),
    ],
)
def test_bars_are_few_and_of_a_length_people_know(
    window: timedelta, step: timedelta, fewest: int, most: int
) -> None:
    drawn = over(window)
    assert drawn.step == step
    assert fewest <= len(drawn.bars) <= most


@pytest.mark.parametrize("window", [HOUR, DAY, 7 * DAY, 100 * DAY])
def test_bars_leave_no_gap_and_hold_the_whole_window(window: timedelta) -> None:
    drawn = over(window)
    assert all(one.ends == other.begins for one, other in zip(drawn.bars, drawn.bars[1:], strict=False))
    assert drawn.bars[0].begins <= NOON - window
    assert drawn.bars[-1].ends >= NOON


@pytest.mark.parametrize("window", [DAY, 30 * DAY, None])
def test_everything_is_counted_by_how_it_came_out(window: timedelta | None) -> None:
    acted(at=NOON - HOUR), called(at=NOON - HOUR), called(at=NOON - 2 * HOUR)
    called(at=NOON - MINUTE, code="ip_not_allowed")
    assert told(over(window)) == (1, 2, 1)


def test_a_row_is_in_the_bar_of_its_time() -> None:
    called(at=NOON - HOUR + timedelta(seconds=59))
    bar = next(bar for bar in over(HOUR + MINUTE).bars if bar.calls)
    assert (bar.begins, bar.ends) == (NOON - HOUR, NOON - HOUR + MINUTE)


def test_what_lies_outside_the_window_is_not_counted() -> None:
    called(at=NOON - 2 * HOUR), called(app_id=new_id(), at=NOON - MINUTE)
    assert told(over(HOUR)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"outcome": "denied"}, (0, 0, 1)),
        ({"outcome": "event"}, (1, 0, 0)),
        ({"calls_only": True}, (0, 1, 1)),
        ({"key_id": KEY}, (0, 1, 1)),
        ({"ip": "198.51.100.1"}, (0, 0, 1)),
        ({"action": "key"}, (1, 0, 0)),
        ({"key": "none"}, (0, 0, 0)),
    ],
)
@pytest.mark.parametrize("window", [DAY, 30 * DAY])
def test_only_what_matches_is_counted(
    filters: dict[str, Any], expected: tuple[int, int, int], window: timedelta
) -> None:
    acted(at=NOON - HOUR), called(at=NOON - HOUR)
    called(at=NOON - HOUR, code="ip_not_allowed", ip="198.51.100.1")
    assert told(over(window, **filters)) == expected


# ── tallies ─────────────────────────────────────────────────────────────────


def test_a_wide_window_is_read_from_tallies() -> None:
    tallied(NOON - 5 * DAY, events=1, allowed=20, denied=3)
    assert told(over(7 * DAY)) == (1, 20, 3)


def test_rows_that_wait_for_their_seal_are_added_to_the_tallies() -> None:
    tallied(NOON - 5 * DAY, allowed=20)
    called(at=NOON - HOUR)
    assert told(over(7 * DAY)) == (0, 21, 0)


def test_rows_that_are_sealed_are_not_counted_twice() -> None:
    called(at=NOON - HOUR)
    tallied(NOON - HOUR, allowed=1)
    sealed()
    assert told(over(7 * DAY)) == (0, 1, 0)


def test_one_keys_tallies_are_its_own() -> None:
    tallied(NOON - DAY, allowed=20)
    tallied(NOON - DAY, KEY, allowed=2)
    assert told(over(7 * DAY, key_id=KEY)) == (0, 2, 0)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"outcome": "event"}, (1, 0, 0)),
        ({"outcome": "allowed"}, (0, 20, 0)),
        ({"outcome": "denied"}, (0, 0, 3)),
        ({"calls_only": True}, (0, 20, 3)),
    ],
)
def test_an_outcome_is_told_from_tallies(filters: dict[str, Any], expected: tuple[int, int, int]) -> None:
    tallied(NOON - 5 * DAY, events=1, allowed=20, denied=3)
    assert told(over(7 * DAY, **filters)) == expected


def test_all_time_begins_with_the_first_there_is() -> None:
    tallied(NOON - 400 * DAY, allowed=1)
    drawn = over(None)
    assert drawn.bars[0].begins <= NOON - 400 * DAY
    assert told(drawn) == (0, 1, 0)


def test_over_all_time_a_call_of_today_is_in_the_bar_of_its_time() -> None:
    moment = NOON - 20 * MINUTE
    with at(moment):
        called(at=moment)
        seal_all()
    drawn = over(None)
    bar = next(bar for bar in drawn.bars if bar.calls)
    assert (bar.begins <= moment < bar.ends, drawn.step <= HOUR) == (True, True)


def test_a_very_busy_day_is_read_from_tallies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure, "MAX_ROWS", 10)
    tallied(NOON - HOUR, allowed=20)
    assert told(over(DAY)) == (0, 20, 0)
    assert over(DAY).step == HOUR  # no bar is shorter than what its tallies count


def test_tallies_are_not_believed_while_much_waits_for_its_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure, "MAX_PENDING", 1)
    called(at=NOON - HOUR), called(at=NOON - HOUR)
    tallied(NOON - DAY, allowed=100)
    assert told(over(7 * DAY)) == (0, 2, 0)


def test_rows_beyond_the_most_that_are_counted_are_said_to_be_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(figure, "MAX_ROWS", 3)
    for minutes in range(6):
        called(at=NOON - minutes * MINUTE, ip="198.51.100.1")
    acted(at=NOON - HOUR, ip="198.51.100.1")
    drawn = over(DAY, ip="198.51.100.1")
    assert (drawn.capped_at, told(drawn)) == (NOON - 2 * MINUTE, (0, 3, 0))


# ── bad input ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), None),
        (datetime(9999, 12, 31, tzinfo=UTC), None),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(2, 1, 1, tzinfo=UTC)),
        (None, datetime(1, 1, 1, tzinfo=UTC)),
        (NOON, NOON),
    ],
)
@pytest.mark.parametrize("ip", ["", "198.51.100.1"])
def test_a_window_at_the_ends_of_time_is_an_empty_figure(
    since: datetime | None, until: datetime | None, ip: str
) -> None:
    called(at=NOON - HOUR)
    with at(NOON):
        drawn = histogram(Filters(APP, since=since, until=until, ip=ip))
    assert 1 <= len(drawn.bars) <= 121
    assert panel(drawn, "denied") and event_lane(drawn) and scale(drawn)


# ── drawn ───────────────────────────────────────────────────────────────────


def test_each_panel_is_said_in_a_sentence() -> None:
    called(at=NOON - 50 * MINUTE), called(at=NOON - 30 * MINUTE, code="ip_not_allowed")
    assert panel_sentence(over(HOUR), "denied") == (
        "Denied requests for each 1 min: 1 in all, most at 1 Jun, 11:30 to 11:31 with 1."
    )


def test_each_outcome_is_drawn() -> None:
    acted(at=NOON - MINUTE), called(at=NOON - MINUTE), called(at=NOON - MINUTE, code="ip_not_allowed")
    drawn = over(HOUR)
    assert panel(drawn, "allowed").count("<rect") == panel(drawn, "denied").count("<rect") == 1
    assert event_lane(drawn).count('class="on"') == 1


def test_each_panel_has_a_true_scale_of_its_own() -> None:
    for _ in range(5):
        called(at=NOON - MINUTE)
    called(at=NOON - MINUTE, code="ip_not_allowed")
    drawn = over(HOUR)
    assert "<span>6</span><span>3</span><span>0</span>" in panel(drawn, "allowed")
    assert f'height="{120 * 5 / 6:.1f}"' in panel(drawn, "allowed")
    assert "<span>2</span><span>1</span><span>0</span>" in panel(drawn, "denied")


def test_the_top_of_a_scale_is_round_and_even() -> None:
    tops = {0: 2, 1: 2, 3: 4, 10: 10, 11: 20, 83_740: 100_000}
    assert {most: scale_top(most) for most in tops} == tops
    assert [short_number(number) for number in (500, 1_500, 100_000)] == ["500", "1.5k", "100k"]


@pytest.mark.parametrize(
    ("step", "says"),
    [(30 * MINUTE, "30 min"), (HOUR, "hour"), (DAY, "day"), (6 * HOUR, "6 hours"), (7 * DAY, "7 days")],
)
def test_a_bars_length_is_said_in_words(step: timedelta, says: str) -> None:
    assert each(step) == says


def test_a_bar_leads_to_its_own_span() -> None:
    bar = over(DAY).bars[-2]
    assert (span(bar), as_filters(bar)) == (
        "1 Jun, 11:20 to 11:40",
        "range=custom&since=2026-06-01+11%3A20&until=2026-06-01+11%3A40",
    )


def test_what_the_sealer_tallies_adds_up_with_what_waits(app: App) -> None:
    called(app.id, NOON - DAY), called(app.id, NOON - DAY, code="ip_not_allowed"), acted(app.id, NOON - DAY)
    seal_all()
    called(app.id, NOON - HOUR)
    with at(NOON):
        week = histogram(Filters(app.id, since=NOON - 7 * DAY))
        key = histogram(Filters(app.id, since=NOON - 7 * DAY, key_id=KEY))
    assert (told(week), told(key)) == ((1, 2, 1), (0, 2, 1))
