"""The page of outgoing mail, for admins of every app: what did not arrive and why. No message can be read there."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from agents.requests import finished
from audit.requests import PortalRequest
from core.errors import NotFound
from core.forms import refuse_unknown
from core.pagination import ListPage
from portal.mail import outbox
from portal.models import Mail


@require_GET
def undelivered(request: PortalRequest) -> HttpResponse:
    """What waits or was given up, with its cause."""
    refuse_unknown(request.GET)
    shown = ListPage.from_query(outbox.undelivered(), request.GET)
    context = {
        "list": shown,
        "mails": shown.rows,
        "counts": outbox.counts(),
        "sends_mail": settings.SENDS_MAIL,
        "days": outbox.LOOKBACK.days,
    }
    return render(request, "portal/mail/outgoing_email.html", context)


@require_POST
def send_again(request: PortalRequest, mail_id: UUID) -> HttpResponse:
    """Try a message once more, at once."""
    mail = Mail.objects.filter(pk=mail_id).first()
    if mail is None:
        raise NotFound
    outbox.send_again(request.actor, mail)
    return finished(request, reverse("mail"), "It is sent again within seconds")
