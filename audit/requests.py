"""The request a page receives, with its actor and app, and the status of its answer."""

from typing import Protocol
from uuid import UUID

from django.forms import BaseForm
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from audit.actors import Actor, Origin


class PortalRequest(HttpRequest):
    """A request of a signed-in person."""

    origin: Origin
    actor: Actor
    htmx: HtmxDetails


class Tenant(Protocol):
    """As much of an app as the record needs to know: it knows apps by id alone."""

    id: UUID
    name: str


class TenantRequest(PortalRequest):
    """A request for the record of one app, by someone who belongs to it."""

    app: Tenant


def form_status(form: BaseForm) -> int:
    """The status of a page that shows `form`: 422 if it has errors, else 200."""
    return 422 if form.errors else 200
