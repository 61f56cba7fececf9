"""The pages of the record as a whole: how it is sealed, how long it is kept, whom it is forwarded to."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.models import App
from agents.requests import finished, sent, shown_once
from audit.actions import EVERY
from audit.actors import Actor
from audit.forwarding import destinations
from audit.forwarding import status as standing
from audit.forwarding.webhooks import Secret
from audit.integrity.witnesses import receiver
from audit.integrity.witnesses import status as witnesses
from audit.models import Delivery, Destination, Event
from audit.requests import PortalRequest
from audit.retention import policy
from core.errors import NotFound, Refusal
from core.forms import ReasonForm, refuse_unknown
from core.pagination import ListPage
from keys.errors import AlreadyMinted
from portal.audit_settings.forms import DestinationForm, RetentionForm, RotateSecretForm
from portal.form_idempotency import submit_once
from portal.gates import apps_of
from portal.models import User

LATELY = 10
SHOWN = ("audit.retain", "destination.", "delivery.", "alarm.", "seal-key.", "audit.restore")
ACTS = [name for name in EVERY if name.startswith(SHOWN)]
"""The acts that this page shows."""


@require_GET
def record(request: PortalRequest) -> HttpResponse:
    """How the record stands."""
    context = {
        "sealing": standing.sealing(),
        "kept": policy.in_force(),
        "lines": standing.lines(),
        "outlets": standing.outlets(),
        "witnesses": witnesses.witnesses(),
        "sources": witnesses.sources(),
        "acts": Event.objects.filter(app_id=None, action__in=ACTS).order_by("-at", "-id")[:LATELY],
    }
    return render(request, "portal/audit_settings/audit_settings.html", context)


@require_GET
def witnessed(request: PortalRequest, source: str) -> HttpResponseBase:
    """The checkpoints of another portal that were witnessed here, as JSON lines."""
    if source not in settings.WITNESS_FOR:
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="witnessed-{source}.jsonl"'}
    lines = (f"{json.dumps(told, separators=(',', ':'))}\n" for told in receiver.lines(source))
    return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
def retain(request: PortalRequest, kind: str) -> HttpResponse:
    """How long one kind of row is kept."""
    kept = next((kept for kept in policy.in_force() if kept.kind == kind), None)
    if kept is None:
        raise NotFound
    form = RetentionForm(sent(request), kept=kept)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        days, reason = form.cleaned_data["days"], form.cleaned_data["reason"]
        try:
            policy.set_retention(request.actor, kind, days, reason)
            return finished(request, reverse("record"), f"{kept.label} are kept {policy.in_words(days)}")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(
        request, "portal/audit_settings/retention.html", {"form": form, "kept": kept}, status=status
    )


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PortalRequest) -> HttpResponse:
    """A new destination; the answer shows its signing secret, once."""
    form = DestinationForm(sent(request), apps=_apps(request), initial={"once": uuid4().hex})
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            make = partial(destinations.create, request.actor, **form.choices())
            return _reveal(request, _make_once(request, form, make, "one destination was created"))
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(request, "portal/audit_settings/webhook_create.html", {"form": form}, status=status)


@require_GET
def destination(request: PortalRequest, destination_id: UUID) -> HttpResponse:
    """One destination: what it is told of, how far it has come, and its latest deliveries."""
    found = _destination(destination_id)
    context = {
        "line": next((line for line in standing.lines() if line.destination == found), None),
        "destination": found,
        "of_app": App.objects.filter(id=found.app_id).first() if found.app_id else None,
        "deliveries": found.deliveries.order_by("-created_at", "-pk")[: standing.MOST_LETTERS],
        "test": destinations.TEST,
    }
    return render(request, "portal/audit_settings/webhook.html", context)


@require_POST
def pause(request: PortalRequest, destination_id: UUID) -> HttpResponse:
    """Send it nothing for now."""
    return _done(request, destination_id, destinations.pause, "is paused")


@require_POST
def resume(request: PortalRequest, destination_id: UUID) -> HttpResponse:
    """Go on where it was paused."""
    return _done(request, destination_id, destinations.resume, "is told again")


@require_POST
def test(request: PortalRequest, destination_id: UUID) -> HttpResponse:
    """Send it a message without rows, within seconds."""
    return _done(request, destination_id, destinations.test, "is sent a test; its answer will stand below")


@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: PortalRequest, destination_id: UUID) -> HttpResponse:
    """Another signing secret, shown once."""
    found = _destination(destination_id)
    form = RotateSecretForm(sent(request), initial={"once": uuid4().hex})
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        make = partial(destinations.rotate, request.actor, found, form.cleaned_data["reason"])
        try:
            return _reveal(request, _make_once(request, form, make, "the secret was rotated"))
        except AlreadyMinted as refusal:
            form.refuse(refusal)
            status = refusal.status
    context = {"destination": found, "form": form}
    return render(request, "portal/audit_settings/webhook_rotate.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: PortalRequest, destination_id: UUID) -> HttpResponse:
    """Send it nothing more, for ever."""
    found, form = _destination(destination_id), ReasonForm(sent(request))
    if form.is_bound and form.is_valid():
        destinations.end(request.actor, found, form.cleaned_data["reason"])
        return finished(request, reverse("record"), f"{found.name} is ended")
    context = {"destination": found, "form": form}
    return render(
        request, "portal/audit_settings/webhook_delete.html", context, status=422 if form.errors else 200
    )


@require_GET
def dead_letters(request: PortalRequest) -> HttpResponse:
    """Deliveries that were given up."""
    refuse_unknown(request.GET)
    shown = ListPage.from_query(destinations.dead_letters(), request.GET)
    context = {"list": shown, "letters": shown.rows, "batch": standing.MOST_LETTERS}
    return render(request, "portal/audit_settings/failed_deliveries.html", context)


@require_POST
def retry(request: PortalRequest, delivery_id: UUID | None = None) -> HttpResponse:
    """Send one dead letter once more, or all of them."""
    letters = _letters(delivery_id)
    for letter in letters:
        destinations.retry(request.actor, letter)
    return finished(
        request, reverse("dead-letters"), f"{_counted(letters)} will be sent again within seconds"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def discard(request: PortalRequest, delivery_id: UUID | None = None) -> HttpResponse:
    """Never send one dead letter, or any of them."""
    letters, form = _letters(delivery_id), ReasonForm(sent(request))
    if form.is_bound and form.is_valid():
        for letter in letters:
            destinations.discard(request.actor, letter, form.cleaned_data["reason"])
        return finished(request, reverse("dead-letters"), f"{_counted(letters)} discarded")
    context = {"letters": letters, "form": form}
    return render(
        request,
        "portal/audit_settings/failed_delivery_discard.html",
        context,
        status=422 if form.errors else 200,
    )


def _done(
    request: PortalRequest, destination_id: UUID, verb: Callable[[Actor, Destination], None], says: str
) -> HttpResponse:
    found = _destination(destination_id)
    verb(request.actor, found)
    return finished(request, reverse("destination", args=[found.pk]), f"{found.name} {says}")


def _make_once(
    request: PortalRequest, form: DestinationForm | RotateSecretForm, make: Callable[[], Secret], made: str
) -> Secret:
    hint = "If you did not keep the secret, open the destination and rotate it."
    return submit_once(request, form.cleaned_data["once"], make, made=made, hint=hint)


def _reveal(request: PortalRequest, made: Secret) -> HttpResponse:
    """The page that shows a signing secret. It is in this response and nowhere else."""
    context = {"destination": made.destination, "plaintext": made.text}
    return shown_once(request, render(request, "portal/audit_settings/webhook_secret.html", context))


def _destination(destination_id: UUID) -> Destination:
    """One that has not ended. Raises NotFound."""
    found = Destination.objects.filter(id=destination_id, ended_at=None).first()
    if found is None:
        raise NotFound
    return found


def _letters(delivery_id: UUID | None) -> list[Delivery]:
    """The dead letter with this id, or as many as the page shows. Raises NotFound."""
    letters = destinations.dead_letters()
    found = list(letters.filter(id=delivery_id) if delivery_id else letters[: standing.MOST_LETTERS])
    if not found and delivery_id:
        raise NotFound
    return found


def _counted(letters: list[Delivery]) -> str:
    return f"{len(letters)} deliver{'y' if len(letters) == 1 else 'ies'}"


def _apps(request: PortalRequest) -> Any:
    return apps_of(cast(User, request.user))
