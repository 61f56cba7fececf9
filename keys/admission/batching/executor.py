"""Carries out batches of calls, each on a lane of its own: at most four at once."""

import logging
from collections.abc import Callable, Sequence
from functools import cached_property

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from audit import calls
from keys.admission import admit
from keys.admission.batching import postgres
from keys.admission.batching.connection import Lane
from keys.admission.batching.pending_call import Ticket

log = logging.getLogger(__name__)
MOST = {"postgresql": 4, "sqlite": 1}
"""Batches on their way at the most. SQLite lets one write at a time."""


class Lost(Exception):
    """The database is gone, or a commit did not return: whether it happened is not known."""

    def __init__(self, cause: Exception, *, at_commit: bool) -> None:
        super().__init__(str(cause))
        self.cause, self.at_commit = cause, at_commit


def treat(tickets: Sequence[Ticket], db: BaseDatabaseWrapper) -> None:
    """Look up, judge and record these calls, within the transaction that `db` is in."""
    spent = {place for place, ticket in enumerate(tickets) if ticket.nonce_spent}
    outcomes = admit.settle([ticket.question for ticket in tickets], db, spent)
    for ticket, outcome in zip(tickets, outcomes, strict=True):
        ticket.outcome = outcome
    kept = [ticket for ticket in tickets if ticket.is_recorded(ticket.outcome)]
    calls.write([ticket.line(ticket.outcome) for ticket in kept], db)


def read(tickets: Sequence[Ticket]) -> list[Ticket]:
    """Have the questions read. Those of `tickets` whose question there is."""
    for ticket in tickets:
        try:
            ticket.question = ticket.read()
        except Exception as error:
            ticket.error = error
    return [ticket for ticket in tickets if not ticket.error]


def tell(tickets: Sequence[Ticket]) -> None:
    """Write the answers of those that are settled."""
    for ticket in tickets:
        try:
            if ticket.settled:
                ticket.told = ticket.tell(ticket.question, ticket.outcome)
        except Exception as error:
            ticket.error = error


class Lanes:
    """The lanes of one process. They are made when they are needed."""

    def __init__(self) -> None:
        self._idle: list[Lane] = []

    @cached_property
    def most(self) -> int:
        """How many there may be."""
        return MOST[connection.vendor]

    def carry_out(self, batch: Sequence[Ticket], before_commit: Callable[[], None]) -> None:
        """Treat `batch`; each ticket is settled or has its error afterwards. Raises nothing.

        If something in it cannot be done, each call gets a transaction of its own: only the one at fault fails.
        """
        try:
            tickets = read(batch)
            error = self._try(tickets, before_commit)
            if error and not isinstance(error, Lost):
                log.warning("%d calls are treated one by one after %s", len(tickets), type(error).__name__)
                for ticket in _open(tickets):
                    ticket.error = _cause(self._try([ticket], before_commit, alone=True))
            else:
                for ticket in _open(tickets):
                    ticket.error = _cause(error)
            tell(tickets)
        except Exception as mistake:
            log.exception("a batch of calls failed")
            for ticket in batch:
                ticket.error = ticket.error or mistake

    def close(self) -> None:
        """Close those that no batch is on."""
        while self._idle:
            self._idle.pop().close()

    def _try(
        self, tickets: Sequence[Ticket], before_commit: Callable[[], None], *, alone: bool = False
    ) -> Exception | None:
        """Once. What went wrong, if something did; Lost, if it was the database itself."""
        if not tickets:
            return None
        try:
            lane = self._idle.pop()
        except IndexError:
            return self._on(Lane(), tickets, before_commit, alone)
        error = self._on(lane, tickets, before_commit, alone)
        # A connection that was idle may have died long ago. That is no reason to refuse anybody.
        again = isinstance(error, Lost) and not error.at_commit
        return self._on(Lane(), _open(tickets), before_commit, alone) if again else error

    def _on(
        self, lane: Lane, tickets: Sequence[Ticket], before_commit: Callable[[], None], alone: bool
    ) -> Exception | None:
        at_commit = False

        def commits() -> None:
            nonlocal at_commit
            at_commit = True
            before_commit()

        try:
            lane.open()
            if lane.on_postgres and not alone:
                postgres.treat(tickets, lane, commits)
                at_commit = False
            if left := _open(tickets):
                lane.begin()
                treat(left, lane.db)
                commits()
                lane.say("COMMIT")
                for ticket in left:
                    ticket.settled = True
        except Exception as error:
            if not lane.undo():
                lane.close()
                return Lost(error, at_commit=at_commit)
            self._idle.append(lane)
            return error
        self._idle.append(lane)
        return None


def _cause(error: Exception | None) -> Exception | None:
    """What a caller is told went wrong."""
    return error.cause if isinstance(error, Lost) else error


def _open(tickets: Sequence[Ticket]) -> list[Ticket]:
    """Those that are not settled."""
    return [ticket for ticket in tickets if not ticket.settled]
