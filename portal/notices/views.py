"""The pages of what one is told: the list, the way from a notice to what it is about, and how one wants to be told."""

from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.faces import finished
from audit.clock import now
from audit.faces import PortalRequest
from audit.refusals import NotFound
from portal.gates import user_of
from portal.models import Notice, NoticeKind
from portal.notices.choices import Wish, choose, wishes_of
from portal.notices.tell import PERSONAL

A_PAGE = 50


@require_GET
def notices(request: PortalRequest) -> HttpResponse:
    """What one has been told, the newest first."""
    found = Notice.objects.filter(user=user_of(request), shown=True)
    kind = request.GET.get("kind", "")
    if kind in NoticeKind.values:
        found = found.filter(kind=kind)
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "kinds": NoticeKind.choices, "kind": kind}
    return render(request, "portal/notices.html", context)


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
    return render(request, "portal/notice_choices.html", context)
