"""The page of outgoing email, for admins of every app: messages that were not delivered. None can be read there."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from agents.requests import finished
from audit.requests import PortalRequest
from core.errors import NotFound
from core.folding import contains_folded
from core.pagination.list_page import Column, ListPage
from portal.mail import outbox
from portal.models import Mail
from portal.web.post_only import post_only
from portal.web.search_form import SearchForm

COLUMNS = (
    Column("message", "Message", sort=("address",), css="lead"),
    Column("status", "Status", sort=("due_at",)),
    Column("error", "Error"),
    Column("created", "Created", sort=("at",), descending=True),
    Column("actions", "Actions"),
)


@require_GET
def undelivered(request: PortalRequest) -> HttpResponse:
    """Messages that wait or failed, searched by email address or cause."""
    form = SearchForm(request.GET)
    rows = outbox.undelivered() if form.is_valid() else Mail.objects.none()
    q = form.cleaned_data["q"] if form.is_valid() else ""
    if q:
        rows = rows.filter(contains_folded(q, "address", "cause"))
    context = {
        "form": form,
        "q": q,
        "list": ListPage.from_query(rows, request.GET, COLUMNS, id="messages"),
        "label": f"Delivered in {outbox.LOOKBACK.days} days",
        "counts": outbox.counts(),
        "sends_mail": settings.SENDS_MAIL,
        "days": outbox.LOOKBACK.days,
    }
    return render(request, "portal/mail/outgoing_email.html", context, status=422 if form.errors else 200)


@post_only(lambda mail_id: reverse("mail"))
def send_again(request: PortalRequest, mail_id: UUID) -> HttpResponse:
    """Resend a message at once."""
    mail = Mail.objects.filter(pk=mail_id).first()
    if mail is None:
        raise NotFound
    outbox.send_again(request.actor, mail)
    return finished(request, reverse("mail"), "Resending the message")
