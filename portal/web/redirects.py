"""Where to go on: every `next` passes here, and leads to a page of this portal or is dropped."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from core.portal_origin import absolute

_PLAIN = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e\xa0-\U0010ffff]*")
"""A path, as a browser and we read it alike: no second slash, no backslash, space or control character."""


def safe_next(text: str) -> str:
    """`text` if it is a path of this portal, or nothing."""
    is_path = _PLAIN.fullmatch(text) is not None
    return text if is_path and url_has_allowed_host_and_scheme(text, allowed_hosts=None) else ""


class NextMiddleware:
    """Takes a `next` that leads elsewhere out of the request, so that no view and no template can follow it.

    It also makes request.build_absolute_uri(), which django-allauth builds its links with, begin with the portal's
    own address.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Called once the request is known to be well-formed, right before its view."""
        request.build_absolute_uri = lambda location=None: _absolute(request, location)  # type: ignore[method-assign]
        drop_unsafe_next(request)


def drop_unsafe_next(request: HttpRequest) -> None:
    """Let `request` have no `next` that leads elsewhere, in its address or in its form."""
    for name in ("GET", "POST"):
        sent = getattr(request, name)
        if any(not safe_next(text) for text in sent.getlist(REDIRECT_FIELD_NAME)):
            cut = sent.copy()
            del cut[REDIRECT_FIELD_NAME]
            setattr(request, name, cut)


def _absolute(request: HttpRequest, location: str | None) -> str:
    """As Django has it, but for the host: the portal's own, whatever the Host header says."""
    path = request.get_full_path() if location is None else str(location)
    return absolute(request, path) if safe_next(path) else path
