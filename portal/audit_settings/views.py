"""The pages of the audit log settings: integrity, retention, webhooks and failed deliveries."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from agents.models import App
from agents.requests import finished, sent, shown_once
from audit.actions import EVERY, RENAMED, current_name
from audit.actors import Actor
from audit.forwarding import destinations
from audit.forwarding import status as forwarding_status
from audit.forwarding.webhooks import Secret
from audit.integrity.witnesses import receiver
from audit.integrity.witnesses import status as witnesses
from audit.models import Delivery, Event, Webhook
from audit.requests import PortalRequest
from audit.retention import policy
from audit.retention.policy import RetentionPeriod
from core.errors import NotFound, Refusal
from core.folding import contains_folded
from core.forms import ReasonForm, refuse_unknown
from core.pagination.list_page import Column, ListPage
from keys.errors import AlreadyMinted
from portal.audit_settings.forms import RetentionForm, RotateSecretForm, WebhookForm
from portal.models import User
from portal.web.dialogs import Dialog, render_dialog
from portal.web.form_idempotency import submit_once
from portal.web.gates import apps_of
from portal.web.post_only import post_only
from portal.web.search_form import SearchForm

RECENT = 10
SHOWN = ("audit.retain", "webhook.", "delivery.", "alarm.", "seal-key.", "audit.restore")
SHOWN_ACTIONS = [name for name in (*EVERY, *RENAMED) if current_name(name).startswith(SHOWN)]
"""The actions whose events this page shows."""
FAILED_COLUMNS = (
    Column("delivery", "Delivery", sort=("checkpoint",), css="lead"),
    Column("webhook", "Webhook", sort=("webhook__name",)),
    Column("error", "Error"),
    Column("entries", "Entries", sort=("rows",), css="num"),
    Column("failed", "Failed", sort=("given_up_at",), descending=True),
    Column("actions", "Actions"),
)
RETENTION_TITLES = {"event": "Event", "call": "API request", "span": "Trace"}
RETENTION_NOTES = {
    "event": "Older events are deleted hourly and cannot be restored. Checkpoints are kept.",
    "call": "Older requests are deleted hourly and cannot be restored. Checkpoints are kept. On PostgreSQL, periods of "
    "90 days or more are applied by whole months: requests may be kept up to a month longer.",
    "span": "Older traces are deleted hourly and cannot be restored.",
}


@require_GET
def record(request: PortalRequest) -> HttpResponse:
    """The audit log settings: integrity, retention, webhooks and streams."""
    context = {
        "sealing": forwarding_status.sealing(),
        "periods": policy.in_force(),
        "webhooks": forwarding_status.webhooks(),
        "streams": forwarding_status.streams(),
        "failed": destinations.failed_deliveries().count(),
        "witnesses": witnesses.witnesses(),
        "sources": witnesses.sources(),
        "events": Event.objects.filter(app_id=None, action__in=SHOWN_ACTIONS).order_by("-at", "-id")[:RECENT],
    }
    return render(request, "portal/audit_settings/audit_settings.html", context)


@require_GET
def witnessed(request: PortalRequest, source: str) -> HttpResponseBase:
    """The checkpoints of another portal that were witnessed here, as JSON lines."""
    if source not in settings.WITNESS_FOR:
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="witnessed-{source}.jsonl"'}
    lines = (f"{json.dumps(line, separators=(',', ':'))}\n" for line in receiver.lines(source))
    return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
def retain(request: PortalRequest, kind: str) -> HttpResponse:
    """The retention period of one kind of row."""
    period = next((period for period in policy.in_force() if period.kind == kind), None)
    if period is None:
        raise NotFound
    form = RetentionForm(sent(request), period=period)
    status = 200
    if form.is_bound and form.is_valid():
        days, reason = form.cleaned_data["days"], form.cleaned_data["reason"]
        try:
            policy.set_retention(request.actor, kind, days, reason)
            message = f"{period.label} retention: {policy.in_words(days)}"
            return finished(request, reverse("audit-settings"), message)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render_dialog(request, _retention_dialog(period), form, status)


def _retention_dialog(period: RetentionPeriod) -> Dialog:
    return Dialog(
        title=f"{RETENTION_TITLES[period.kind]} retention",
        text=f"Now: {period.says}, for all apps. {RETENTION_NOTES[period.kind]}",
        button="Save",
        cancel=reverse("audit-settings"),
        crumbs=(_settings_crumb(),),
        failure="Could not save",
    )


@require_GET
def webhooks(request: PortalRequest) -> HttpResponse:
    """The list of webhooks is a part of the audit log settings."""
    return HttpResponseRedirect(f"{reverse('audit-settings')}#webhooks-h")


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PortalRequest) -> HttpResponse:
    """A new webhook; the answer shows its signing secret, once."""
    form = WebhookForm(sent(request), apps=_apps(request), initial={"once": uuid4().hex})
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            make = partial(destinations.create, request.actor, **form.choices())
            return _reveal(request, _make_once(request, form, make, "one webhook was created"))
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(request, "portal/audit_settings/webhook_create.html", {"form": form}, status=status)


@require_GET
def webhook(request: PortalRequest, webhook_id: UUID) -> HttpResponse:
    """One webhook: what it receives, its backlog, and its latest deliveries."""
    refuse_unknown(request.GET)
    row = _webhook(webhook_id)
    deliveries = row.deliveries.order_by("-created_at", "-pk")
    context = {
        "status": next((status for status in forwarding_status.webhooks() if status.webhook == row), None),
        "webhook": row,
        "of_app": App.objects.filter(id=row.app_id).first() if row.app_id else None,
        "list": ListPage.from_query(deliveries, request.GET, id="deliveries"),
        "test": destinations.TEST,
    }
    return render(request, "portal/audit_settings/webhook.html", context)


def _page_of(webhook_id: UUID) -> str:
    return reverse("webhook", args=[webhook_id])


@post_only(_page_of)
def pause(request: PortalRequest, webhook_id: UUID) -> HttpResponse:
    """Stop deliveries for now."""
    return _done(request, webhook_id, destinations.pause, "Webhook paused")


@post_only(_page_of)
def resume(request: PortalRequest, webhook_id: UUID) -> HttpResponse:
    """Continue deliveries where they were paused."""
    return _done(request, webhook_id, destinations.resume, "Webhook resumed")


@post_only(_page_of)
def test(request: PortalRequest, webhook_id: UUID) -> HttpResponse:
    """Send a message without rows, within seconds."""
    return _done(request, webhook_id, destinations.test, "Test sent. Its result is listed under Deliveries")


@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: PortalRequest, webhook_id: UUID) -> HttpResponse:
    """A new signing secret, shown once."""
    row = _webhook(webhook_id)
    form = RotateSecretForm(sent(request), initial={"once": uuid4().hex})
    status = 200
    if form.is_bound and form.is_valid():
        make = partial(destinations.rotate, request.actor, row, form.cleaned_data["reason"])
        try:
            return _reveal(request, _make_once(request, form, make, "the secret was rotated"))
        except AlreadyMinted as refusal:
            form.refuse(refusal)
            status = refusal.status
    dialog = Dialog(
        title=f"Rotate the signing secret of {row.name}?",
        text="Deliveries are signed with the new secret from now on. Deliveries that the receiver rejects until it has "
        "the new secret are retried, so nothing is lost. The new secret is shown once, on the next page.",
        button="Rotate secret",
        cancel=_page_of(row.pk),
        crumbs=(_settings_crumb(), (row.name, _page_of(row.pk))),
        failure="Could not rotate the secret",
        is_danger=False,
    )
    return render_dialog(request, dialog, form, status)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: PortalRequest, webhook_id: UUID) -> HttpResponse:
    """Delete a webhook."""
    row, form = _webhook(webhook_id), ReasonForm(sent(request))
    if form.is_bound and form.is_valid():
        destinations.delete(request.actor, row, form.cleaned_data["reason"])
        return finished(request, reverse("audit-settings"), f"Webhook {row.name} deleted")
    dialog = Dialog(
        title=f"Delete webhook {row.name}?",
        text="Deliveries stop permanently and pending deliveries are discarded. Audit log entries are kept. To stop "
        "deliveries for a while, pause the webhook.",
        button="Delete webhook",
        cancel=_page_of(row.pk),
        crumbs=(_settings_crumb(), (row.name, _page_of(row.pk))),
        failure="Could not delete the webhook",
    )
    return render_dialog(request, dialog, form)


@require_GET
def failed_deliveries(request: PortalRequest) -> HttpResponse:
    """Deliveries that failed for good, of all webhooks, searched by webhook or error."""
    form = SearchForm(request.GET)
    rows = destinations.failed_deliveries()
    q = form.cleaned_data["q"] if form.is_valid() else ""
    if q:
        rows = rows.filter(contains_folded(q, "webhook__name", "last_error"))
    rows = rows if form.is_valid() else rows.none()
    page = ListPage.from_query(rows, request.GET, FAILED_COLUMNS, id="deliveries")
    context = {"list": page, "form": form, "q": q, "batch": forwarding_status.MAX_DELIVERIES}
    return render(
        request, "portal/audit_settings/failed_deliveries.html", context, status=422 if form.errors else 200
    )


def _failed_page(delivery_id: UUID | None = None) -> str:
    return reverse("failed-deliveries")


@post_only(_failed_page)
def retry(request: PortalRequest, delivery_id: UUID | None = None) -> HttpResponse:
    """Send one failed delivery again, or the oldest of them."""
    deliveries = _deliveries(delivery_id)
    for delivery in deliveries:
        destinations.retry(request.actor, delivery)
    return finished(request, _failed_page(), f"Resending {_counted(deliveries)}")


@require_http_methods(["GET", "HEAD", "POST"])
def discard(request: PortalRequest, delivery_id: UUID | None = None) -> HttpResponse:
    """Discard one failed delivery, or the oldest of them."""
    deliveries, form = _deliveries(delivery_id), ReasonForm(sent(request))
    if form.is_bound and form.is_valid():
        for delivery in deliveries:
            destinations.discard(request.actor, delivery, form.cleaned_data["reason"])
        return finished(request, _failed_page(), f"Discarded {_counted(deliveries)}")
    these = "This delivery" if len(deliveries) == 1 else "These deliveries"
    dialog = Dialog(
        title=f"Discard {_counted(deliveries)}?",
        text=f"{these} will be discarded. The entries stay in the audit log and can be exported.",
        button="Discard",
        cancel=_failed_page(),
        crumbs=(_settings_crumb(), ("Failed deliveries", _failed_page())),
        failure="Could not discard",
    )
    return render_dialog(request, dialog, form)


def _settings_crumb() -> tuple[str, str]:
    return "Audit log settings", reverse("audit-settings")


def _done(
    request: PortalRequest, webhook_id: UUID, verb: Callable[[Actor, Webhook], None], message: str
) -> HttpResponse:
    row = _webhook(webhook_id)
    verb(request.actor, row)
    return finished(request, _page_of(row.pk), message)


def _make_once(
    request: PortalRequest, form: WebhookForm | RotateSecretForm, make: Callable[[], Secret], made: str
) -> Secret:
    hint = "If you did not save the secret, open the webhook and rotate it."
    return submit_once(request, form.cleaned_data["once"], make, made=made, hint=hint)


def _reveal(request: PortalRequest, made: Secret) -> HttpResponse:
    """The page that shows a signing secret. It is in this response and nowhere else."""
    context = {"webhook": made.webhook, "plaintext": made.text}
    return shown_once(request, render(request, "portal/audit_settings/webhook_secret.html", context))


def _webhook(webhook_id: UUID) -> Webhook:
    """One that is not deleted. Raises NotFound."""
    row = Webhook.objects.filter(id=webhook_id, deleted_at=None).first()
    if row is None:
        raise NotFound
    return row


def _deliveries(delivery_id: UUID | None) -> list[Delivery]:
    """The failed delivery with this id, or without one the oldest. Raises NotFound."""
    rows = destinations.failed_deliveries()
    chosen = list(rows.filter(id=delivery_id) if delivery_id else rows[: forwarding_status.MAX_DELIVERIES])
    if not chosen and delivery_id:
        raise NotFound
    return chosen


def _counted(deliveries: list[Delivery]) -> str:
    return f"{len(deliveries):,} deliver{'y' if len(deliveries) == 1 else 'ies'}"


def _apps(request: PortalRequest) -> Any:
    return apps_of(cast(User, request.user))
