"""The pages of all users, for admins of all apps: their access, keys, sessions and status."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.models import App
from agents.requests import finished, sent
from audit.actors import Actor
from audit.models import Event
from audit.requests import PortalRequest
from core.errors import NotFound, Refusal
from core.folding import code_point_order
from core.forms import ReasonForm
from core.pagination.list_page import ACTIONS, Column, ListPage
from core.row_counts import count_by
from keys.errors import LastActiveKey
from keys.models import ApiKey
from portal.accounts import account_changes, forms, offboarding
from portal.accounts.search import search_people
from portal.auth import sessions
from portal.auth.policy import is_linked
from portal.auth.two_factor import factor_names, factors_of, reset_factors
from portal.models import AccessToken, Membership, User
from portal.permissions import role_permissions, summarize
from portal.tokens import lifecycle
from portal.tokens.lifecycle import active_tokens
from portal.web.gates import permissions_anywhere, user_of

MAX_ACTIVITY = 12
MAX_KEYS = 50
USER_COLUMNS = (
    Column("user", "User", sort=code_point_order("email"), css="lead"),
    Column("access", "Access", css="full"),
    Column("2fa", "2FA"),
    Column("keys", "Keys owned", sort=("keys",), css="num", descending=True),
    Column("tokens", "Tokens", sort=("tokens",), css="num", descending=True),
    Column("seen", "Last seen", sort=("last_seen_at",), descending=True),
    Column("status", "Status", sort=("is_active",), css="state"),
)


ACCESS_COLUMNS = (*Column.from_labels("App, Role, Since"), ACTIONS)


@require_GET
def users(request: PortalRequest) -> HttpResponse:
    """All users."""
    filters = forms.UserFilterForm(request.GET)
    chosen = filters.cleaned_data if filters.is_valid() else {}
    counts = {
        "tokens": count_by(AccessToken.objects.filter(active_tokens()), "user"),
        "keys": count_by(ApiKey.objects.all().own().active(), "owner_id"),
    }
    matching = search_people(chosen.get("q", ""), chosen.get("show", ""))
    rows = matching if filters.is_valid() else User.objects.none()
    page = ListPage.from_query(rows.annotate(**counts), request.GET, USER_COLUMNS, id="users", sort="user")
    context = {
        "filters": filters,
        "list": page,
        "factors": factor_names([user.pk for user in page.rows]),
        "access": _memberships_of(page.rows),
    }
    return render(request, "portal/accounts/users.html", context, status=200 if filters.is_valid() else 422)


@require_GET
def roles(request: PortalRequest) -> HttpResponse:
    """Every permission, and the roles that include it."""
    return render(request, "portal/accounts/roles.html", {"rows": role_permissions()})


@require_GET
def user(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """A user: access, keys, sessions, recent activity, sign-in and tokens."""
    user = _user(user_id)
    owned, held = offboarding.owned_keys(user, None), permissions_anywhere(user)
    access_tokens = user.access_tokens.filter(active_tokens()).select_related("parent")
    context = {
        "person": user,
        "memberships": user.memberships.filter(ended_at=None)
        .select_related("app")
        .order_by(*code_point_order("app__sameness")),
        "access_columns": ACCESS_COLUMNS,
        "owned": owned[:MAX_KEYS],
        "owned_total": len(owned),
        "tokens": [
            (token, summarize(lifecycle.effective_permissions(token, held))) for token in access_tokens
        ],
        "sessions": sessions.open_sessions(user),
        "factors": factors_of(user),
        "events": _recent_events(user),
        "is_self": user == user_of(request),
        "is_confirmed": account_changes.is_confirmed(user),
        "is_linked": is_linked(user),
        "has_password": user.has_usable_password(),
    }
    return render(request, "portal/accounts/user.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Remove a user from all apps, and revoke or transfer their keys."""
    user = _user(user_id)
    owned, candidates = offboarding.owned_keys(user, None), offboarding.transfer_candidates(user, None)
    form = forms.LeaveForm(sent(request), owned=owned, candidates=candidates)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            offboarding.remove_everywhere(request.actor, user, form.plan(), form.cleaned_data["reason"])
            return finished(request, reverse("users"), f"{user} removed from all apps")
        except Refusal as refusal:
            form.refuse(refusal, "force" if isinstance(refusal, LastActiveKey) else "")
            status = refusal.status
    context = {
        "person": user,
        "form": form,
        "owned": owned,
        "tokens": user.access_tokens.filter(active_tokens()),
    }
    return render(request, "portal/accounts/user_remove.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Sign a user out everywhere."""
    return _confirm(request, user_id, account_changes.sign_out, "sign-out", "signed out everywhere")


@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Reset 2FA for a user who has lost access."""
    return _confirm(request, user_id, reset_factors, "reset", "no longer has 2FA")


@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Deactivate a user."""
    return _confirm(request, user_id, account_changes.deactivate, "deactivate", "deactivated")


@require_POST
def reactivate(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Reactivate a user."""
    user = _user(user_id)
    account_changes.reactivate(request.actor, user)
    return finished(request, _address_of(user), f"{user} reactivated")


@require_POST
def confirm_email(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Confirm a user's email: from then on the identity provider can sign in to the account by it."""
    user = _user(user_id)
    account_changes.confirm_email(request.actor, user)
    return finished(request, _address_of(user), f"Email of {user} confirmed")


@require_http_methods(["GET", "HEAD", "POST"])
def change_email(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Change a user's email."""
    user = _user(user_id)
    form = forms.EmailForm(sent(request))
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            account_changes.change_email(request.actor, user, data["email"], data["reason"])
            return finished(request, _address_of(user), f"Email of {user} changed to {user.email}")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(request, "portal/accounts/user_email.html", {"person": user, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: PortalRequest) -> HttpResponse:
    """The name of the signed-in user, and their access."""
    user = user_of(request)
    form = forms.NameForm(sent(request), initial={"name": user.name})
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            account_changes.rename(request.actor, user, form.cleaned_data["name"])
            return finished(request, reverse("profile"), "Saved")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    context = {"form": form, "memberships": user.memberships.filter(ended_at=None).select_related("app")}
    return render(request, "portal/accounts/profile.html", context, status=status)


def _confirm(
    request: PortalRequest, user_id: UUID, verb: Callable[[Actor, User, str], Any], what: str, title: str
) -> HttpResponse:
    """Ask for a reason, then call `verb`."""
    user, form = _user(user_id), ReasonForm(sent(request))
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            verb(request.actor, user, form.cleaned_data["reason"])
            return finished(request, _address_of(user), f"{user} {title}")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    context = {"person": user, "form": form, "what": what}
    return render(request, "portal/accounts/user_confirm.html", context, status=status)


def _user(user_id: UUID) -> User:
    user = User.objects.filter(id=user_id).first()
    if user is None:
        raise NotFound
    return user


def _address_of(user: User) -> str:
    return reverse("user", args=[user.pk])


def _memberships_of(users: list[User]) -> dict[UUID, list[Membership]]:
    access: dict[UUID, list[Membership]] = {}
    for membership in Membership.objects.filter(user__in=users, ended_at=None).select_related("app"):
        access.setdefault(membership.user_id, []).append(membership)
    return access


def _recent_events(user: User) -> list[tuple[Event, str]]:
    """The latest changes that `user` made, each with the name of its app."""
    events = Event.objects.filter(actor_kind="person", actor_id=str(user.pk)).order_by("-at", "-id")
    shown = list(events[:MAX_ACTIVITY])
    apps = App.objects.in_bulk([event.app_id for event in shown if event.app_id])
    return [(event, str(apps.get(event.app_id, ""))) for event in shown]
