"""BatchConnection: a database connection that runs batches of calls, one at a time, from any thread."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connections

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

PLANNER_OPTIONS = " ".join(
    [
        "-c plan_cache_mode=force_generic_plan",
        *(
            f"-c enable_{method}=off"
            for method in ("seqscan", "bitmapscan", "hashjoin", "mergejoin", "memoize")
        ),
    ]
)
"""Planner settings on PostgreSQL: one generic plan for each statement, by index lookups, whatever the table statistics
say. Set as the connection starts, which no pooler hands to anyone else."""
Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement for PostgreSQL, prepared under a name. Its parameters are $1, $2 and so on."""

    name: str
    sql: str


class BatchConnection:
    """A connection outside the pool, opened when it is needed and kept."""

    def __init__(self) -> None:
        self.db = connections.create_connection(DEFAULT_DB_ALIAS)
        self.db.inc_thread_sharing()
        self._prepared: set[str] = set()

    @property
    def on_postgres(self) -> bool:
        """Whether the database is PostgreSQL."""
        return self.db.vendor == "postgresql"

    def open(self) -> None:
        """Connect, unless it is connected."""
        if self.db.connection is not None:
            return
        self._prepared.clear()
        if self.on_postgres:
            options = {
                name: value for name, value in self.db.settings_dict["OPTIONS"].items() if name != "pool"
            }
            options["options"] = f"{options.get('options', '')} {PLANNER_OPTIONS}".strip()
            self.db.settings_dict = {**self.db.settings_dict, "OPTIONS": options}
        self.db.ensure_connection()

    def close(self) -> None:
        """Disconnect."""
        self.db.close()

    def execute(self, statement: str) -> None:
        """Execute a statement that returns no rows."""
        with self.db.cursor() as cursor:
            cursor.execute(statement)

    def begin(self) -> None:
        """Begin a transaction."""
        self.execute("BEGIN" if self.on_postgres else "BEGIN IMMEDIATE")

    def query(self, statement: Statement, *values: str) -> list[Row]:
        """Execute `statement` on PostgreSQL and return its rows as text.

        By the driver's interface to libpq, whose functions are plain calls into C: a cursor takes three times as long.
        Raises what Django raises.
        """
        raw, name = self._raw, statement.name.encode()
        with self.db.wrap_database_errors:
            if statement.name not in self._prepared:
                _check(raw.prepare(name, statement.sql.encode()))
                self._prepared.add(statement.name)
            result = _check(raw.exec_prepared(name, [value.encode() for value in values]))
        columns = range(result.nfields)
        return [tuple([_text(result, row, column) for column in columns]) for row in range(result.ntuples)]

    def rollback(self) -> bool:
        """Roll back. False: the connection is broken."""
        try:
            if self.db.connection is None:
                return False
            self.execute("ROLLBACK")
        except Exception:
            return False
        return True

    @property
    def _raw(self) -> "PGconn":
        connection: Any = self.db.connection
        return connection.pgconn  # type: ignore[no-any-return]


def _text(result: "PGresult", row: int, column: int) -> str | None:
    value = result.get_value(row, column)
    return None if value is None else value.decode()


def _check(result: "PGresult") -> "PGresult":
    """`result`, unless it is an error: then it is raised as the driver would."""
    from psycopg import OperationalError, errors, pq

    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return result
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    error = errors.lookup(state.decode()) if state else OperationalError
    raise error(result.error_message.decode(errors="replace").strip())
