"""Tallies that do not say what was sealed are found, by the hour. What retention let go of is no finding."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import pytest
from django.db import connection, transaction

from audit.integrity.checking import check, tally_recount
from audit.integrity.checking.check import CheckRange
from audit.models import Tally
from audit.models.seals import NOWHERE
from audit.retention import purging
from audit.search import usage
from audit.search.histogram import histogram
from audit.search.matching import Filters
from core.clock import at, now
from core.errors import Invalid
from core.ids import new_id
from tests.audit.records import APP, DAY, HOUR, KEY, acted, called
from tests.audit.sealed import sealed
from tests.shell import Said

pytestmark = pytest.mark.django_db


class Undone(Exception):
    """Takes back what a test did to the database."""


EVERYTHING = CheckRange()


def hours(scope: CheckRange = EVERYTHING) -> list[str]:
    """What is said of tallies."""
    return [
        finding.says for done in check.check(scope) for finding in done.findings if finding.what == "tally"
    ]


def lines(key_id: UUID = NOWHERE) -> "Tally":
    return Tally.objects.filter(stream=APP, key_id=key_id).order_by("hour")[0]


def change(key_id: UUID = NOWHERE, **figures: int) -> None:
    Tally.objects.filter(pk=lines(key_id).pk).update(**figures)


LIES: dict[str, Callable[[], object]] = {
    "fewer refused": lambda: change(denied=0),
    "more allowed": lambda: change(allowed=999),
    "more acts": lambda: change(events=7),
    "of a key": lambda: change(KEY, denied=0),
    "an hour is gone": lambda: Tally.objects.filter(pk=lines().pk).delete(),
    "moved to another hour": lambda: Tally.objects.filter(pk=lines().pk).update(hour=lines().hour - 2 * HOUR),
    "an hour was made up": lambda: Tally.objects.create(stream=APP, hour=lines().hour - HOUR, denied=5),
    "an app was made up": lambda: Tally.objects.create(stream=new_id(), hour=lines().hour, allowed=5),
    "a key was made up": lambda: Tally.objects.create(
        stream=APP, key_id=new_id(), hour=lines().hour, allowed=5
    ),
}


def test_what_tallies_say_otherwise_than_the_sealed_rows_is_named_by_its_hour() -> None:
    moment = now() - 3 * HOUR
    sealed(
        called(at=moment), called(at=moment, code="key_revoked"), acted(at=moment), called(None, at=moment)
    )
    called(at=moment)  # waits
    assert hours() == hours(CheckRange(APP)) == hours(CheckRange(NOWHERE)) == []
    for name, lie in LIES.items():
        with pytest.raises(Undone), transaction.atomic():
            lie()
            (told, *_) = hours()
            assert told.startswith("The hour from ") and "Charts count: " in told, name
            raise Undone
        assert hours() == []
    change(denied=0)
    assert hours() == [
        f"The hour from {moment:%d %B %Y at %H}:00 UTC. Charts count: events 1, calls allowed 1, calls denied 0. "
        "Sealed are: events 1, calls allowed 1, calls denied 1."
    ]
    assert (
        hours(CheckRange(APP, "event"))
        == hours(CheckRange(NOWHERE))
        == hours(CheckRange(APP, since=now() - HOUR))
        == []
    )
    result = Said("check_audit", "--since", "1d")
    assert (result.code, "tally: " in result.out) == (1, True)


@pytest.mark.one_engine
def test_what_cannot_be_read_of_a_tally_keeps_no_check_from_its_end() -> None:
    sealed(called(at=now()))
    for column, value in (
        ("events", "x"),
        ("hour", "x"),
        ("hour", "2026-13-45 00:00:00"),
        ("stream", "x"),
        ("key_id", ""),
    ):
        with pytest.raises(Undone), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA ignore_check_constraints = ON")
                cursor.execute(
                    f"UPDATE audit_tally SET {column} = %s WHERE key_id = %s", [value, NOWHERE.hex]
                )
                cursor.execute("PRAGMA ignore_check_constraints = OFF")
            assert hours(), (column, value)
            raise Undone


SPELLINGS = (
    ("hour", "2026-11-30T18:00:00"),
    ("hour", "2026-11-30 18:00:00-05:00"),
    ("hour", "2026-11-30 18:00:00+00:00"),
    ("hour", "2026-11-30 18:99:00"),
    ("hour", "2026-11-30 18zzz"),
    ("hour", "2026-11-30 18"),
    ("hour", "2026-11-30 18:59:59.999999"),
    ("hour", "2026-13-45 00:00:00"),
    ("key_id", "zz"),
    ("events", "x"),
    ("allowed", -5),
)


@pytest.mark.one_engine
def test_a_tally_in_another_spelling_is_found_and_keeps_neither_check_nor_page() -> None:
    moment = datetime(2026, 11, 30, 18, 20, tzinfo=UTC)
    with at(moment + HOUR):
        sealed(called(at=moment))
        for column, value in SPELLINGS:
            with pytest.raises(Undone), transaction.atomic():
                spell(column, value)
                steps = list(islice(check.check(EVERYTHING), 30))
                assert steps[-1].next_position is None, (column, value)
                assert "tally" in {finding.what for step in steps for finding in step.wrong}, (column, value)
                usage.daily([APP], [KEY])
                histogram(Filters(APP, since=moment - 7 * DAY))
                raise Undone


def spell(column: str, value: str | int) -> None:
    """Write into every tally what the portal would not."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        cursor.execute(f"UPDATE OR REPLACE audit_tally SET {column} = %s", [value])
        cursor.execute("PRAGMA ignore_check_constraints = OFF")


def test_what_was_purged_may_be_missing_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    old = now() - 100 * DAY
    with at(old):
        sealed(called(at=old), called(at=old + timedelta(seconds=1), code="key_revoked"), acted(at=old))
    sealed(called(at=now()))
    assert purging.sealed("call", now() - 50 * DAY) == 2
    sealed()
    assert hours() == []
    assert Said("check_audit").code == 0
    change(denied=3)
    assert len(hours()) == 1
    change(denied=1, events=2)
    assert len(hours()) == 1


def test_a_long_record_is_counted_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    begins = now() - 50 * DAY
    with at(begins):
        sealed(*(called(at=begins + hour * HOUR) for hour in (0, 0, 1, 2)), acted(at=begins + 900 * HOUR))
    monkeypatch.setattr(tally_recount, "MAX_ROWS", 2)
    place, steps = "", 0
    while place is not None:
        found, place = tally_recount.step(APP, "", (None, None), place)  # type: ignore[assignment]
        steps += 1
        assert found == []
    assert steps == 4
    for place in ("x", f"{NOWHERE.hex}.", f"{APP.hex}.20261"):
        with pytest.raises(Invalid):
            tally_recount.step(APP, "", (None, None), place)
