"""Monthly partitions of API requests on PostgreSQL: created ahead, dropped whole (docs/decisions/0016).

The first partition is open towards the past and the last one towards the future, so that a call always has a
place, whoever forgot to make one. There is no DEFAULT partition: with one, PostgreSQL could not read the newest
rows from the newest partition alone.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection, transaction

from core.clock import now

FIRST, LAST = "audit_call_before", "audit_call_after"
AHEAD = 1
"""Months that are made before they begin."""
_BOUND = re.compile(r"(FROM|TO) \((MINVALUE|MAXVALUE|'([^']+)')\)")
_PARTS = """
SELECT part.relname, pg_get_expr(part.relpartbound, part.oid) FROM pg_inherits
JOIN pg_class AS part ON part.oid = inhrelid WHERE inhparent = 'audit_call'::regclass
"""
_GRANTED = """
SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END
FROM pg_class, aclexplode(relacl) WHERE oid = %s::regclass AND grantee <> relowner
"""


class Part(NamedTuple):
    """A partition, and the moments it lies between. None: it is open on that side."""

    name: str
    begins: datetime | None
    ends: datetime | None


def parts() -> list[Part]:
    """The partitions there are, the oldest first. None on SQLite. What has no bounds in time is somebody else's."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(_PARTS)
        bounded = [(name, _bounds(bounded)) for name, bounded in cursor.fetchall()]
    partitions = [Part(name, *bounds) for name, bounds in bounded if bounds]
    return sorted(partitions, key=lambda part: part.begins or datetime.min.replace(tzinfo=UTC))


def are_ours() -> bool:
    """Whether there are partitions, and this role owns them: only an owner makes and drops them."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'audit_call'::regclass"
        )
        return bool(cursor.fetchone()[0])


@transaction.atomic
def make_ahead() -> int:
    """Make the partitions of this month and the next, unless they are there; return how many were made."""
    made, until = 0, months_after(now(), AHEAD + 1)
    while (last := _last()) and last.begins and last.begins < until:
        _roll(last.begins)
        made += 1
    return made


@transaction.atomic
def drop_before(moment: datetime) -> int:
    """Drop every month that ended by `moment`; return how many went. Rows older still find a place."""
    gone = [part for part in parts() if part.ends and part.ends <= moment]
    if not gone or [part.name for part in gone] == [FIRST]:
        return 0
    with connection.cursor() as cursor:
        for part in gone:
            cursor.execute(f"ALTER TABLE audit_call DETACH PARTITION {part.name}")
            cursor.execute(f"DROP TABLE {part.name}")
    ends = gone[-1].ends
    if ends:
        create(FIRST, None, ends)
    return len(gone)


def create(name: str, begins: datetime | None, ends: datetime | None) -> None:
    """Make a partition. A statement that would empty it is refused, as for the whole."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} PARTITION OF audit_call {_range(begins, ends)}")
        cursor.execute(
            f"CREATE TRIGGER {name}_append_only_table BEFORE TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        )
    withhold(name)


def withhold(name: str) -> None:
    """Let only its owner use a partition by its own name.

    What is withheld of the whole must not be had of a part, and to use the whole takes no right to its parts.
    """
    with connection.cursor() as cursor:
        cursor.execute(_GRANTED, [name])
        for (role,) in cursor.fetchall():
            cursor.execute(f"REVOKE ALL ON {name} FROM {role}")


def month(moment: datetime) -> datetime:
    """The first instant of its month, in UTC."""
    utc = moment.astimezone(UTC)
    return datetime(utc.year, utc.month, 1, tzinfo=UTC)


def months_after(moment: datetime, months: int) -> datetime:
    """The first instant of the month that is `months` after that of `moment`."""
    first = month(moment)
    years, months = divmod(first.month - 1 + months, 12)
    return first.replace(year=first.year + years, month=months + 1)


def _last() -> Part | None:
    return next((part for part in parts() if part.name == LAST), None)


def _roll(begins: datetime) -> None:
    """Let the open partition become that of its first month, or of as many as it has rows of; open another."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE audit_call IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"SELECT max(at) FROM {LAST}")
        newest = cursor.fetchone()[0]
        ends = months_after(max(newest or begins, begins), 1)
        name = f"audit_call_{begins:%Y_%m}"
        cursor.execute(f"ALTER TABLE audit_call DETACH PARTITION {LAST}")
        cursor.execute(f"ALTER TABLE {LAST} RENAME TO {name}")
        cursor.execute(f"ALTER TRIGGER {LAST}_append_only_table ON {name} RENAME TO {name}_append_only_table")
        cursor.execute(f"ALTER TABLE audit_call ATTACH PARTITION {name} {_range(begins, ends)}")
    create(LAST, ends, None)


def _range(begins: datetime | None, ends: datetime | None) -> str:
    lower = f"'{begins.isoformat()}'" if begins else "MINVALUE"
    upper = f"'{ends.isoformat()}'" if ends else "MAXVALUE"
    return f"FOR VALUES FROM ({lower}) TO ({upper})"


def _bounds(text: str) -> tuple[datetime | None, datetime | None] | None:
    try:
        moments = {
            side: datetime.fromisoformat(moment) if moment else None
            for side, _, moment in _BOUND.findall(text)
        }
        return moments["FROM"], moments["TO"]
    except (KeyError, ValueError):
        return None
