"""The ASGI application: every request but a plain one to /verify is read whole and handed to Django in a thread."""

import asyncio
import logging
from typing import Any

from django.db import DatabaseError

from core.errors import REFUSED, Internal, Refusal
from keys.admission import runtime_auth
from portal.program_paths import VERIFY, is_for_programs
from portal.server import limits, plain_responses, wsgi_environ
from portal.server.body import Body, Disconnected, Reader, Receive, announced
from portal.server.django_threads import Response, Send, Stream, Threads, WsgiApplication, start
from portal.server.verify_handler import Verifying
from portal.wsgi import django

log = logging.getLogger(__name__)
RUNTIME = "/sdk/"


class Front:
    """Hands requests to two groups of threads, so that neither the runtime API nor the pages can stop the other."""

    def __init__(self, application: WsgiApplication = django, *, verifies: bool = True) -> None:
        """`verifies`: whether /verify is answered on the loop. If not, `application` answers it, too."""
        self._runtime = Threads(application, "runtime", limits.RUNTIME_THREADS)
        self._pages = Threads(application, "pages", limits.PAGE_THREADS)
        self._verifies = verifies

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = scope["front"]
        try:
            await self._serve(scope, request, receive, send)
        finally:
            if place := request["place"]:
                place.leave()

    def threads_for(self, path: str) -> Threads:
        """Those that a request to this address is handed to."""
        return self._runtime if path.startswith(RUNTIME) else self._pages

    async def _serve(
        self, scope: dict[str, Any], request: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        environ = wsgi_environ.make(
            scope["method"],
            request["target"],
            scope["headers"],
            peer=scope["client"],
            server=scope["server"],
            version=scope["http_version"],
        )
        try:
            response, is_whole = await self._answer(environ, request, receive, send)
            if response:
                headers = response.headers if is_whole else [*response.headers, ("Connection", "close")]
                await send(start(response.status, headers))
                await send({"type": "http.response.body", "body": response.body, "more_body": False})
        except Disconnected:
            return
        except RuntimeError:  # what a connection says that was closed meanwhile
            if not request["connection"].transport.is_closing():
                raise

    async def _answer(
        self, environ: dict[str, Any], request: dict[str, Any], receive: Receive, send: Send
    ) -> tuple[Response | None, bool]:
        """The answer, unless it has been sent, and whether the request was read to its end."""
        path, refusal = environ["PATH_INFO"], request["flaw"]
        if path == VERIFY and self._verifies:
            answer = await Verifying.on(asyncio.get_running_loop()).answered(environ, refusal)
            headers = [*answer.headers.items(), ("Content-Length", str(len(answer.body)))]
            return Response(answer.status, headers, answer.body), not request["has_body"]
        runs = self.threads_for(path)
        body = (
            Body(refusal=refusal, is_whole=False) if refusal else await self._body(environ, request, receive)
        )
        if body.refusal and runs is self._pages and path != VERIFY:
            return _refused(body.refusal, path), body.is_whole
        _put(environ, body)
        if request["place"] is None:  # it had a body to wait for, or came behind another
            if not runs.enter():
                return _refused(plain_responses.too_many(), path), body.is_whole
            request["place"] = runs
        result: Response | Refusal | None
        connection = request["connection"]
        try:
            result = await runs.serve(environ, Stream(send, connection.transport.is_closing))
        except Disconnected:
            raise
        except Exception:
            log.exception("a request could not be answered")
            result = Internal()
        return (_refused(result, path) if isinstance(result, Refusal) else result), body.is_whole

    async def _body(self, environ: dict[str, Any], request: dict[str, Any], receive: Receive) -> Body:
        """The body; of a call to the runtime API only if its key exists, should it be long in coming."""
        reader = Reader(receive, announced(environ))
        if await reader.first():
            return await reader.rest()
        request["connection"].wait_for_body(reader)
        try:
            if environ["PATH_INFO"].startswith(RUNTIME) and not await self._is_known(environ):
                return Body(is_whole=False)
            return await reader.rest()
        finally:
            request["connection"].stop_waiting()

    async def _is_known(self, environ: dict[str, Any]) -> bool:
        try:
            return bool(await self._runtime.run(lambda: runtime_auth.is_known(environ)))
        except DatabaseError:
            return True  # whoever judges the call will say that it cannot be judged


def _put(environ: dict[str, Any], body: Body) -> None:
    wsgi_environ.with_body(environ, body.content)
    if not body.is_whole and body.length:
        environ["CONTENT_LENGTH"] = str(body.length)  # too large: whoever takes bodies says so by this
    if body.refusal:
        environ[REFUSED] = body.refusal


def _refused(refusal: Refusal, path: str) -> Response:
    headers, body = plain_responses.headers_and_body(refusal, for_programs=is_for_programs(path))
    return Response(refusal.status, headers, body)
