"""Checks that the indexes of audit tables hold every row of their tables.

On SQLite `PRAGMA integrity_check` tells, on PostgreSQL the extension amcheck, where it is there. Both read whole
tables: the watch looks once an hour, and for no more than a hundredth of the time.
"""

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from audit.integrity.checking import blueprints
from audit.integrity.checking.findings import Finding
from audit.integrity.sealing import high_water_marks
from core.clock import now

log = logging.getLogger(__name__)
CODE = "indexes"
HELD, NEXT = "indexes-held", "indexes-next"
"""Marks outside the database: when a look began that found nothing, and when the next one is due."""
RHYTHM, SHARE = timedelta(hours=1), 100
"""How often the watch looks; with large tables, after so many times what the last look took."""
RETRY = timedelta(minutes=5)
"""When it looks again after a look that failed."""
STEP_SECONDS, PAGE_SECONDS = 5.0, 1.0
"""How long a program's step, and one of a page, may look."""
MAX_TOLD = 5
_OF_VALUES = re.compile(r"(CHECK constraint failed|NULL value|NUMERIC value|TEXT value|non-\w+ value) in ")
"""What SQLite says of values: those that the portal does not write are found where rows are read."""
_AMCHECK = """
SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
WHERE extname = 'amcheck'
AND has_function_privilege(quote_ident(nspname) || '.bt_index_check(regclass, boolean)', 'EXECUTE')
"""
_BTREES = """
SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
JOIN pg_am ON pg_am.oid = relam WHERE indrelid IN (SELECT relid FROM pg_partition_tree(%s) WHERE isleaf)
AND amname = 'btree' AND indisvalid AND relkind = 'i'
"""
NEVER = datetime.min.replace(tzinfo=UTC)


class Unfinished(Exception):
    """There was not the time."""


@dataclass
class Look:
    """The last look of this process: when it began, and what it found."""

    at: datetime = NEVER
    says: str = ""
    next_at: datetime = NEVER
    """When this process looks again, if that could not be noted outside."""
    pause: timedelta = timedelta(0)
    """How long to wait after it, by what it took."""


last = Look()


def tables() -> list[str]:
    """Those whose indexes are looked at."""
    return list(blueprints.table_statements())


def wrong(table: str, ends: float | None = None) -> list[str]:
    """What is wrong with the indexes of a table. `ends`: a moment of time.monotonic(); past it raises Unfinished."""
    return _on_postgres(table) if connection.vendor == "postgresql" else _on_sqlite(table, ends)


def is_possible() -> bool:
    """Whether the database can be asked."""
    return connection.vendor == "sqlite" or _amcheck() is not None


def step(position: int, *, patience: float | None) -> tuple[list[Finding], int | None]:
    """Look at tables from the place on. Returns findings, and where the next step begins; None: that was the last."""
    names, findings = tables(), list[Finding]()
    begun = time.monotonic()
    ends = begun + patience if patience else None
    for at, table in enumerate(names[position:], position):
        if patience and at > position and time.monotonic() - begun > patience / 2:
            return findings, at
        try:
            findings += [Finding("index", f"{table}: {message}") for message in wrong(table, ends)[:MAX_TOLD]]
        except Unfinished:
            message = f"The indexes of {table} take too long to check here. Run .venv/bin/python manage.py check_audit."
            findings.append(Finding("unchecked", message))
    return findings, None


def watch() -> int:
    """Look, if it is time to. Returns 0: it is all done at once.

    The next look is noted before this one begins, so that no other process looks meanwhile. What cannot be noted,
    because the disk is full, keeps this process from looking again all the same.
    """
    moment = now()
    if not _is_due(moment) or not is_possible():
        return 0
    _note_next(moment + max(RHYTHM, last.pause))
    begun, rhythm = time.monotonic(), RETRY
    try:
        errors = [f"{table}: {error}" for table in tables() for error in wrong(table)]
        rhythm, last.at, last.says = RHYTHM, moment, _sentence(errors)
    finally:
        last.pause = max(rhythm, SHARE * timedelta(seconds=time.monotonic() - begun))
        _note_next(moment + last.pause)
    if not errors:
        _note(HELD, moment)
    return 0


def _note_next(moment: datetime) -> None:
    """Let nobody look before then; what cannot be noted outside holds in this process."""
    last.next_at = NEVER if _note(NEXT, moment) else moment


def _is_due(moment: datetime) -> bool:
    """Whether nobody has looked lately. A moment far ahead was written before the clock was set back."""
    position = high_water_marks.read(NEXT)
    noted = datetime.fromtimestamp(position.number, UTC) if position else NEVER
    return not any(moment < due < moment + timedelta(days=30) for due in (noted, last.next_at))


def _note(name: str, moment: datetime) -> bool:
    """Set a mark. False: it cannot be written."""
    try:
        high_water_marks.write(name, int(moment.timestamp()), b"")
    except OSError as error:
        log.error("%s cannot be written to: %s", settings.MARKS_DIR, error.strerror)
        return False
    return True


def load_finding() -> str:
    """What this process found at its last look, unless another has found nothing since. Empty: nothing."""
    return last.says if last.at >= last_passed_at() else ""


def last_passed_at() -> datetime:
    """When the last look began that found nothing."""
    position = high_water_marks.read(HELD)
    return datetime.fromtimestamp(position.number, UTC) if position else NEVER


def _sentence(errors: list[str]) -> str:
    if not errors:
        return ""
    message = f"Audit log indexes do not match their tables: {'; '.join(errors[:MAX_TOLD])[:300]}."
    return (
        f"{message} Copy the database as it is, run .venv/bin/python manage.py check_audit, then REINDEX. "
        "See docs/integrity.md."
    )


def _on_sqlite(table: str, ends: float | None) -> list[str]:
    connection.ensure_connection()
    if ends:
        connection.connection.set_progress_handler(lambda: time.monotonic() > ends, 10_000)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA integrity_check('{table}')")
            errors = [error for (error,) in cursor.fetchall() if error != "ok"]
    except DatabaseError as error:
        if "interrupt" in str(error):
            raise Unfinished from error
        errors = [str(error)]
    finally:
        if ends:
            connection.connection.set_progress_handler(None, 0)
    return [error for error in errors if not _OF_VALUES.match(error)]


def _on_postgres(table: str) -> list[str]:
    schema = _amcheck()
    return list(_unlike(table, schema)) if schema else []


def _amcheck() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(_AMCHECK, None)
        load_finding = cursor.fetchone()
    return load_finding[0] if load_finding else None


def _unlike(table: str, schema: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_BTREES, [table])
        for (index,) in cursor.fetchall():
            try:
                with transaction.atomic():
                    cursor.execute(f"SELECT {schema}.bt_index_check(%s::regclass, true)", [index])
            except DatabaseError as error:
                yield str(error).splitlines()[0]
