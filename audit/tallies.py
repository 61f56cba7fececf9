"""Counts what happened in each hour, for an app and with each key, as rows are sealed: figures without a scan."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from audit.ids import new_id
from audit.models.seals import NOWHERE
from audit.rows import FIELDS, Row

_APP, _KEY = FIELDS["call"].index("app_id"), FIELDS["call"].index("key_id")
_ALLOWED = FIELDS["call"].index("allowed")
_ADD = """
INSERT INTO audit_tally (id, stream, key_id, hour, acts, allowed, refused) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (stream, key_id, hour) DO UPDATE SET acts = audit_tally.acts + excluded.acts,
    allowed = audit_tally.allowed + excluded.allowed, refused = audit_tally.refused + excluded.refused
"""
Place = tuple[UUID, UUID, datetime]


def add(found: Iterable[Row]) -> None:
    """Count these rows, once. Part of the transaction that seals them."""
    counted: defaultdict[Place, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in found:
        for place in _places(row):
            counted[place][_column(row)] += 1
    adapt = connection.ops.adapt_datetimefield_value
    lines = [
        (_stored(new_id()), _stored(app), _stored(key), adapt(hour), *figures)
        for (app, key, hour), figures in sorted(counted.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, lines)


def _places(row: Row) -> Iterable[Place]:
    app, key = row.values[_APP] or NOWHERE, row.values[_KEY]
    hour = row.at.replace(minute=0, second=0, microsecond=0)
    yield app, NOWHERE, hour
    if key:
        yield app, key, hour


def _column(row: Row) -> int:
    if row.kind == "event":
        return 0
    return 1 if row.values[_ALLOWED] else 2


def _stored(value: UUID) -> UUID | str:
    """As this engine's uuid column holds it."""
    return value if connection.features.has_native_uuid_field else value.hex
