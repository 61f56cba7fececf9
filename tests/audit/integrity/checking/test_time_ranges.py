"""A check of the last hour looks at what was sealed in it, whatever the columns say that no seal covers."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from audit.forwarding import reader
from audit.forwarding.reader import StreamFilter
from audit.integrity.append_only_triggers import maintenance
from audit.integrity.checking import check as integrity
from audit.integrity.checking.check import CheckRange, check
from audit.integrity.sealing import sealed_rows as reading
from audit.models import Call, Checkpoint
from core.clock import at, now
from tests.audit.records import APP, DAY, called
from tests.audit.sealed import sealed
from tests.audit.tampering import edit, remove, with_fences_down
from tests.shell import Said

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LONG_AGO, LATER = (now().replace(year=year, month=1, day=1) for year in (2020, 2099))
FILED = ("earliest_at", "latest_at")
LIES: tuple[dict[str, datetime], ...] = (
    dict.fromkeys(FILED, LONG_AGO),
    dict.fromkeys(FILED, LATER),
    {"earliest_at": LONG_AGO, "latest_at": LATER},
    {"sealed_at": LONG_AGO},
    dict.fromkeys((*FILED, "sealed_at"), LONG_AGO),
    dict.fromkeys((*FILED, "sealed_at"), LATER),
)


@pytest.fixture(autouse=True)
def _days() -> None:
    """Three checkpoints of days ago and three of now, a row to each."""
    for days in (9, 8, 7, 0, 0, 0):
        with at(now() - days * DAY):
            sealed(called(at=now(), ip="203.0.113.7"))


def found(scope: CheckRange) -> dict[str, Any]:
    steps = list(check(scope))
    return {
        "what": {finding.what for step in steps for finding in step.wrong},
        "checkpoints": sum(step.checkpoints for step in steps),
    }


def scopes() -> list[CheckRange]:
    since = now() - HOUR
    return [
        CheckRange(since=since),
        CheckRange(APP, since=since),
        CheckRange(APP, "call", since, now() + HOUR),
    ]


def lie(columns: dict[str, datetime], **only: Any) -> None:
    with_fences_down(lambda: Checkpoint.objects.filter(**only).update(**columns))


def remove_from(number: int) -> None:
    with transaction.atomic(), maintenance():
        for checkpoint in Checkpoint.objects.filter(number__gte=number):
            remove(checkpoint)


def test_what_was_sealed_before_is_left_out() -> None:
    with_fences_down(lambda: edit(2, ip="198.51.100.1"))
    assert [found(scope) for scope in scopes()] == [{"what": set(), "checkpoints": 3}] * 3
    assert found(CheckRange(until=now() - 8 * DAY + HOUR))["what"] == {"edited"}
    assert found(CheckRange(until=now() - 9 * DAY + HOUR))["checkpoints"] == 2


@pytest.mark.parametrize("columns", LIES)
def test_columns_that_lie_hide_nothing_and_are_found(columns: dict[str, datetime]) -> None:
    with_fences_down(lambda: edit(6, ip="198.51.100.1"))
    lie(columns)
    for scope in scopes():
        told = found(scope)
        assert (told["what"] >= {"edited", "hash"}, told["checkpoints"] >= 3) == (True, True), scope
    result = Said("check_audit", "--since", "1h")
    assert (result.code, "edited" in result.out) == (1, True)


@pytest.mark.parametrize("columns", LIES)
def test_none_of_the_rows_before_a_moment_is_hidden(columns: dict[str, datetime]) -> None:
    with_fences_down(lambda: edit(2, ip="198.51.100.1"))
    lie(columns, number=2)
    assert found(CheckRange(APP, until=now() - 7 * DAY))["what"] >= {"edited", "hash"}


def test_checkpoints_that_are_gone_are_missed_in_their_time() -> None:
    remove_from(4)
    assert found(CheckRange(APP, since=now() - HOUR))["what"] - {"tally"} == {"cut"}
    assert Said("check_audit", "--since", "1h").code == 1
    remove_from(1)
    assert Said("check_audit", "--since", "1h").code == 1


def test_a_number_that_is_far_away_does_not_keep_a_check_from_its_end() -> None:
    lie({"number": 2**60}, number=5)  # type: ignore[dict-item]
    for scope in (CheckRange(), scopes()[1]):
        assert found(scope)["what"] >= {"hash", "missing", "number"}


def test_who_follows_the_record_is_told_of_rows_that_are_filed_elsewhere() -> None:
    lie(dict.fromkeys(FILED, LONG_AGO))
    for wanted in (StreamFilter(), StreamFilter(kind="call", denied=True)):
        rows = [row for checkpoint in Checkpoint.objects.all() for row in reader.rows(checkpoint, wanted)]
        assert len(rows) == Call.objects.filter(**({"allowed": False} if wanted.denied else {})).count()


def test_a_whole_export_holds_rows_that_are_filed_elsewhere() -> None:
    lie(dict.fromkeys(FILED, LONG_AGO))
    within = reading.reach(APP)
    assert len(list(reading.after(within, "call", 0))) == 6


def test_the_page_looks_at_the_newest_whatever_they_say() -> None:
    with_fences_down(lambda: edit(6, ip="198.51.100.1"))
    lie(dict.fromkeys(FILED, LATER), number=6)
    assert {finding.what for finding in integrity.newest(CheckRange(APP)).wrong} == {"edited", "hash"}
