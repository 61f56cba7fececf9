"""A sealer that stands still is an alarm, which ends when it goes on; after a start it is given time to."""

from collections.abc import Iterator

import pytest
from django.conf import settings as portal

from audit.integrity.checking import alarms, seal_backlog
from audit.integrity.sealing import sealer as seals
from audit.models import Event, Pending
from core.clock import at, now
from tests.audit.records import DAY, MINUTE, called
from tests.audit.sealed import sealed
from tests.shell import Said

pytestmark = pytest.mark.django_db
LATE = 5 * MINUTE


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(seal_backlog, "TIMEOUT", 0.2)
    sealed(called(at=now()))
    yield


def codes() -> list[str]:
    alarms.look()
    return [alarm.code for alarm in alarms.open_alarms()]


def fail() -> int:
    raise RuntimeError("no")


@pytest.mark.parametrize("sealer", [lambda: 0, fail], ids=["overtaken", "fails"])
def test_rows_that_wait_too_long_are_an_alarm_until_they_do_not(
    sealer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    called(at=now())
    assert codes() == []
    with monkeypatch.context() as patch, at(now() + LATE):
        patch.setattr(seals, "seal_all", sealer)
        assert codes() == codes() == ["sealing"]
        told = alarms.open_alarms().get().says
        assert ("Sealing failed: RuntimeError" in told) is (sealer is fail)
        result = Said("check_audit")
        assert (result.code, "stalled: " in result.out) == (1, True)
        assert Said("check_audit", "--since", "1h").code == 1
    sealed()
    assert codes() == []
    assert Event.objects.filter(action="alarm.end").count() == 1
    sealed()
    result = Said("check_audit")
    assert (result.code, "stalled" in result.out) == (0, False)


def test_what_waited_while_the_portal_stood_still_is_sealed_and_no_alarm() -> None:
    called(at=now())
    with at(now() + DAY):
        assert codes() == []
    assert not Pending.objects.exists()


def test_a_note_of_a_moment_to_come_does_not_make_a_row_young(monkeypatch: pytest.MonkeyPatch) -> None:
    called(at=now())
    Pending.objects.update(at=now() + 999 * DAY)
    monkeypatch.setattr(seals, "seal_all", lambda: 0)
    assert codes() == ["sealing"]


def test_the_bound_is_ten_times_what_the_sealer_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal, "SEAL_EVERY", 60)
    assert seal_backlog.bound() == 10 * MINUTE
    monkeypatch.setattr(portal, "SEAL_EVERY", 1)
    assert seal_backlog.bound() == MINUTE
