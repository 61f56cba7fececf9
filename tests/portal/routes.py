"""Every line of portal/urls.py, for the tests that hold something of all of them."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver, reverse

SOME_ID = UUID("00000000-0000-7000-8000-000000000001")


SOME = (SOME_ID, 1)
"""An id that nothing has; sessions, passkeys and versions are numbered."""
NUMBERED = ("session_id", "pk", "version")
OTHERS = ("account/", "sdk/", "api/v1/")
"""Maps that guard their own lines: django-allauth's, and those of both APIs."""


def routes(below: URLResolver | None = None) -> Iterator[URLPattern]:
    """The lines that lead to a view, without those of django-allauth and of both APIs, which guard their own."""
    for line in (below or get_resolver()).url_patterns:
        if isinstance(line, URLPattern):
            yield line
        elif str(line.pattern) not in OTHERS:
            yield from routes(line)


def lines_below(start: str) -> list[URLPattern]:
    """The lines of an API: below /sdk, whose gate is a key, or below /api/v1, whose gate is an access token."""
    below = [line for line in get_resolver().url_patterns if isinstance(line, URLResolver)]
    return [line for resolver in below if str(resolver.pattern) == start for line in routes(resolver)]


def action_of(line: URLPattern) -> Any:
    """What its gate asks for; None if it lets everyone in."""
    return getattr(line.callback, "action", None)


def gated() -> list[URLPattern]:
    """Those behind a gate that asks who is there."""
    return [line for line in routes() if action_of(line) is not None]


def address(name: str, **known: Any) -> str:
    """Where the line called `name` is, with an id that nothing has wherever none is given."""
    names = next(possibility[0][0][1] for possibility in get_resolver().reverse_dict.getlist(name))
    return reverse(name, kwargs={key: known.get(key, SOME[key in NUMBERED]) for key in names})
