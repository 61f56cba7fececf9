"""What every request is read for, and what every response carries."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

from audit.origins import origin_of
from audit.requests import PortalRequest
from core.addresses import is_trusted, parse_address
from core.errors import REFUSED, NotFound
from core.hosts import format_host, split_port
from keys.admission.gateway import verify
from keys.admission.runtime_auth import presented_key
from portal.api import json_responses, management, runtime
from portal.api.witness import witness
from portal.leaks import api as leaks
from portal.program_paths import VERIFY, hint, nearly

Next = Callable[[HttpRequest], HttpResponseBase]
FACES = {"/sdk/": runtime.serve, "/api/": management.serve}
PROGRAM_VIEWS = {
    VERIFY: verify,
    "/leaks/scanner": leaks.scanner,
    "/leaks/report": leaks.report,
    "/witness": witness,
}
FORWARDED = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST")


def forget_strangers(meta: dict[str, Any]) -> None:
    """Take out of a WSGI environment what it says was forwarded, unless one of the operator's proxies says so."""
    if any(name in meta for name in FORWARDED):
        peer = parse_address(meta.get("REMOTE_ADDR", ""))
        if peer is None or not is_trusted(peer):
            for name in FORWARDED:
                meta.pop(name, None)


def _spell_host(meta: dict[str, Any]) -> None:
    """Put an IPv6 address that was asked for into the one spelling, in which it is compared with what is allowed."""
    host = str(meta.get("HTTP_HOST", ""))
    if host.startswith("["):
        with suppress(ValueError):  # what is no host is refused as any other that is not ours
            meta["HTTP_HOST"] = format_host(*split_port(host))


class ForwardedMiddleware:
    """Forgets what a stranger claims to have forwarded; only the operator's own proxies are believed."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        forget_strangers(request.META)
        _spell_host(request.META)
        return self.get_response(request)


class ProgramsMiddleware:
    """Answers the addresses in PROGRAM_VIEWS and below FACES, before the middleware that pages need."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if view := PROGRAM_VIEWS.get(request.path_info):
            return view(request)
        for start, serve in FACES.items():
            if request.path_info.startswith(start):
                return serve(request)
        if near := nearly(request.path_info):
            return _misspelt(request, near)
        return self.get_response(request)


def _misspelt(request: HttpRequest, near: str) -> HttpResponseBase:
    """The answer at an address that is nearly one of programs: it names that one. A call with a key is recorded."""
    if near.startswith(("/sdk", "/api")):
        return runtime.serve(request) if near.startswith("/sdk") else management.serve(request)
    request.META[REFUSED] = NotFound(hint=hint(request.path_info))
    if near == VERIFY or presented_key(request):
        return verify(request)
    return json_responses.guarded(request, _refused)


def _refused(request: HttpRequest) -> HttpResponseBase:
    raise request.META[REFUSED]


class HeadersMiddleware:
    """Gives the request its origin, and the response its id and its manners."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        known = cast(PortalRequest, request)
        known.origin = origin_of(request.META, "page")
        response = self.get_response(request)
        response.headers.setdefault("X-Request-Id", known.origin.request_id)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        # Pages show what only their reader may see, and change under him: they are asked for each time.
        response.headers.setdefault("Cache-Control", "no-store")
        patch_vary_headers(response, ["HX-Request"])
        return response
