"""What seals the record cannot be changed either, but by maintenance, which ends with its transaction."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from audit.integrity.append_only_triggers import ERROR_TEXT, maintenance
from audit.models import Checkpoint, Event, Seal, SealKey
from tests.audit.records import acted
from tests.audit.sealed import sealed

pytestmark = pytest.mark.django_db
ALL = pytest.mark.parametrize("model", [Seal, Checkpoint, SealKey, Event])
A_COLUMN: dict[str, dict[str, Any]] = {
    "Seal": {"salt": None},
    "Checkpoint": {"key_id": "x"},
    "SealKey": {"public": b""},
    "Event": {"ip": ""},
}


@pytest.fixture(autouse=True)
def _sealed() -> None:
    sealed(acted())


@ALL
def test_a_row_cannot_be_deleted(model: Any) -> None:
    with pytest.raises(DatabaseError, match=ERROR_TEXT), transaction.atomic():
        model.objects.all().delete()


@ALL
def test_a_row_cannot_be_changed(model: Any) -> None:
    with pytest.raises(DatabaseError, match=ERROR_TEXT), transaction.atomic():
        model.objects.update(**A_COLUMN[model.__name__])


@ALL
def test_maintenance_may(model: Any) -> None:
    with maintenance():
        model.objects.update(**A_COLUMN[model.__name__])
        model.objects.all().delete()
    assert not model.objects.exists()


@ALL
def test_after_maintenance_the_fence_stands_again(model: Any) -> None:
    with maintenance():
        pass
    with pytest.raises(DatabaseError, match=ERROR_TEXT), transaction.atomic():
        model.objects.all().delete()


def test_maintenance_that_fails_changes_nothing() -> None:
    with pytest.raises(ZeroDivisionError), maintenance():
        Event.objects.all().delete()
        _ = 1 / 0
    assert Event.objects.exists()
    with pytest.raises(DatabaseError, match=ERROR_TEXT), transaction.atomic():
        Event.objects.all().delete()
