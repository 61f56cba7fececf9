"""Gathers the calls that come while others are on their way, and has them looked up, judged and recorded together.

No timer: a lone call is treated at once. The first thread that finds nobody at work leads a batch; whatever comes
meanwhile waits and is the next one, led by the first of those that wait. While a batch is being committed a crowd may
begin the next, so that a slow disk is waited for by several at once. An answer leaves when the commit that holds its
row has returned (docs/decisions/0023, 0030). Calls that an event loop submits have no thread to lead with: threads of
our own lead for them (docs/decisions/0034).
"""

import os
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from typing import Any

from django.db import connection, transaction

from core.errors import Unavailable
from keys.admission.batching.executor import Lanes, treat
from keys.admission.batching.pending_call import Deliver, Reads, Tells, Ticket

LARGEST = 128
"""Calls in a batch at the most."""
MOST_WAITING = 2048
"""Calls that may wait. One more is told to come again."""
CROWD = 32
"""Calls that make a batch of their own while another is being committed. Small batches cost the most."""
PATIENCE = 20.0
"""Seconds a call waits for its batch before it is given up."""


class Gathering:
    """The calls of one process. `ask()` from any thread; `submit()` from an event loop, which must not wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Ticket] = deque()
        self._working = False
        self._on_the_way = 0
        self._lanes = Lanes()

    def ask(self, read: Reads, tell: Tells, started: int, *, whole: bool, within: bool = False) -> Any:
        """What `tell` makes of the question that `read` reads and of what came of it.

        If the call is `whole`, or refused, it is on record when this returns. `started` is perf_counter_ns at its
        arrival. Whoever asks `within` a transaction is answered in it. Raises Unavailable when too many wait, what the
        two raise, and what the database raises.
        """
        ticket = Ticket(read, tell, started, whole=whole)
        if within:
            return self._within(ticket)
        batch = self._enter(ticket)
        while batch is None:
            if not ticket.turn.acquire(timeout=PATIENCE):
                self._leave(ticket)
                raise Unavailable
            if not ticket.leads:
                return ticket.came()
            batch = self._take()
        self._start(self._lead_one(batch))
        return ticket.came()

    def submit(self, read: Reads, tell: Tells, started: int, deliver: Deliver) -> Ticket:
        """Let a whole call be treated; `deliver` gets its ticket, with others, once it is on record or has failed.

        Raises Unavailable when too many wait.
        """
        ticket = Ticket(read, tell, started, whole=True, deliver=deliver)
        self._start(self._enter(ticket))
        return ticket

    def withdraw(self, ticket: Ticket) -> bool:
        """Take back what was submitted. False: it is on its way already, and will be recorded."""
        with self._lock:
            try:
                self._waiting.remove(ticket)
            except ValueError:
                return False
            return True

    @cached_property
    def _leaders(self) -> ThreadPoolExecutor:
        """Threads that lead batches for calls that have none: one for each lane, and one at work meanwhile."""
        return ThreadPoolExecutor(self._lanes.most + 1, thread_name_prefix="batch")

    def close(self) -> None:
        """Close the connections that no batch is using."""
        self._lanes.close()

    def forget(self) -> None:
        """In a forked process: what the parent was doing is not ours, nor are its connections."""
        self.__init__()  # type: ignore[misc]

    def _within(self, ticket: Ticket) -> Any:
        ticket.question = ticket.read()
        with transaction.atomic():
            treat([ticket], connection)
        ticket.settled = True
        ticket.told = ticket.tell(ticket.question, ticket.outcome)
        return ticket.came()

    def _enter(self, ticket: Ticket) -> list[Ticket] | None:
        """Lead a batch with this ticket in it, or wait (None)."""
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                raise Unavailable
            self._waiting.append(ticket)
            return self._begin() if self._may_begin() else None

    def _may_begin(self) -> bool:
        """Whether a batch may be worked on now. Under the lock."""
        if self._working or not self._waiting:
            return False
        return not self._on_the_way or (self._on_the_way < self._lanes.most and len(self._waiting) >= CROWD)

    def _leave(self, ticket: Ticket) -> None:
        """Give up. Whoever was to lead lets another."""
        with self._lock, suppress(ValueError):
            self._waiting.remove(ticket)
        if ticket.leads:
            self._start(self._hand_on(ended=False))

    def _take(self) -> list[Ticket]:
        with self._lock:
            return self._begin()

    def _begin(self) -> list[Ticket]:
        """Become the one at work, on what waits. Under the lock."""
        self._working = True
        self._on_the_way += 1
        return [self._waiting.popleft() for _ in range(min(LARGEST, len(self._waiting)))]

    def _start(self, batch: list[Ticket] | None) -> None:
        """Have `batch`, if there is one, led by a thread of ours."""
        if batch:
            self._leaders.submit(self._lead, batch)

    def _lead(self, batch: list[Ticket] | None) -> None:
        """Treat `batch`, and after it what waits and has no thread to lead it."""
        while batch:
            batch = self._lead_one(batch)

    def _lead_one(self, batch: list[Ticket]) -> list[Ticket] | None:
        """Treat `batch`; when it comes to its commit, the next may be worked on. The batch to lead after it, if any."""
        working = True

        def hand_on() -> None:
            nonlocal working
            if working:
                working = False
                self._start(self._hand_on(ended=False))

        try:
            self._lanes.carry_out(batch, hand_on)
        finally:
            # Answers first: whoever is answered at once may ask again in time for the next batch.
            _give_back(batch)
            waiting = self._hand_on(ended=True, was_working=working)
        return waiting

    def _hand_on(self, *, ended: bool, was_working: bool = True) -> list[Ticket] | None:
        """Let the first that waits lead the next batch, if there is room for one and nobody else is at work.

        If the first has no thread of its own, the batch is returned: whoever hands it on sees to it.
        """
        with self._lock:
            self._on_the_way -= ended
            if was_working:
                self._working = False
            if not self._may_begin():
                return None
            first = self._waiting[0]
            if first.deliver:
                return self._begin()
            self._working = True
            first.leads = True
            first.turn.release()
            return None


def _give_back(batch: Iterable[Ticket]) -> None:
    """Wake whoever waits for one of these tickets; an event loop once for all of its own."""
    by_loop: dict[Deliver, list[Ticket]] = {}
    for ticket in batch:
        if ticket.deliver:
            by_loop.setdefault(ticket.deliver, []).append(ticket)
        else:
            ticket.leads = False
            ticket.turn.release()
    for deliver, tickets in by_loop.items():
        deliver(tickets)


gathering = Gathering()
os.register_at_fork(after_in_child=gathering.forget)
