"""Reads the body of a request on the event loop: bounded in size, time and rate, so that no thread waits for one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from core.errors import Refusal, RequestTimeout
from portal.server import limits

Receive = Callable[[], Awaitable[Any]]


class Disconnected(Exception):
    """The client has gone, or was cut off."""


class Body(NamedTuple):
    """What came of reading: all of it, or why not."""

    content: bytes = b""
    refusal: Refusal | None = None
    length: int = 0
    """How long it is, or says it is; what is too long is not read to its end."""
    is_whole: bool = True


def announced(environ: Mapping[str, Any]) -> int:
    """The length that a request says its body has; 0: none, or unknown until it has come."""
    length = str(environ.get("CONTENT_LENGTH") or "0")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0


class Reader:
    """Reads one body, in two goes: what is there at once, and the rest."""

    def __init__(self, receive: Receive, length: int) -> None:
        self._receive, self._length = receive, length
        self._content = bytearray()
        self._more = True
        self._began = asyncio.get_running_loop().time()

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return len(self._content)

    async def first(self) -> bool:
        """Take what comes within EARLY_CHECK. Whether that was all."""
        if self._length > limits.MAX_BODY:
            return True
        try:
            async with asyncio.timeout(limits.EARLY_CHECK):
                await self._read()
        except TimeoutError:
            return False
        return True

    async def rest(self) -> Body:
        """The body. Raises Disconnected."""
        if self._length > limits.MAX_BODY:
            return Body(length=self._length, is_whole=False)
        try:
            while self._more and len(self._content) <= limits.MAX_BODY:
                patience = limits.BODY_GRACE + len(self._content) / limits.MIN_BODY_RATE
                async with asyncio.timeout_at(self._began + patience):
                    await self._step()
        except TimeoutError:
            return Body(refusal=RequestTimeout(), is_whole=False)
        if self._more:
            return Body(length=len(self._content), is_whole=False)
        return Body(bytes(self._content), length=len(self._content))

    async def _read(self) -> None:
        while self._more and len(self._content) <= limits.MAX_BODY:
            await self._step()

    async def _step(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        self._content += message.get("body", b"")
        self._more = message.get("more_body", False)
