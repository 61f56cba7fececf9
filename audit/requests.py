"""The request a page receives: its gate has put the actor on it, and the app if the address names one."""

from typing import Protocol
from uuid import UUID

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
