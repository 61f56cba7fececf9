"""The addresses that programs ask, and those that are nearly one: programs are answered in JSON at both."""

import re
from difflib import get_close_matches

from django.conf import settings
from django.http import HttpRequest

from core.text import sanitize

FACES = ("api", "sdk")
VERIFY = "/verify"
PROGRAM_PATHS = (VERIFY, "/healthz", "/witness", "/leaks/scanner", "/leaks/report")
PAGES = ("/leaks/report/",)
"""Pages whose address is nearly one that programs ask."""
ALIKE = 0.75
"""How like a word must be to one that an address of programs begins with."""
_FIRST = (*FACES, VERIFY[1:], "healthz", "witness")
_MANY = re.compile(r"[/\\]+")


def is_for_programs(path: str) -> bool:
    """Whether an address is one that programs ask, or nearly one."""
    return path not in PAGES and bool(_meant(path))


def nearly(path: str) -> str:
    """The address that one that is none was meant to be, as far as that can be told; empty if it cannot."""
    meant = "" if path in PAGES else _meant(path)
    return sanitize(meant, 200) if meant != path else ""


def hint(path: str) -> str:
    """The sentence that names it; empty if there is none."""
    near = nearly(path)
    return f"Did you mean {near}?" if near else ""


def is_program(request: HttpRequest) -> bool:
    """Whether a request comes from a program, by what it brings and what it takes. What may be a browser is none.

    A proxy may add an Authorization of its own to what a browser asks: only Bearer, which programs send, counts.
    """
    headers = request.headers
    takes = headers.get("Accept", "").lower()
    if "html" in takes or "HX-Request" in headers or settings.SESSION_COOKIE_NAME in request.COOKIES:
        return False
    scheme, _, token = headers.get("Authorization", "").strip().partition(" ")
    is_bearer = scheme.lower() == "bearer" and bool(token.strip())
    return "x-api-key" in headers or is_bearer or "json" in takes


def _meant(path: str) -> str:
    """The address of programs that `path` is, once doubled and last slashes, case and slips are set right."""
    plain = _MANY.sub("/", path).rstrip("/").strip().lower()
    if plain in PROGRAM_PATHS:
        return plain
    _, _, rest = plain.partition("/")
    first, _, more = rest.partition("/")
    near = get_close_matches(first, _FIRST, n=1, cutoff=ALIKE)
    if not near:
        return ""
    if near[0] not in FACES:
        return f"/{near[0]}"
    return f"/{near[0]}/{more}" if more else "/api/v1/" if near[0] == "api" else "/sdk/"
