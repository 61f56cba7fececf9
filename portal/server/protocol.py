"""One connection: uvicorn's HTTP/1.1 protocol with bounds and deadlines; /verify is answered before a task is made."""

import asyncio
import re
import time
from typing import Any, Literal, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.errors import HeadersTooLarge, Refusal, RequestTimeout
from portal.program_paths import VERIFY, is_for_programs
from portal.server import limits, plain_responses, wsgi_environ
from portal.server.application import Front
from portal.server.body import Reader
from portal.server.connections import Connections
from portal.server.django_threads import Threads
from portal.server.verify_handler import VerifyCall, Verifying

_connections: dict[asyncio.AbstractEventLoop, Connections] = {}
_SAY_THERE_IS_A_BODY = (b"content-length", b"transfer-encoding")
_TO_VERIFY = re.compile(re.escape(VERIFY.encode()) + rb"(?:\?|$)")


class FrontProtocol(HttpToolsProtocol):
    """What a client and the server say to each other on one connection."""

    verifies = True
    """Whether /verify is answered here."""
    deadline = 0.0
    write_deadline = 0.0
    _flaw: Refusal | None = None
    _reader: Reader | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        self._watch = _connections.get(self.loop) or _connections.setdefault(
            self.loop, Connections(self.loop)
        )
        self._verifying = Verifying.on(self.loop)
        self._begin_head()
        self._between = True
        self._watch.add(self)
        self._watch.waits(self, limits.HEAD_TIMEOUT)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by either side."""
        super().connection_lost(exc)
        self._watch.remove(self)

    def data_received(self, data: bytes) -> None:
        """Some bytes have come."""
        if self._between:
            self._between = False
            self._watch.waits(self, limits.HEAD_TIMEOUT)
        self._head_size += len(data)  # a request that begins in these bytes is counted from the next on
        super().data_received(data)
        if self._in_head and self._head_size > limits.MAX_HEAD and not self.transport.is_closing():
            self._say_and_close(HeadersTooLarge())

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has come whole. What does not count is forgotten here."""
        self._headers_size += len(name) + len(value) + 4
        if len(self.headers) >= limits.MAX_HEADERS or self._headers_size > limits.MAX_HEAD:
            self._flaw = HeadersTooLarge()
        elif wsgi_environ.is_meant(name):
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """All headers have come: /verify is asked now, its body is not read."""
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            raise ValueError("not HTTP/1.1")  # which the parser turns into a 400
        self._in_head = False
        self._watch.is_busy(self)
        free = self.cycle is None or self.cycle.response_complete
        if self.verifies and free and _TO_VERIFY.match(self.url):
            self._verify()
            return
        has_body = any(name in _SAY_THERE_IS_A_BODY for name, _ in self.headers)
        place = self._place() if free and not has_body else None
        if place is False:
            self._turn_away()
            return
        target, self.url = self.url, wsgi_environ.escaped(self.url)
        self.scope["front"] = {  # type: ignore[typeddict-unknown-key]
            "target": target,
            "flaw": self._flaw,
            "has_body": has_body,
            "place": place,
            "connection": self,
        }
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """An answer is on its way. If no other request waits, the client has its time to ask again."""
        super().on_response_complete()
        if not self.transport.is_closing() and not self.pipeline:
            self._between = True
            self._watch.waits(self, limits.IDLE_TIMEOUT)

    def resume_writing(self) -> None:
        """The client has read on."""
        super().resume_writing()
        self.write_deadline = 0.0

    @property
    def body_size(self) -> int:
        """Bytes that are kept of a body whose rest is awaited."""
        return self._reader.size if self._reader else 0

    def wait_for_body(self, reader: Reader) -> None:
        """The rest of a request is awaited: until it has come, others may need the room more."""
        self._reader = reader
        self._watch.waits(self, limits.BODY_TIMEOUT)

    def stop_waiting(self) -> None:
        """The request is here, or given up."""
        self._reader = None
        self._watch.is_busy(self)

    def expire(self) -> None:
        """The client was too slow: a request that has begun is told so, an idle connection is just closed."""
        if self._between:
            self._watch.is_busy(self)
            self.transport.close()
        else:
            self._say_and_close(RequestTimeout())

    def send_400_response(self, msg: str) -> None:
        """What came is not HTTP."""
        self._say_and_close(plain_responses.not_http())

    def answer(self, call: VerifyCall, head: bytes, body: bytes) -> None:
        """Write the answer to /verify."""
        call.response_complete = True
        if self.transport.is_closing():
            return
        stays = call.keep_alive and call.is_whole
        end = b"\r\n" if stays else b"connection: close\r\n\r\n"
        dated = b"".join(b"%s: %s\r\n" % header for header in self.server_state.default_headers)
        self.transport.write(b"".join((head, dated, end, b"" if call.is_head else body)))
        if not stays:
            self.transport.close()
        self.on_response_complete()

    def _begin_head(self) -> None:
        self._in_head, self._head_size, self._headers_size = True, 0, 0
        self._flaw = None

    def _verify(self) -> None:
        method = self.parser.get_method().decode("latin-1")
        version = self.parser.get_http_version()
        environ = wsgi_environ.make(
            method, self.url, self.headers, peer=self.client, server=self.server, version=version
        )
        keep_alive = version != "1.0" and self.parser.should_keep_alive() and not self.parser.should_upgrade()
        call = VerifyCall(self, keep_alive=bool(keep_alive), is_head=method == "HEAD")
        self.cycle = cast(Any, call)
        self._verifying.ask(call, environ, self._flaw, time.perf_counter_ns())

    def _place(self) -> Threads | Literal[False]:
        """A place for a request that is whole, taken before a task is made for it: a flood costs the loop little."""
        threads = cast(Front, self.app).threads_for(self.url.decode("latin-1"))
        return threads if threads.enter() else False

    def _turn_away(self) -> None:
        call = VerifyCall(self, keep_alive=False, is_head=False)
        call.response_complete = True
        self.cycle = cast(Any, call)
        for_programs = is_for_programs(self.url.decode("latin-1").partition("?")[0])
        self._say_and_close(plain_responses.too_many(), for_programs=for_programs)

    def _say_and_close(self, refusal: Refusal, *, for_programs: bool = True) -> None:
        self._watch.is_busy(self)
        self.transport.write(plain_responses.response(refusal, for_programs=for_programs))
        self.transport.close()
