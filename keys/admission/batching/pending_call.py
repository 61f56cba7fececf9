"""PendingCall: one call from its arrival until its answer is ready, on its way through a batch."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from keys.admission import admit
from keys.admission.admit import CallRequest, Decision

ReadRequest = Callable[[], CallRequest]
MakeAnswer = Callable[[CallRequest, Decision], Any]
Deliver = Callable[[Sequence["PendingCall"]], None]


class PendingCall:
    """A request to judge, how to answer it, and the decision once there is one.

    A call from a thread waits on `wakeup`, which is released when its answer is ready or when its thread must lead the
    next batch. A call from an event loop has no thread: `deliver` is called instead, once for all such calls of a
    batch, from the thread that led it.

    The thread that leads the batch also reads the requests and makes the answers: the same few lines many times over
    take less than half the time that each thread would need for its own.
    """

    __slots__ = (
        "answer",
        "call_request",
        "decision",
        "deliver",
        "error",
        "is_leader",
        "make_answer",
        "nonce_spent",
        "read_request",
        "record_in_batch",
        "settled",
        "started_ns",
        "wakeup",
    )
    call_request: CallRequest
    decision: Decision

    def __init__(
        self,
        read_request: ReadRequest,
        make_answer: MakeAnswer,
        started_ns: int,
        *,
        record_in_batch: bool,
        deliver: Deliver | None = None,
    ) -> None:
        self.read_request, self.make_answer, self.started_ns = read_request, make_answer, started_ns
        self.record_in_batch, self.deliver = record_in_batch, deliver
        self.answer: Any = None
        self.error: Exception | None = None
        self.nonce_spent = False
        """Whether its nonce is already in the database, written by this call itself."""
        self.settled = False
        """Whether its decision is committed."""
        self.is_leader = False
        """Whether its thread leads the next batch."""
        self.wakeup = threading.Lock()
        self.wakeup.acquire()

    def result(self) -> Any:
        """The answer. Raises the error that prevented it."""
        if self.error:
            raise self.error
        if not self.settled:
            raise RuntimeError("this call has not been processed")
        return self.answer

    def is_recorded_in_batch(self, decision: Decision) -> bool:
        """Whether the batch writes its row. An admitted runtime call writes its own, with its view's status."""
        return self.record_in_batch or (decision.verdict.refusal is not None and not decision.needs_caller)

    def row(self, decision: Decision) -> dict[str, Any]:
        """Its row in the audit log, by column."""
        return admit.row_of(self.call_request, decision, (time.perf_counter_ns() - self.started_ns) // 1000)
