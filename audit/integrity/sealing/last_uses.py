"""Updates the first, last allowed and last denied time of each key, agent and caller during sealing.

What is kept here survives the retention of calls. A call itself costs nothing more: the sealer reads every row anyway.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from audit.integrity.sealing.row_values import FIELDS, Row

SUBJECTS = tuple(FIELDS["call"].index(name) for name in ("key_id", "agent_id", "caller_id"))
_ALLOWED = FIELDS["call"].index("allowed")
ADD = """
INSERT INTO audit_lastuse (subject_id, first_at, allowed_at, denied_at) {lines}
ON CONFLICT (subject_id) DO UPDATE SET
    first_at = CASE WHEN excluded.first_at < audit_lastuse.first_at THEN excluded.first_at
        ELSE audit_lastuse.first_at END,
    allowed_at = CASE WHEN audit_lastuse.allowed_at IS NULL OR excluded.allowed_at > audit_lastuse.allowed_at
        THEN COALESCE(excluded.allowed_at, audit_lastuse.allowed_at) ELSE audit_lastuse.allowed_at END,
    denied_at = CASE WHEN audit_lastuse.denied_at IS NULL OR excluded.denied_at > audit_lastuse.denied_at
        THEN COALESCE(excluded.denied_at, audit_lastuse.denied_at) ELSE audit_lastuse.denied_at END
"""
"""Merges lines into what is kept: each moment only moves to an earlier first and to later last ones."""
_ONE = ADD.format(lines="VALUES (%s, %s, %s, %s)")
_MANY = ADD.format(
    lines="SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])"
)
Moments = list[datetime | None]


def add(rows: Iterable[Row]) -> None:
    """Fold the calls among these rows in. Part of the transaction that seals them."""
    adapt, native = connection.ops.adapt_datetimefield_value, connection.features.has_native_uuid_field
    lines = [
        (subject if native else subject.hex, *map(adapt, moments))
        for subject, moments in sorted(_folded(rows).items())
    ]
    with connection.cursor() as cursor:
        if lines and connection.vendor == "postgresql":
            cursor.execute(_MANY, [list(column) for column in zip(*lines, strict=True)])
        elif lines:
            cursor.executemany(_ONE, lines)


def _folded(rows: Iterable[Row]) -> dict[UUID, Moments]:
    """First call, last allowed and last denied of each subject among some rows."""
    folded: dict[UUID, Moments] = {}
    for row in rows:
        if row.kind != "call":
            continue
        column = 1 if row.values[_ALLOWED] else 2
        for subject in {row.values[index] for index in SUBJECTS} - {None}:
            had = folded.setdefault(subject, [row.at, None, None])
            had[0] = min(had[0] or row.at, row.at)
            had[column] = max(had[column] or row.at, row.at)
    return folded
