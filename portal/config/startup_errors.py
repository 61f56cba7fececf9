"""Tells in one sentence what keeps the portal from starting, where its surroundings do: no traceback, no secret."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connections,
)
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.exceptions import InconsistentMigrationHistory

from core.masking import mask_path
from core.migration_state import NOT_PREPARED

EXIT_CODE = 2
NOT_AS_LISTED = (
    "The database is not as its list of migrations says (the table django_migrations): {why}. Bring back the backup"
    " from before the list was changed; do not edit it by hand."
)
_OF_SQLITE = {
    "unable to open database file": "its folder must be there, and this account must be able to write in it",
    "file is not a database": "it is no SQLite database; DATABASE_URL or PORTAL_DATA names another file",
    "database disk image is malformed": "it is damaged; bring it back from a backup",
    "attempt to write a readonly database": "this account cannot write it",
    "database or disk is full": "its disk is full",
    "disk I/O error": "its disk cannot be read or written",
    "database is locked": "another program holds it; try again when that has ended",
}
PROGRAMMING = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
"""What a database says of statements and values, which are the portal's own."""
_OTHER_TABLES = (
    "no such column", "UndefinedColumn",
    "already exists", "duplicate column name", "DuplicateTable", "DuplicateColumn", "DuplicateObject",
)  # fmt: skip
_NO_TABLE = ("no such table", "UndefinedTable")


class CannotStart(Exception):
    """The portal cannot start; the text says why, and what to do."""


@contextmanager
def in_a_sentence() -> Iterator[None]:
    """End the process with a sentence on stderr if a setting, the database or a file keeps it from its work."""
    try:
        yield
    except (ImproperlyConfigured, CannotStart) as wrong:
        _stop(str(wrong))
    except BrokenPipeError:  # whoever read has read enough
        sys.stderr.close()
        sys.exit(EXIT_CODE)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        _stop(sentence)


def explain(error: Exception) -> str | None:
    """What `error` says of the portal's surroundings. None: it is a mistake of the portal's own."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}."
    if isinstance(error, InconsistentMigrationHistory):
        return NOT_AS_LISTED.format(why=_first_line(str(error)))
    # psycopg's pool is there on PostgreSQL only, so its error is known by name.
    if not isinstance(error, (DatabaseError, InterfaceError)) and type(error).__name__ != "PoolTimeout":
        return None
    if _is_among(error, _NO_TABLE):
        return NOT_PREPARED
    if isinstance(error, OperationalError | ProgrammingError) and _is_among(error, _OTHER_TABLES):
        return NOT_AS_LISTED.format(why=_first_line(str(error)))
    if connections["default"].vendor == "sqlite":
        return _of_sqlite(str(error))
    if isinstance(error, PROGRAMMING):
        return None
    try:
        require_database()
    except CannotStart as wrong:
        return str(wrong)
    return f"The database did not do what it was asked: {_first_line(str(error))}. Try again in a moment."


def _is_among(error: Exception, marks: tuple[str, ...]) -> bool:
    return any(mark in f"{error} {type(error.__cause__).__name__}" for mark in marks)


def require_database() -> None:
    """Make sure that the database is there and prepared. Raises CannotStart."""
    connection = unpooled(connections["default"])
    try:
        tables = connection.introspection.table_names()
    except (DatabaseError, InterfaceError, OSError) as error:
        raise CannotStart(_unreachable(connection, str(error))) from None
    finally:
        connection.close()
    if "django_migrations" not in tables:
        raise CannotStart(NOT_PREPARED)


def unpooled(connection: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    """Another connection to the same database, which no pool knows: it fails at once, and says why."""
    other: BaseDatabaseWrapper = connection.copy()
    other.settings_dict.get("OPTIONS", {}).pop("pool", None)
    return other


def _unreachable(connection: BaseDatabaseWrapper, why: str) -> str:
    if connection.vendor == "sqlite" and (sentence := _of_sqlite(why)):
        return sentence
    reason = _first_line(why)
    return f"The database cannot be reached: {reason}. Look at DATABASE_URL, and whether the database is running."


def _first_line(why: str) -> str:
    return why.strip().partition("\n")[0][:300].rstrip(".")


def _of_sqlite(why: str) -> str | None:
    path = connections["default"].settings_dict["NAME"]
    explanation = next((explanation for message, explanation in _OF_SQLITE.items() if message in why), None)
    return explanation and f"The database {mask_path(str(path))} cannot be used: {explanation}."


def _stop(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(EXIT_CODE)
