"""The docs: guides, and the references of both APIs, where people mint the keys and tokens they are about."""

from functools import cache

from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit.requests import PortalRequest
from core.errors import NotFound
from core.portal_origin import portal_origin
from portal.api import management as api
from portal.api import runtime_routes
from portal.docs import guides
from portal.docs.guides import APIS, GUIDES, find
from portal.docs.markdown import at_home, text_of
from portal.docs.reference import Reference, read

DOCUMENTS = {"sdk-api": runtime_routes.openapi, "api-reference": api.openapi}


@require_GET
def docs(request: PortalRequest) -> HttpResponse:
    """What there is to read."""
    return render(request, "portal/docs/index.html", {"found": [(guide, text_of(guide)) for guide in GUIDES]})


@require_GET
def guide(request: PortalRequest, slug: str) -> HttpResponse:
    """One guide."""
    if (guide := find(slug)) is None:
        raise NotFound
    text = at_home(text_of(guide), portal_origin(request))
    return render(request, "portal/docs/guide.html", {"guide": guide, "text": text, "guides": GUIDES})


@require_GET
def gateway_file(request: PortalRequest, gateway_file: str) -> FileResponse:
    """A file that a guide tells to set a gateway up with, as it is."""
    if (path := guides.gateway_file(gateway_file)) is None:
        raise NotFound
    return FileResponse(path.open("rb"), content_type="text/plain; charset=utf-8")


@require_GET
def reference(request: PortalRequest) -> HttpResponse:
    """Everything that the runtime API can be asked."""
    return _reference(request, "sdk-api")


@require_GET
def api_reference(request: PortalRequest) -> HttpResponse:
    """Everything that the management API can be asked."""
    return _reference(request, "api-reference")


def _reference(request: PortalRequest, slug: str) -> HttpResponse:
    page = next(api for api in APIS if api.slug == slug)
    return render(request, "portal/docs/reference.html", {"page": page, "api": told(slug), "guides": GUIDES})


@cache
def told(slug: str) -> Reference:
    """An API in words. Kept: it changes with the code only."""
    return read(DOCUMENTS[slug]())
