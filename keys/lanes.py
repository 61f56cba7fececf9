"""Carries out batches of calls, each in one transaction on a connection of its own: at most four at once."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from audit import calls
from keys import door
from keys.door import Outcome, Question

log = logging.getLogger(__name__)
MOST = {"postgresql": 4, "sqlite": 1}
"""Batches on their way at the most. SQLite lets one write at a time."""


class Ticket:
    """One call on its way through a batch. `turn` is released when there is something to do for its thread."""

    __slots__ = ("error", "leads", "outcome", "question", "started", "turn", "whole")

    def __init__(self, question: Question, started: int, *, whole: bool) -> None:
        self.question, self.started, self.whole = question, started, whole
        self.outcome: Outcome | None = None
        self.error: Exception | None = None
        self.leads = False
        self.turn = threading.Lock()
        self.turn.acquire()

    def came(self) -> Outcome:
        """What came of it. Raises what went wrong."""
        if self.error:
            raise self.error
        if self.outcome is None:
            raise RuntimeError("this call has not been treated")
        return self.outcome

    @property
    def is_recorded(self) -> bool:
        """Whether its row is written with the batch: that of a whole call is, and that of one refused already."""
        outcome = self.outcome
        return bool(
            outcome and (self.whole or (outcome.verdict.refusal is not None and not outcome.is_unfinished))
        )

    def line(self) -> dict[str, Any]:
        """Its row."""
        return door.line_of(self.question, self.came(), (time.perf_counter_ns() - self.started) // 1000)


def treat(tickets: Sequence[Ticket], db: BaseDatabaseWrapper) -> None:
    """Look up, judge and record these calls, within the transaction that `db` is in."""
    outcomes = door.settle([ticket.question for ticket in tickets], db)
    for ticket, outcome in zip(tickets, outcomes, strict=True):
        ticket.outcome = outcome
    calls.write([ticket.line() for ticket in tickets if ticket.is_recorded], db)


class Lanes:
    """The connections of one process that batches travel on. They are made when they are needed."""

    def __init__(self) -> None:
        self._idle: list[BaseDatabaseWrapper] = []

    @property
    def most(self) -> int:
        """How many there may be."""
        return MOST[connection.vendor]

    def carry_out(self, batch: Sequence[Ticket], before_commit: Callable[[], None]) -> None:
        """Treat `batch` in one transaction; each ticket has its outcome or its error afterwards. Raises nothing.

        If something in it cannot be done, each call gets a transaction of its own: only the one at fault fails.
        """
        try:
            error = self._try(batch, before_commit)
            if error and len(batch) > 1 and not isinstance(error, Lost):
                for ticket in batch:
                    ticket.error = self._try([ticket], before_commit)
            else:
                for ticket in batch:
                    ticket.error = error.cause if isinstance(error, Lost) else error
        except Exception as mistake:
            log.exception("a batch of calls failed")
            for ticket in batch:
                ticket.error = ticket.error or mistake

    def close(self) -> None:
        """Close those that no batch is on."""
        while self._idle:
            self._idle.pop().close()

    def _try(self, batch: Sequence[Ticket], before_commit: Callable[[], None]) -> Exception | None:
        """One transaction. What went wrong, if something did; Lost, if it was the database itself."""
        try:
            lane = self._idle.pop()
        except IndexError:
            return self._on(_new(), batch, before_commit)
        error = self._on(lane, batch, before_commit)
        # A connection that was idle may have died long ago. That is no reason to refuse anybody.
        again = isinstance(error, Lost) and not error.at_commit
        return self._on(_new(), batch, before_commit) if again else error

    def _on(
        self, lane: BaseDatabaseWrapper, batch: Sequence[Ticket], before_commit: Callable[[], None]
    ) -> Exception | None:
        at_commit = False
        try:
            if lane.connection is None:
                _open(lane)
            _say(lane, "BEGIN IMMEDIATE" if lane.vendor == "sqlite" else "BEGIN")
            treat(batch, lane)
            before_commit()
            at_commit = True
            _say(lane, "COMMIT")
        except Exception as error:
            if at_commit or not _is_rolled_back(lane):
                lane.close()
                return Lost(error, at_commit=at_commit)
            self._idle.append(lane)
            return error
        self._idle.append(lane)
        return None


class Lost(Exception):
    """The database is gone, or a commit did not return: whether it happened is not known."""

    def __init__(self, cause: Exception, *, at_commit: bool) -> None:
        super().__init__(str(cause))
        self.cause, self.at_commit = cause, at_commit


def _new() -> BaseDatabaseWrapper:
    """A connection that any thread may use, one at a time. Not of the pool: a lane is kept for ever."""
    lane = connections.create_connection(DEFAULT_DB_ALIAS)
    lane.inc_thread_sharing()
    return lane


def _open(lane: BaseDatabaseWrapper) -> None:
    """Connect. On PostgreSQL a lane's few statements are planned once: that costs more than to carry them out."""
    if lane.vendor == "postgresql":
        options = {name: value for name, value in lane.settings_dict["OPTIONS"].items() if name != "pool"}
        prepared = {"server_side_binding": True, "prepare_threshold": 0}
        lane.settings_dict = {**lane.settings_dict, "OPTIONS": {**prepared, **options}}
        _say(lane, "SET plan_cache_mode = force_generic_plan")
    else:
        lane.ensure_connection()


def _is_rolled_back(lane: BaseDatabaseWrapper) -> bool:
    """Undo what was begun. False: the connection is of no more use."""
    try:
        if lane.connection is None:
            return False
        _say(lane, "ROLLBACK")
    except Exception:
        return False
    return True


def _say(lane: BaseDatabaseWrapper, statement: str) -> None:
    with lane.cursor() as cursor:
        cursor.execute(statement)
