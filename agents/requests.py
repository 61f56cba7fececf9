"""What every page shares: the request a gate hands it, and how it answers a finished act."""

import secrets
from typing import Protocol
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import trigger_client_event

from agents.errors import AgentNotFound
from agents.models import Agent, App
from audit.actors import Actor
from audit.requests import PortalRequest
from core.ids import uuid_or_nil


class OfAnApp(Protocol):
    """Something that stands below an app's address."""

    id: UUID
    app_id: UUID


class AppRequest(PortalRequest):
    """A request below /apps/<app_id>/, by someone who belongs to that app."""

    app: App


class ProgramRequest(HttpRequest):
    """A request below /sdk/, made with a key of an app."""

    actor: Actor
    app_id: UUID
    agent_id: UUID | None
    """The agent it speaks for: the one its caller named, or its key's own."""


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: a POST's values, even when there are none; nothing for a page that is looked at."""
    return request.POST if request.method == "POST" else None


def finished(
    request: PortalRequest, to: str, text: str, *, changed: str = "", undo: str = "", undo_value: str = ""
) -> HttpResponse:
    """The answer to a POST that did what was asked: `text` as a notice, on the page `to`.

    htmx gets the notice alone and the event `changed`, for which the lists that care listen. `undo`
    is an address that a POST of `undo_value` takes the act back at.
    """
    notice = {"text": text, "undo": undo, "undo_value": undo_value}
    if changed and request.htmx:
        return trigger_client_event(render(request, "toast.html", {"notice": notice}), changed)
    messages.info(request, text, extra_tags=f"{undo} {undo_value}".strip())
    return HttpResponseRedirect(to)


def sent_to(request: HttpRequest, there: str) -> HttpResponse:
    """The answer that leads to another page. htmx is sent there whole: a page has no place in a table cell."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": there})
    return HttpResponseRedirect(there)


def shown_once(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """`response`, which shows a plaintext: the one place it is in."""
    # A changed cookie is what makes browsers drop even a no-store page from their back/forward cache.
    response.set_cookie(
        "revealed",
        secrets.token_hex(8),
        max_age=3600,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def agent_of(request: AppRequest, agent_id: UUID) -> Agent:
    """An agent of this app. Raises AgentNotFound for a stranger's as for none."""
    return agent_in(request.app.id, agent_id)


def agent_in(app_id: UUID, agent_id: UUID) -> Agent:
    """An agent of an app, revoked ones included. Raises AgentNotFound."""
    agent = Agent.objects.filter(app=app_id, id=agent_id).select_related("app").first()
    if agent is None:
        raise AgentNotFound
    return agent


def id_of(text: str) -> UUID:
    """The id that a program wrote into an address; nobody's, if it is none."""
    return uuid_or_nil(text)


def address_of(name: str, thing: OfAnApp) -> str:
    """The address of the page `name` about an agent or a key."""
    return reverse(name, args=[thing.app_id, thing.id])
