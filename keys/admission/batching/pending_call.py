"""Ticket: one call on its way through a batch."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from keys.admission import admit
from keys.admission.admit import Outcome, Question

Reads = Callable[[], Question]
Tells = Callable[[Question, Outcome], Any]
Deliver = Callable[[Sequence["Ticket"]], None]


class Ticket:
    """What is asked, how it is answered, and what came of it. `turn` is released when its thread has something to do.

    A call that came over an event loop has no thread: `deliver` is called instead, once for all such calls of a batch,
    from the thread that led it.

    Whoever leads the batch reads its questions and writes its answers, too: the same few lines, many times over, take
    less than half the time that each thread would need for its own.
    """

    __slots__ = (
        "deliver",
        "error",
        "leads",
        "nonce_spent",
        "outcome",
        "question",
        "read",
        "settled",
        "started",
        "tell",
        "told",
        "turn",
        "whole",
    )
    question: Question
    outcome: Outcome

    def __init__(
        self, read: Reads, tell: Tells, started: int, *, whole: bool, deliver: Deliver | None = None
    ) -> None:
        self.read, self.tell, self.started, self.whole = read, tell, started, whole
        self.deliver = deliver
        self.told: Any = None
        self.error: Exception | None = None
        self.nonce_spent = False
        """Whether its nonce has been used up by itself already."""
        self.settled = False
        """Whether what came of it is on disk."""
        self.leads = False
        self.turn = threading.Lock()
        self.turn.acquire()

    def came(self) -> Any:
        """What is told. Raises what went wrong."""
        if self.error:
            raise self.error
        if not self.settled:
            raise RuntimeError("this call has not been treated")
        return self.told

    def is_recorded(self, outcome: Outcome) -> bool:
        """Whether its row is written with the batch: that of a whole call is, and that of one refused already."""
        return self.whole or (outcome.verdict.refusal is not None and not outcome.is_unfinished)

    def line(self, outcome: Outcome) -> dict[str, Any]:
        """Its row."""
        return admit.line_of(self.question, outcome, (time.perf_counter_ns() - self.started) // 1000)
