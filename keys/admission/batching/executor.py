"""Runs batches of calls, each on a database connection of its own: at most four at the same time."""

import logging
from collections.abc import Callable, Sequence
from functools import cached_property

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from audit import calls
from keys.admission import admit
from keys.admission.batching import postgres
from keys.admission.batching.connection import BatchConnection
from keys.admission.batching.pending_call import PendingCall

log = logging.getLogger(__name__)
MAX_CONNECTIONS = {"postgresql": 4, "sqlite": 1}
"""Batches that run at the same time, by engine. SQLite allows one writer."""


class ConnectionLost(Exception):
    """The connection broke. `at_commit`: during a commit, so that it is unknown whether it happened."""

    def __init__(self, cause: Exception, *, at_commit: bool) -> None:
        super().__init__(str(cause))
        self.cause, self.at_commit = cause, at_commit


def process(pending_calls: Sequence[PendingCall], db: BaseDatabaseWrapper) -> None:
    """Look up, judge and record these calls, within the transaction that `db` is in."""
    nonce_spent = {place for place, pending in enumerate(pending_calls) if pending.nonce_spent}
    decisions = admit.decide([pending.call_request for pending in pending_calls], db, nonce_spent)
    for pending, decision in zip(pending_calls, decisions, strict=True):
        pending.decision = decision
    recorded = [pending for pending in pending_calls if pending.is_recorded_in_batch(pending.decision)]
    calls.write([pending.row(pending.decision) for pending in recorded], db)


def read_requests(pending_calls: Sequence[PendingCall]) -> list[PendingCall]:
    """Read the requests. The calls whose request could be read; the others have their error."""
    for pending in pending_calls:
        try:
            pending.call_request = pending.read_request()
        except Exception as error:
            pending.error = error
    return [pending for pending in pending_calls if not pending.error]


def make_answers(pending_calls: Sequence[PendingCall]) -> None:
    """Make the answers of the calls that are settled."""
    for pending in pending_calls:
        try:
            if pending.settled:
                pending.answer = pending.make_answer(pending.call_request, pending.decision)
        except Exception as error:
            pending.error = error


class BatchExecutor:
    """The connections of one process that run batches. They are opened when they are needed."""

    def __init__(self) -> None:
        self._idle: list[BatchConnection] = []

    @cached_property
    def max_connections(self) -> int:
        """How many batches may run at the same time."""
        return MAX_CONNECTIONS[connection.vendor]

    def run(self, batch: Sequence[PendingCall], before_commit: Callable[[], None]) -> None:
        """Process `batch`; afterwards each call is settled or has its error. Raises nothing.

        If the batch fails, each call gets a transaction of its own, so that only the faulty one fails.
        """
        try:
            pending_calls = read_requests(batch)
            failure = self._attempt(pending_calls, before_commit)
            if failure and not isinstance(failure, ConnectionLost):
                log.warning(
                    "%d calls are processed one by one after %s", len(pending_calls), type(failure).__name__
                )
                for pending in _unsettled(pending_calls):
                    pending.error = _cause(self._attempt([pending], before_commit, alone=True))
            else:
                for pending in _unsettled(pending_calls):
                    pending.error = _cause(failure)
            make_answers(pending_calls)
        except Exception as error:
            log.exception("a batch of calls failed")
            for pending in batch:
                pending.error = pending.error or error

    def close(self) -> None:
        """Close the connections that no batch is using."""
        while self._idle:
            self._idle.pop().close()

    def _attempt(
        self, pending_calls: Sequence[PendingCall], before_commit: Callable[[], None], *, alone: bool = False
    ) -> Exception | None:
        """Process the calls in one transaction. The error, if there was one; ConnectionLost if the connection broke."""
        if not pending_calls:
            return None
        try:
            batch_connection = self._idle.pop()
        except IndexError:
            return self._run_on(BatchConnection(), pending_calls, before_commit, alone)
        error = self._run_on(batch_connection, pending_calls, before_commit, alone)
        # A connection that was idle may have died long ago: once, on a new one, is no second try.
        if isinstance(error, ConnectionLost) and not error.at_commit:
            return self._run_on(BatchConnection(), _unsettled(pending_calls), before_commit, alone)
        return error

    def _run_on(
        self,
        batch_connection: BatchConnection,
        pending_calls: Sequence[PendingCall],
        before_commit: Callable[[], None],
        alone: bool,
    ) -> Exception | None:
        at_commit = False

        def committing() -> None:
            nonlocal at_commit
            at_commit = True
            before_commit()

        try:
            batch_connection.open()
            if batch_connection.on_postgres and not alone:
                postgres.process(pending_calls, batch_connection, committing)
                at_commit = False
            if unsettled := _unsettled(pending_calls):
                batch_connection.begin()
                process(unsettled, batch_connection.db)
                committing()
                batch_connection.execute("COMMIT")
                for pending in unsettled:
                    pending.settled = True
        except Exception as error:
            if not batch_connection.rollback():
                batch_connection.close()
                return ConnectionLost(error, at_commit=at_commit)
            self._idle.append(batch_connection)
            return error
        self._idle.append(batch_connection)
        return None


def _cause(error: Exception | None) -> Exception | None:
    """The error that the caller gets."""
    return error.cause if isinstance(error, ConnectionLost) else error


def _unsettled(pending_calls: Sequence[PendingCall]) -> list[PendingCall]:
    """The calls without a decision on disk."""
    return [pending for pending in pending_calls if not pending.settled]
