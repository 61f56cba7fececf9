"""The pages of what one is told: the list, the way from a notice to what it is about, and how one wants to be told."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.requests import finished
from audit.requests import PortalRequest
from core.clock import now
from core.errors import NotFound
from core.forms import QueryForm
from core.pagination import ListPage
from portal.gates import user_of
from portal.models import Notice, NoticeKind
from portal.notifications.notify import PERSONAL
from portal.notifications.preferences import Wish, choose, wishes_of


class NoticesForm(QueryForm):
    """Which kind of notices is shown."""

    kind = forms.ChoiceField(required=False, choices=[("", "All"), *NoticeKind.choices])


@require_GET
def notices(request: PortalRequest) -> HttpResponse:
    """What one has been told, the newest first."""
    found = Notice.objects.filter(user=user_of(request), shown=True)
    form = NoticesForm(request.GET)
    kind = form.cleaned_data["kind"] if form.is_valid() else ""
    found = found.filter(kind=kind) if kind else found
    found = found if form.is_valid() else found.none()
    shown = ListPage.from_query(found, request.GET)
    context = {"form": form, "list": shown, "kinds": NoticeKind.choices, "kind": kind}
    return render(
        request, "portal/notifications/notifications.html", context, status=200 if form.is_valid() else 422
    )


@require_GET
def follow(request: PortalRequest, notice_id: UUID) -> HttpResponse:
    """Go to what a notice is about; it counts as read."""
    notice = Notice.objects.filter(user=user_of(request), id=notice_id).first()
    if notice is None:
        raise NotFound
    Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=now())
    safe = url_has_allowed_host_and_scheme(notice.to, None) and notice.to.startswith("/")
    return HttpResponseRedirect(notice.to if safe else reverse("notices"))


@require_POST
def read_all(request: PortalRequest) -> HttpResponse:
    """Count every notice as read."""
    Notice.objects.filter(user=user_of(request), read_at=None).update(read_at=now())
    return finished(request, reverse("notices"), "All are marked as read")


@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: PortalRequest) -> HttpResponse:
    """How one wants to be told of what."""
    user = user_of(request)
    if request.method == "POST":
        ticked = set(request.POST.getlist("tick"))
        wishes = {
            kind: Wish(f"{kind}:portal" in ticked, f"{kind}:mail" in ticked, f"{kind}:all" in ticked)
            for kind in NoticeKind
        }
        choose(user, wishes)
        return finished(request, reverse("notice-choices"), "Saved")
    rows = [(kind, wish, kind in PERSONAL) for kind, wish in wishes_of(user).items()]
    context = {"rows": rows, "sends_mail": settings.SENDS_MAIL}
    return render(request, "portal/notifications/preferences.html", context)
