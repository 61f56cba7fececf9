"""Runs Django in threads. A thread works on a request that is here whole, and lets go of it when its answer is."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from threading import Semaphore
from typing import Any, NamedTuple

from core.errors import Refusal, Unavailable
from portal.server import limits
from portal.server.body import Disconnected

Headers = list[tuple[str, str]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Response(NamedTuple):
    """An answer that is whole."""

    status: int
    headers: Headers
    body: bytes


class Threads:
    """Some threads, and the requests that wait for one of them."""

    def __init__(self, application: WsgiApplication, name: str, threads: int) -> None:
        self._application, self._most = application, threads + limits.MAX_QUEUE
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._streams = Semaphore(limits.MAX_STREAMS)
        self._inside = 0

    def enter(self) -> bool:
        """Take a place among those that are worked on or wait. False: there is none. Each place is left again."""
        if self._inside >= self._most:
            return False
        self._inside += 1
        return True

    def leave(self) -> None:
        """Give the place back."""
        self._inside -= 1

    async def serve(self, environ: dict[str, Any], stream: "Stream") -> Response | Refusal | None:
        """Have Django answer a request that has a place. None: the answer was long, and was sent through `stream`."""
        return await stream.loop.run_in_executor(self._executor, self._run, environ, stream)

    async def run(self, function: Callable[[], Any]) -> Any:
        """What `function` returns, computed in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)

    def _run(self, environ: dict[str, Any], stream: "Stream") -> Response | Refusal | None:
        started = _Started()
        answer: Any = self._application(environ, started)
        with _closing(answer):
            if not getattr(answer, "streaming", False) or started.length <= limits.MAX_WHOLE:
                return _whole(started, b"".join(answer))
            if not self._streams.acquire(blocking=False):
                return Unavailable("Too many long answers are on their way. Nothing was changed.")
            try:
                stream.send_all(started.status, started.headers, iter(answer))
            finally:
                self._streams.release()
        return None


class Stream:
    """The way of a long answer, from a thread to its reader: the thread goes on as fast as the reader takes it."""

    def __init__(self, send: Send, is_closed: Callable[[], bool]) -> None:
        self.loop = asyncio.get_running_loop()
        self._send, self._is_closed = send, is_closed

    def send_all(self, status: int, headers: Headers, chunks: Iterator[bytes]) -> None:
        """From a thread. Raises Disconnected if the reader has gone or was cut off."""
        self._say(start(status, headers))
        for chunk in chunks:
            self._say({"type": "http.response.body", "body": chunk, "more_body": True})
        self._say({"type": "http.response.body", "body": b"", "more_body": False})

    def _say(self, message: dict[str, Any]) -> None:
        if self._is_closed():
            raise Disconnected
        asyncio.run_coroutine_threadsafe(_awaited(self._send(message)), self.loop).result()


def start(status: int, headers: Headers) -> dict[str, Any]:
    """The message that an answer begins with."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {"type": "http.response.start", "status": status, "headers": raw}


async def _awaited(sending: Awaitable[None]) -> None:
    await sending


def _whole(started: "_Started", body: bytes) -> Response:
    known = started.is_bodiless or any(name.lower() == "content-length" for name, _ in started.headers)
    length = [] if known else [("Content-Length", str(len(body)))]
    return Response(started.status, [*started.headers, *length], body)


def _closing(answer: Any) -> AbstractContextManager[Any]:
    """An answer may have a close(), which ends the request (PEP 3333)."""
    return closing(answer) if hasattr(answer, "close") else nullcontext()


class _Started:
    """What an application says before its first byte."""

    def __init__(self) -> None:
        self.status, self.headers = 500, list[tuple[str, str]]()

    def __call__(self, status: str, headers: Headers, exc_info: Any = None) -> None:
        self.status, self.headers = int(status.partition(" ")[0]), headers

    @property
    def is_bodiless(self) -> bool:
        """Whether an answer of this status has no body, nor a length."""
        return self.status in (204, 304)

    @property
    def length(self) -> int:
        """Of the body; beyond every bound if it is not known."""
        value_ = next((value for name, value in self.headers if name.lower() == "content-length"), "")
        return int(value_) if value_.isdigit() else limits.MAX_WHOLE + 1
