"""Calls to /verify on an event loop: submitted to the batches, answered when their row is on disk."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core.errors import REFUSED, Refusal, Unavailable
from keys.admission import gateway
from keys.admission.batching.pending_call import PendingCall
from keys.admission.batching.queue import call_queue
from keys.admission.gateway import Answer
from portal.middleware import forget_strangers
from portal.server import limits, plain_responses

log = logging.getLogger(__name__)


class Asker(Protocol):
    """Whoever waits for an answer."""

    def answer(self, call: "VerifyCall", head: bytes, body: bytes) -> None:
        """Send it."""


class VerifyCall:
    """A call to /verify that came on a connection. uvicorn's protocol takes it for one of its cycles."""

    __slots__ = (
        "asker",
        "body",
        "disconnected",
        "is_head",
        "keep_alive",
        "message_event",
        "more_body",
        "response_complete",
        "submitted",
    )

    def __init__(self, asker: Asker, *, keep_alive: bool, is_head: bool) -> None:
        self.asker, self.keep_alive, self.is_head = asker, keep_alive, is_head
        self.body: Any = _Nowhere()
        self.message_event = _NOBODY_WAITS
        self.more_body, self.disconnected, self.response_complete = True, False, False
        self.submitted = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether all of its body, which nobody reads, has come: if not, the connection cannot be used again."""
        return not self.more_body


class Verifying:
    """The calls to /verify that are on their way in one process."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: dict[PendingCall, tuple[VerifyCall, Mapping[str, Any]]] = {}
        loop.call_later(1.0, self._sweep)

    @classmethod
    def on(cls, loop: asyncio.AbstractEventLoop) -> "Verifying":
        """The one of this loop."""
        if (mine := _by_loop.get(loop)) is None:
            mine = _by_loop[loop] = cls(loop)
        return mine

    def ask(self, call: VerifyCall, environ: dict[str, Any], refusal: Refusal | None, started: int) -> None:
        """Have `call` judged and recorded; its asker gets the answer."""
        forget_strangers(environ)
        if refusal:
            environ[REFUSED] = refusal
        submitted = gateway.submit(environ, started, self._deliver)
        if isinstance(submitted, Answer):
            self._answer(call, submitted)
        else:
            call.submitted = time.monotonic()
            self._calls[submitted] = call, environ

    async def answered(self, environ: dict[str, Any], refusal: Refusal | None) -> Answer:
        """The same for a request that waits for others on its connection, or whose address is spelt another way."""
        asker = _Future(self._loop.create_future())
        self.ask(VerifyCall(asker, keep_alive=True, is_head=False), environ, refusal, time.perf_counter_ns())
        return await asker.future

    def _deliver(self, pending_calls: Sequence[PendingCall]) -> None:
        """From the thread that led their batch."""
        try:
            self._loop.call_soon_threadsafe(self._delivered, pending_calls)
        except RuntimeError:
            log.warning("%d calls were recorded after the server had stopped", len(pending_calls))

    def _delivered(self, pending_calls: Sequence[PendingCall]) -> None:
        for pending in pending_calls:
            if waiting := self._calls.pop(pending, None):
                call, environ = waiting
                self._answer(call, gateway.result_of(pending, environ))

    def _answer(self, call: VerifyCall, answer: Answer) -> None:
        if isinstance(call.asker, _Future):
            call.asker.set_answer(answer)
            return
        headers = [*answer.headers.items(), ("Content-Length", str(len(answer.body)))]
        call.asker.answer(call, plain_responses.head(answer.status, headers), answer.body)

    def _sweep(self) -> None:
        """Tell those that have waited too long for a database that does not answer."""
        self._loop.call_later(1.0, self._sweep)
        late = time.monotonic() - limits.VERIFY_TIMEOUT
        for pending, (call, environ) in list(self._calls.items()):
            if call.submitted > late:
                break
            call_queue.cancel(pending)
            del self._calls[pending]
            self._answer(call, gateway.failure_answer(environ, Unavailable()))


_by_loop: dict[asyncio.AbstractEventLoop, Verifying] = {}


class _Future:
    """An asker that is a coroutine."""

    def __init__(self, future: "asyncio.Future[Answer]") -> None:
        self.future = future

    def set_answer(self, answer: Answer) -> None:
        """Let it go on."""
        if not self.future.done():
            self.future.set_result(answer)

    def answer(self, call: VerifyCall, head: bytes, body: bytes) -> None:
        """It takes answers whole."""
        raise NotImplementedError


class _Nowhere:
    """Where the body goes that nobody reads."""

    def __iadd__(self, more: bytes) -> "_Nowhere":
        return self

    def __len__(self) -> int:
        return 0


class _NobodyWaits:
    """An event for a body that nobody waits for."""

    def set(self) -> None:
        """Nothing happens."""


_NOBODY_WAITS = _NobodyWaits()
