"""Entries of the record as they come to stand there, without the verbs and the door that write them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from audit.models import Call, Event, Pending
from core.ids import new_id

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
APP, KEY = new_id(), new_id()
PREFIX = "alter_key_app_x7Kd2mQp"


def acted(app_id: UUID | None = APP, at: datetime = NOON, **columns: Any) -> Event:
    """An act on record."""
    given = {
        "action": "key.rename",
        "actor_kind": "person",
        "actor_id": "1",
        "actor_label": "Admin <admin@example.com>",
        "target_kind": "key",
        "target_id": str(KEY),
        "target_label": "worker",
        "via": "page",
    }
    return Event.objects.create(**{**given, "app_id": app_id, "at": at, **columns})


def called(app_id: UUID | None = APP, at: datetime = NOON, **columns: Any) -> Call:
    """A call on record; refused if it is given a code."""
    allowed = not columns.get("code")
    given = {
        "key_id": KEY,
        "key_prefix": PREFIX,
        "key_name": "worker",
        "via": "door",
        "method": "GET",
        "path": "/grants",
        "status": 200 if allowed else 403,
        "allowed": allowed,
    }
    return Call.objects.create(**{**given, "app_id": app_id, "at": at, **columns})


def minted_as(prefix: str, key_id: UUID | None = None, app_id: UUID = APP, **columns: Any) -> UUID:
    """The id of a key that was given `prefix`, by the act that is on record."""
    key_id = key_id or new_id()
    acted(app_id, **{"action": "key.mint", "key_id": key_id, "key_prefix": prefix, **columns})
    return key_id


def sealed() -> None:
    """Let no row wait for its seal."""
    Pending.objects.all().delete()
