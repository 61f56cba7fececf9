"""Updates the hourly counts of events and requests, for each app and key, during sealing."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from audit.integrity.sealing.row_values import FIELDS, Row
from audit.models.seals import NOWHERE
from core.ids import new_id

_APP, _KEY = FIELDS["call"].index("app_id"), FIELDS["call"].index("key_id")
_ALLOWED = FIELDS["call"].index("allowed")
_ADD = """
INSERT INTO audit_tally (id, stream, key_id, hour, events, allowed, denied) {lines}
ON CONFLICT (stream, key_id, hour) DO UPDATE SET events = audit_tally.events + excluded.events,
    allowed = audit_tally.allowed + excluded.allowed, denied = audit_tally.denied + excluded.denied
"""
_ONE = _ADD.format(lines="VALUES (%s, %s, %s, %s, %s, %s, %s)")
_MANY = _ADD.format(
    lines="SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::bigint[], %s::bigint[], "
    "%s::bigint[])"
)
TallyKey = tuple[UUID, UUID, datetime]


def add(rows: Iterable[Row]) -> None:
    """Count these rows, once. Part of the transaction that seals them."""
    adapt = connection.ops.adapt_datetimefield_value
    lines = [
        (_stored(new_id()), _stored(app), _stored(key), adapt(hour), *figures)
        for (app, key, hour), figures in sorted(_counted(rows).items())
    ]
    with connection.cursor() as cursor:
        if lines and connection.vendor == "postgresql":
            # As columns, in one statement: a pass has thousands of lines.
            cursor.execute(_MANY, [list(column) for column in zip(*lines, strict=True)])
        else:
            cursor.executemany(_ONE, lines)


def _counted(rows: Iterable[Row]) -> dict[TallyKey, list[int]]:
    """Events, calls allowed and calls denied, of each key and of each app in each hour."""
    of_keys: defaultdict[TallyKey, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        hour = row.at.replace(minute=0, second=0, microsecond=0)
        of_keys[row.values[_APP] or NOWHERE, row.values[_KEY] or NOWHERE, hour][_column(row)] += 1
    counted: defaultdict[TallyKey, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (app, key, hour), figures in of_keys.items():
        for tally_key in {(app, key, hour), (app, NOWHERE, hour)}:
            counted[tally_key] = [sum(pair) for pair in zip(counted[tally_key], figures, strict=True)]
    return counted


def _column(row: Row) -> int:
    if row.kind == "event":
        return 0
    return 1 if row.values[_ALLOWED] else 2


def _stored(value: UUID) -> UUID | str:
    """As this engine's uuid column holds it."""
    return value if connection.features.has_native_uuid_field else value.hex
