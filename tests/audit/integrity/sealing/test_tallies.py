"""What happened in each hour is counted once, for the app and for each key, when it is sealed."""

from uuid import UUID

import pytest

from audit.models import Tally
from audit.models.seals import NOWHERE
from tests.audit.records import APP, HOUR, KEY, MINUTE, NOON, acted, called
from tests.audit.sealed import sealed

pytestmark = pytest.mark.django_db


def figures(key_id: UUID = NOWHERE) -> list[tuple[int, int, int, int]]:
    """Hours after noon, acts, calls allowed and refused."""
    lines = Tally.objects.filter(stream=APP, key_id=key_id).order_by("hour")
    return [((one.hour - NOON) // HOUR, one.events, one.allowed, one.denied) for one in lines]


def test_an_hour_of_an_app_is_one_line() -> None:
    sealed(
        called(), called(at=NOON + 59 * MINUTE), called(code="key_revoked"), acted(), called(at=NOON + HOUR)
    )
    assert figures() == [(0, 1, 2, 1), (1, 0, 1, 0)]


def test_each_key_has_its_own() -> None:
    sealed(called(), called(code="key_revoked"), called(key_id=None))
    assert figures(KEY) == [(0, 0, 1, 1)]


def test_a_second_batch_adds_to_the_hour() -> None:
    for _ in range(3):
        sealed(called())
    assert figures() == [(0, 0, 3, 0)]


def test_what_waits_is_not_counted_yet() -> None:
    called()
    assert figures() == []
