"""The pages of notifications: the list, the way to the page of each, and notification settings."""

from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods

from agents.models import App
from agents.requests import finished
from audit.requests import PortalRequest
from core.choices import parse_choice
from core.clock import now
from core.errors import NotFound
from core.folding import contains_folded
from core.pagination.list_page import ListPage
from portal.models import Notification, NotificationKind
from portal.notifications.notify import PERSONAL
from portal.notifications.preferences import Preference, preferences_of, save_preferences
from portal.web.gates import user_of
from portal.web.post_only import post_only
from portal.web.search_form import SearchForm

TABS = {
    "": ("All", Q()),
    "unread": ("Unread", Q(read_at=None)),
    "keys": ("Keys", ~Q(kind__in=PERSONAL)),
    "account": ("Account", Q(kind__in=(NotificationKind.SIGNED_IN, NotificationKind.ACCOUNT))),
    "audit-log": ("Audit log", Q(kind=NotificationKind.ALARM)),
}
"""The tabs of the list, by their word in the URL: label and rows."""
ACTIONS = {
    NotificationKind.EXPIRING: "Rotate key",
    NotificationKind.EXPIRED: "View key",
    NotificationKind.STILL_IN_USE: "View callers",
    NotificationKind.LEAKED: "View details",
    NotificationKind.REVOKED: "View details",
    NotificationKind.QUESTION: "View key",
    NotificationKind.ALARM: "View details",
    NotificationKind.SIGNED_IN: "Review sessions",
    NotificationKind.ACCOUNT: "Review security",
}
ICONS = {
    NotificationKind.EXPIRING: "clock",
    NotificationKind.EXPIRED: "clock-alert",
    NotificationKind.STILL_IN_USE: "circle-pause",
    NotificationKind.LEAKED: "shield-alert",
    NotificationKind.REVOKED: "key-round",
    NotificationKind.QUESTION: "message-circle-question-mark",
    NotificationKind.ALARM: "shield-alert",
    NotificationKind.SIGNED_IN: "fingerprint-pattern",
    NotificationKind.ACCOUNT: "circle-user-round",
}


class NotificationsForm(SearchForm):
    """The search of the list, in one of its tabs."""

    also = ("page", "sort", "tab")


@require_GET
def notifications(request: PortalRequest) -> HttpResponse:
    """Notifications of the user, newest first."""
    form = NotificationsForm(request.GET)
    rows = Notification.objects.filter(user=user_of(request), shown=True)
    unread = rows.filter(read_at=None).count()
    tab, q = parse_choice(request.GET.get("tab", ""), "tab", [word for word in TABS if word]), ""
    if form.is_valid():
        q = form.cleaned_data["q"]
        rows = rows.filter(TABS[tab][1])
        rows = rows.filter(contains_folded(q, "title", "text")) if q else rows
    else:
        rows = rows.none()
    page = ListPage.from_query(rows, request.GET, id="notifications")
    context = {
        "form": form,
        "list": page,
        "rows": [
            (row, ACTIONS[NotificationKind(row.kind)], ICONS[NotificationKind(row.kind)]) for row in page.rows
        ],
        "app_names": _app_names(page),
        "tabs": [(word, label) for word, (label, _) in TABS.items()],
        "tab": tab,
        "q": q,
        "count_unread": unread,
    }
    return render(
        request, "portal/notifications/notifications.html", context, status=422 if form.errors else 200
    )


def _app_names(page: ListPage) -> dict[UUID, str]:
    return dict(App.objects.filter(id__in={row.app_id for row in page.rows}).values_list("id", "name"))


@require_GET
def follow(request: PortalRequest, notification_id: UUID) -> HttpResponse:
    """Mark a notification as read and go to its page."""
    notification = Notification.objects.filter(user=user_of(request), id=notification_id).first()
    if notification is None:
        raise NotFound
    Notification.objects.filter(pk=notification.pk, read_at=None).update(read_at=now())
    path = notification.path
    is_safe = url_has_allowed_host_and_scheme(path, None) and path.startswith("/")
    return HttpResponseRedirect(path if is_safe else reverse("notifications"))


@post_only(lambda: reverse("notifications"))
def read_all(request: PortalRequest) -> HttpResponse:
    """Mark all notifications as read."""
    Notification.objects.filter(user=user_of(request), read_at=None).update(read_at=now())
    return finished(request, reverse("notifications"), "All notifications marked as read")


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: PortalRequest) -> HttpResponse:
    """Notification settings of the user."""
    user = user_of(request)
    if request.method == "POST":
        ticked = set(request.POST.getlist("tick"))
        chosen = {
            kind: Preference(f"{kind}:portal" in ticked, f"{kind}:mail" in ticked, f"{kind}:all" in ticked)
            for kind in NotificationKind
        }
        save_preferences(user, chosen)
        return finished(request, reverse("notification-settings"), "Notification settings saved")
    rows = [(kind, preference, kind in PERSONAL) for kind, preference in preferences_of(user).items()]
    context = {"rows": rows, "sends_mail": settings.SENDS_MAIL}
    return render(request, "portal/notifications/preferences.html", context)
