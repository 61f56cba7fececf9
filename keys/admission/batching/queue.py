"""The queue of calls that wait for the next batch. A batch is looked up, judged and recorded together.

There is no timer: a lone call is processed at once. The first thread that finds nobody at work leads a batch; calls
that arrive meanwhile wait and become the next one, led by the first of them. While a batch commits,
MIN_OVERLAPPING_BATCH waiting calls may start another, so that several share the wait for a slow disk. An answer
leaves after the commit of its row has returned (docs/decisions/0023, 0030). Calls from an event loop have no thread:
threads of the queue lead for them (docs/decisions/0034).
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
from keys.admission.batching.executor import BatchExecutor, process
from keys.admission.batching.pending_call import Deliver, MakeAnswer, PendingCall, ReadRequest

MAX_BATCH_SIZE = 128
MAX_WAITING = 2048
"""Calls that may wait. Further ones are answered 503."""
MIN_OVERLAPPING_BATCH = 32
"""Calls that start a batch while another commits. Small batches cost the most, so fewer wait."""
BATCH_TIMEOUT = 20.0
"""Seconds that a call waits for its batch."""


class CallQueue:
    """The calls of one process. `submit_and_wait()` from any thread; `submit()` from an event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[PendingCall] = deque()
        self._is_working = False
        """Whether a batch is being read and judged, as far as its commit."""
        self._in_flight = 0
        """Batches that have started and not ended, those that commit included."""
        self._executor = BatchExecutor()

    def submit_and_wait(
        self,
        read_request: ReadRequest,
        make_answer: MakeAnswer,
        started_ns: int,
        *,
        record_in_batch: bool,
        in_transaction: bool = False,
    ) -> Any:
        """What `make_answer` returns for the request that `read_request` returns, and the decision on it.

        With `record_in_batch`, or if the call is refused, its row is committed when this returns. `started_ns` is
        perf_counter_ns at its arrival. With `in_transaction` the caller's own transaction is used. Raises Unavailable
        when too many calls wait, and what the two functions and the database raise.
        """
        pending = PendingCall(read_request, make_answer, started_ns, record_in_batch=record_in_batch)
        if in_transaction:
            return self._process_in_transaction(pending)
        batch = self._enqueue(pending)
        while batch is None:
            if not pending.wakeup.acquire(timeout=BATCH_TIMEOUT):
                self._give_up(pending)
                raise Unavailable
            if not pending.is_leader:
                return pending.result()
            batch = self._take_batch()
        self._run_in_leader_thread(self._run_batch(batch))
        return pending.result()

    def submit(
        self, read_request: ReadRequest, make_answer: MakeAnswer, started_ns: int, deliver: Deliver
    ) -> PendingCall:
        """Enqueue a call and return; `deliver` gets it, with others, once it is committed or has failed.

        Raises Unavailable when too many calls wait.
        """
        pending = PendingCall(read_request, make_answer, started_ns, record_in_batch=True, deliver=deliver)
        self._run_in_leader_thread(self._enqueue(pending))
        return pending

    def cancel(self, pending: PendingCall) -> bool:
        """Remove a waiting call. False: its batch has started, and it will be recorded."""
        with self._lock:
            try:
                self._waiting.remove(pending)
            except ValueError:
                return False
            return True

    @cached_property
    def _leader_threads(self) -> ThreadPoolExecutor:
        """Lead batches for calls without a thread: as many as batches may commit, and one at work meanwhile."""
        return ThreadPoolExecutor(self._executor.max_connections + 1, thread_name_prefix="batch")

    def close(self) -> None:
        """Close the connections that no batch is using."""
        self._executor.close()

    def reset_after_fork(self) -> None:
        """Start empty in a forked process: the parent's calls and connections are not ours."""
        self.__init__()  # type: ignore[misc]

    def _process_in_transaction(self, pending: PendingCall) -> Any:
        pending.call_request = pending.read_request()
        with transaction.atomic():
            process([pending], connection)
        pending.settled = True
        pending.answer = pending.make_answer(pending.call_request, pending.decision)
        return pending.result()

    def _enqueue(self, pending: PendingCall) -> list[PendingCall] | None:
        """Add a call. The batch to lead, with this call in it; None: it waits for another to lead."""
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                raise Unavailable
            self._waiting.append(pending)
            return self._start_batch() if self._can_start_batch() else None

    def _can_start_batch(self) -> bool:
        """Whether a batch may start now. Called under the lock."""
        if self._is_working or not self._waiting:
            return False
        if not self._in_flight:
            return True
        has_connection = self._in_flight < self._executor.max_connections
        return has_connection and len(self._waiting) >= MIN_OVERLAPPING_BATCH

    def _give_up(self, pending: PendingCall) -> None:
        """Remove a call that has waited too long. If it was to lead, another leads."""
        with self._lock, suppress(ValueError):
            self._waiting.remove(pending)
        if pending.is_leader:
            self._run_in_leader_thread(self._hand_over(ended=False))

    def _take_batch(self) -> list[PendingCall]:
        with self._lock:
            return self._start_batch()

    def _start_batch(self) -> list[PendingCall]:
        """Take the calls of the next batch out of the queue. Called under the lock."""
        self._is_working = True
        self._in_flight += 1
        return [self._waiting.popleft() for _ in range(min(MAX_BATCH_SIZE, len(self._waiting)))]

    def _run_in_leader_thread(self, batch: list[PendingCall] | None) -> None:
        """Run `batch`, if there is one, in a thread of the queue."""
        if batch:
            self._leader_threads.submit(self._run_batches, batch)

    def _run_batches(self, batch: list[PendingCall] | None) -> None:
        """Run `batch`, and after it those that have no thread to lead them."""
        while batch:
            batch = self._run_batch(batch)

    def _run_batch(self, batch: list[PendingCall]) -> list[PendingCall] | None:
        """Run `batch`. The next batch, if this thread has to lead it.

        The work is handed over twice: before the commit, so that the next batch is judged while this one waits for the
        disk, and after it, for calls that arrived too few to start one during the commit. `is_working` makes sure that
        only one of the two clears the flag: after the first hand-over it belongs to another batch.
        """
        is_working = True

        def before_commit() -> None:
            nonlocal is_working
            if is_working:
                is_working = False
                self._run_in_leader_thread(self._hand_over(ended=False))

        try:
            self._executor.run(batch, before_commit)
        finally:
            # Answers first: a client that is answered now may call again in time for the next batch.
            _wake_waiters(batch)
            next_batch = self._hand_over(ended=True, was_working=is_working)
        return next_batch

    def _hand_over(self, *, ended: bool, was_working: bool = True) -> list[PendingCall] | None:
        """Let the first waiting call lead the next batch, if one may start.

        A call with a thread is woken to lead. If the first has none, the batch is returned and the caller of this runs
        it. `ended`: the batch that hands over has committed; `was_working`: it has not handed over before.
        """
        with self._lock:
            self._in_flight -= ended
            if was_working:
                self._is_working = False
            if not self._can_start_batch():
                return None
            first = self._waiting[0]
            if first.deliver:
                return self._start_batch()
            # Set before the thread wakes: no other may start a batch in between.
            self._is_working = True
            first.is_leader = True
            first.wakeup.release()
            return None


def _wake_waiters(batch: Iterable[PendingCall]) -> None:
    """Wake the threads that wait for these calls, and each event loop once for all of its own."""
    by_loop: dict[Deliver, list[PendingCall]] = {}
    for pending in batch:
        if pending.deliver:
            by_loop.setdefault(pending.deliver, []).append(pending)
        else:
            pending.is_leader = False
            pending.wakeup.release()
    for deliver, pending_calls in by_loop.items():
        deliver(pending_calls)


call_queue = CallQueue()
os.register_at_fork(after_in_child=call_queue.reset_after_fork)
