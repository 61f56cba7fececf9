"""The docs: guides and the reference of the runtime API, where people mint the keys they are about."""

from functools import cache

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit.faces import PortalRequest
from audit.refusals import NotFound
from portal import sdk
from portal.guides import GUIDES, find
from portal.markdown import text_of
from portal.reference import Reference, read


@require_GET
def docs(request: PortalRequest) -> HttpResponse:
    """What there is to read."""
    return render(request, "docs/index.html", {"found": [(guide, text_of(guide)) for guide in GUIDES]})


@require_GET
def guide(request: PortalRequest, slug: str) -> HttpResponse:
    """One guide."""
    if (found := find(slug)) is None:
        raise NotFound
    return render(request, "docs/guide.html", {"guide": found, "text": text_of(found), "guides": GUIDES})


@require_GET
def reference(request: PortalRequest) -> HttpResponse:
    """Everything that the runtime API can be asked."""
    return render(request, "docs/reference.html", {"api": api(), "guides": GUIDES})


@cache
def api() -> Reference:
    """The runtime API in words. Kept: it changes with the code only."""
    return read(sdk.openapi())
