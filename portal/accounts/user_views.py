"""The pages of everyone in the portal, for admins of every app: who they are, what they hold, and the end of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.requests import finished, sent
from audit.actors import Actor
from audit.models import Event
from audit.requests import PortalRequest
from core.errors import NotFound, Refusal
from core.folding import in_order
from core.forms import ReasonForm
from core.pagination import ListPage
from core.row_counts import counted
from keys.errors import LastActiveKey
from keys.models import ApiKey
from portal.accounts import account_changes, forms, offboarding
from portal.accounts.search import search_people
from portal.auth import sessions
from portal.auth.two_factor import factors_of, reset_factors, with_factor
from portal.gates import user_of
from portal.models import AccessToken, Membership, Role, User
from portal.permissions import roles_in_words
from portal.tokens.lifecycle import alive

LATELY = 12


@require_GET
def people(request: PortalRequest) -> HttpResponse:
    """Everyone who has an account."""
    filters = forms.PeopleForm(request.GET)
    chosen = filters.cleaned_data if filters.is_valid() else {}
    counts = {
        "tokens": counted(AccessToken.objects.filter(alive()), "user"),
        "keys": counted(ApiKey.objects.all().own().living(), "owner_id"),
    }
    chosen_people = search_people(chosen.get("q", ""), chosen.get("show", ""))
    matching = chosen_people if filters.is_valid() else User.objects.none()
    shown = ListPage.from_query(matching.annotate(**counts), request.GET)
    context = {
        "filters": filters,
        "people": shown.rows,
        "list": shown,
        "with_factor": with_factor([one.pk for one in shown.rows]),
        "held": _roles_of(shown.rows),
    }
    return render(request, "portal/accounts/users.html", context, status=200 if filters.is_valid() else 422)


@require_GET
def roles(request: PortalRequest) -> HttpResponse:
    """Who may what: the whole table."""
    return render(request, "portal/accounts/roles.html", {"rows": roles_in_words(), "roles": Role.labels})


@require_GET
def person(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """One of them: roles, keys, tokens, sessions, and what they did lately."""
    user = _person(user_id)
    context = {
        "person": user,
        "memberships": user.memberships.filter(ended_at=None)
        .select_related("app")
        .order_by(*in_order("app__sameness")),
        "owned": offboarding.owned(user, None),
        "tokens": user.access_tokens.filter(alive()),
        "sessions": sessions.of(user),
        "factors": factors_of(user),
        "acts": Event.objects.filter(actor_kind="person", actor_id=str(user.pk)).order_by("-at", "-id")[
            :LATELY
        ],
        "is_self": user == user_of(request),
        "is_confirmed": account_changes.is_confirmed(user),
    }
    return render(request, "portal/accounts/user.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """End every role of a person, and decide what becomes of their keys."""
    user = _person(user_id)
    owned, heirs = offboarding.owned(user, None), offboarding.heirs(user, None)
    form = forms.LeaveForm(sent(request), owned=owned, heirs=heirs)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            offboarding.remove_everywhere(request.actor, user, form.wishes(), form.cleaned_data["reason"])
            return finished(request, reverse("people"), f"{user} has no role any more")
        except Refusal as refusal:
            form.refuse(refusal, "force" if isinstance(refusal, LastActiveKey) else "")
            status = refusal.status
    context = {"person": user, "form": form, "owned": owned, "tokens": user.access_tokens.filter(alive())}
    return render(request, "portal/accounts/user_remove.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """End every session of a person."""
    return _asked(request, user_id, account_changes.sign_out, "sign-out", "is signed out everywhere")


@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Take away a person's second factors, for whoever has lost them."""
    return _asked(request, user_id, reset_factors, "reset", "has no second factor any more")


@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Close an account."""
    return _asked(request, user_id, account_changes.deactivate, "deactivate", "can sign in no more")


@require_POST
def reactivate(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Open a closed account again."""
    user = _person(user_id)
    account_changes.reactivate(request.actor, user)
    return finished(request, _page_of(user), f"{user} can sign in again")


@require_POST
def confirm_email(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Vouch for a person's address: from then on the identity provider opens the account by it."""
    user = _person(user_id)
    account_changes.confirm_email(request.actor, user)
    return finished(request, _page_of(user), f"The address of {user} is confirmed")


@require_http_methods(["GET", "HEAD", "POST"])
def change_email(request: PortalRequest, user_id: UUID) -> HttpResponse:
    """Give a person another address."""
    user = _person(user_id)
    form = forms.EmailForm(sent(request))
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            account_changes.change_email(request.actor, user, data["email"], data["reason"])
            return finished(request, _page_of(user), f"{user} signs in with {user.email} now")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(request, "portal/accounts/user_email.html", {"person": user, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: PortalRequest) -> HttpResponse:
    """What one is called."""
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


def _asked(
    request: PortalRequest, user_id: UUID, verb: Callable[[Actor, User, str], Any], what: str, says: str
) -> HttpResponse:
    """Ask why, then do it."""
    user, form = _person(user_id), ReasonForm(sent(request))
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            verb(request.actor, user, form.cleaned_data["reason"])
            return finished(request, _page_of(user), f"{user} {says}")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    context = {"person": user, "form": form, "what": what}
    return render(request, "portal/accounts/user_confirm.html", context, status=status)


def _person(user_id: UUID) -> User:
    user = User.objects.filter(id=user_id).first()
    if user is None:
        raise NotFound
    return user


def _page_of(user: User) -> str:
    return reverse("person", args=[user.pk])


def _roles_of(people: list[User]) -> dict[UUID, list[str]]:
    held: dict[UUID, list[str]] = {}
    for one in Membership.objects.filter(user__in=people, ended_at=None).select_related("app"):
        held.setdefault(one.user_id, []).append(f"{one.role} of {one.app or 'every app'}")
    return held
