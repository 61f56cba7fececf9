"""The pages of an app's members and invitations, and the page that accepts an invitation."""

from functools import partial
from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.models import App
from agents.requests import AppRequest, finished, sent
from audit.actors import Actor
from audit.requests import PortalRequest
from core.errors import Invalid, NotFound, Refusal
from core.folding import code_point_order, contains_folded
from core.pagination.list_page import ACTIONS, Column, ListPage
from core.portal_origin import portal_origin
from keys.errors import LastActiveKey
from portal import actions
from portal.accounts import forms, lifecycle, offboarding
from portal.accounts.invitation_links import link_of
from portal.accounts.lifecycle import Invited
from portal.auth import login_events, policy
from portal.auth.two_factor import factor_names
from portal.error_responses import (
    AlreadyMember,
    InvitationOver,
    InvitedAnother,
    OnlyProvider,
    TooManyTries,
    WrongPassword,
)
from portal.mail import outbox
from portal.models import Invitation, MailKind, Membership, User
from portal.permissions import role_permissions
from portal.tokens.lifecycle import active_tokens
from portal.web.form_idempotency import submit_once
from portal.web.gates import person, user_of

ONE_LINK = "one link was created"
MAX_INVITATIONS = 10
"""Pending invitations on the Members page; the others are on their own page."""
MEMBER_COLUMNS = (
    Column("member", "Member", sort=code_point_order("user__email"), css="lead"),
    Column("access", "Access"),
    Column("role", "Role", sort=("role",)),
    Column("2fa", "2FA"),
    Column("seen", "Last seen", sort=("user__last_seen_at",), descending=True),
    Column("since", "Member since", sort=("created_at",), descending=True),
    ACTIONS,
)
INVITATION_COLUMNS = (
    Column("email", "Email", sort=code_point_order("email"), css="lead"),
    Column("role", "Role", sort=("role",)),
    Column("access", "Access"),
    Column("by", "Invited by"),
    Column("expires", "Expires", sort=("expires_at",)),
    ACTIONS,
)
LINK_LOST = "If you did not save the link, choose Resend next to the invitation on the Members page."


@require_GET
def members(request: AppRequest) -> HttpResponse:
    """The members of this app, and its pending invitations."""
    return _members(request)


@require_GET
def invitations(request: AppRequest) -> HttpResponse:
    """All pending invitations of this app."""
    filters = forms.InvitationFilterForm(request.GET)
    rows = Invitation.waiting().filter(_reaching(request.app)).select_related("app")
    if filters.is_valid() and (text := filters.cleaned_data["q"].strip()):
        rows = rows.filter(contains_folded(text, "email"))
    page = ListPage.from_query(
        rows if filters.is_valid() else rows.none(),
        request.GET,
        INVITATION_COLUMNS,
        id="invitations",
        sort="expires",
    )
    context = {"list": page, "filters": filters, "may_everywhere": _reaches_everything(request)}
    return render(request, "portal/invitations.html", context, status=200 if filters.is_valid() else 422)


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: AppRequest) -> HttpResponse:
    """Invite a member; the response shows the link, once."""
    form = forms.InviteForm(sent(request), initial={"once": uuid4().hex})
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        app = None if data["everywhere"] else request.app
        try:
            make = partial(lifecycle.invite, _actor_for(request, app), data["email"], data["role"], app)
            return _members(request, submit_once(request, data["once"], make, made=ONE_LINK, hint=LINK_LOST))
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    context = {"form": form, "may_everywhere": _reaches_everything(request)}
    return render(request, "portal/accounts/invite.html", context, status=status)


@require_POST
def withdraw(request: AppRequest, invitation_id: UUID) -> HttpResponse:
    """Cancel an invitation."""
    invitation = _invitation(request, invitation_id)
    lifecycle.withdraw(_actor_for(request, invitation.app), invitation)
    message = f"Invitation for {invitation.whom} cancelled"
    return finished(request, _to_members(request), message)


@require_http_methods(["GET", "HEAD", "POST"])
def change_role(request: AppRequest, membership_id: UUID) -> HttpResponse:
    """Change a member's role, after a confirmation page."""
    membership = _membership(request, membership_id)
    if request.method != "POST":
        context = {"membership": membership, "chosen": request.GET.get("role", membership.role)}
        return render(request, "portal/accounts/member_role.html", context)
    form = forms.RoleForm(request.POST)
    if not form.is_valid():
        raise Invalid("role", "Choose developer, support or admin.")
    lifecycle.change_role(_actor_for(request, membership.app), membership, form.cleaned_data["role"])
    message = f"{membership.user} is now {membership.get_role_display().lower()}"
    return finished(request, _on_from(request, membership), message)


@require_http_methods(["GET", "HEAD", "POST"])
def end_membership(request: AppRequest, membership_id: UUID) -> HttpResponse:
    """Remove a member, and revoke or transfer their keys."""
    membership = _membership(request, membership_id)
    user, reach = membership.user, membership.app
    owned, candidates = offboarding.owned_keys(user, reach), offboarding.transfer_candidates(user, reach)
    form = forms.LeaveForm(sent(request), owned=owned, candidates=candidates)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            actor = _actor_for(request, reach)
            offboarding.remove(actor, membership, form.plan(), form.cleaned_data["reason"])
            return finished(request, _on_from(request, membership), f"{user} removed")
        except Refusal as refusal:
            form.refuse(refusal, "force" if isinstance(refusal, LastActiveKey) else "")
            status = refusal.status
    context = {
        "membership": membership,
        "form": form,
        "owned": owned,
        "tokens": user.access_tokens.filter(active_tokens())
        if offboarding.is_last_role(user, membership)
        else (),
    }
    return render(request, "portal/accounts/member_remove.html", context, status=status)


@require_POST
def resend(request: AppRequest, invitation_id: UUID) -> HttpResponse:
    """Replace the link of an invitation; the response shows the new one, once."""
    invitation = _invitation(request, invitation_id)
    make = partial(lifecycle.resend, _actor_for(request, invitation.app), invitation)
    # Each invitation is replaced once: its address is the idempotency key.
    return _members(request, submit_once(request, "", make, made=ONE_LINK, hint=LINK_LOST))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Accept an invitation. Denied attempts are recorded."""
    try:
        return _join_by(request, lifecycle.invitation_of(secret))
    except (InvitationOver, InvitedAnother, AlreadyMember, TooManyTries) as refusal:
        _note_refusal(request, lifecycle.find_invitation(secret), refusal)
        raise


def _note_refusal(request: HttpRequest, invitation: Invitation | None, refusal: Refusal) -> None:
    """Record a denied attempt with a link of ours; unknown links are not recorded."""
    if invitation is None:
        return
    user = request.user if isinstance(request.user, User) else None
    email, key = invitation.email or request.POST.get("email", ""), str(invitation.pk)
    login_events.record_repeated_failure(
        request, user, refusal.message, email, key=key, action=actions.FAIL_JOIN
    )


def _join_by(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if isinstance(request.user, User):
        return _take_up(request, invitation)
    form = forms.JoinForm(sent(request), invitation=invitation)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            user = _join(request, invitation, form.cleaned_data)
            return login_events.complete_sign_in(request, user)
        except Invalid as invalid:
            form.refuse(invalid)
            status = invalid.status
    return _joining(request, {"form": form, "invitation": invitation}, status)


def _join(request: HttpRequest, invitation: Invitation, given: dict[str, str]) -> User:
    """Someone new, or someone known who gives their password: a try to sign in, counted and recorded as every other."""
    email = (invitation.email or given["email"]).strip().lower()
    if not policy.may_use_own_ways(email):
        login_events.record_failure(request, actions.FAIL_JOIN, None, "joining with a password is off", email)
        raise OnlyProvider
    tries = login_events.count_attempt(request, email, invitation)
    try:
        user = lifecycle.join(cast(PortalRequest, request).origin, invitation, **given)
    except WrongPassword:
        _note_password(request, email)
        raise
    tries.rollback()
    return user


def _note_password(request: HttpRequest, email: str) -> None:
    """A wrong password of an account is a failed sign-in; one that nobody may choose is not. The page tells neither."""
    if User.objects.filter(email=email).exists():
        login_events.record_failure(
            request, actions.FAIL_SIGN_IN, None, "wrong password on an invitation", email
        )
    else:
        login_events.record_failure(request, actions.FAIL_JOIN, None, "new password rejected", email)


def _take_up(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Someone who is signed in opens an invitation: one click, and the role is theirs."""
    user = user_of(request)
    if invitation.email and invitation.email != user.email:
        raise InvitedAnother
    if request.method == "POST":
        lifecycle.take_up(cast(PortalRequest, request).origin, invitation, user)
        return HttpResponseRedirect(reverse("home"))
    return _joining(request, {"invitation": invitation, "person": user}, 200)


def _joining(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    response = render(request, "portal/accounts/join.html", context, status=status)
    # The address holds a secret. With no-referrer, browsers would also hide the Origin that CSRF asks for.
    response["Referrer-Policy"] = "strict-origin"
    return response


def _members(request: AppRequest, invited: Invited | None = None) -> HttpResponse:
    filters = forms.MemberFilterForm({} if invited else request.GET)
    rows = _search_members(request.app, filters)
    page = ListPage.from_query(
        rows, QueryDict() if invited else request.GET, MEMBER_COLUMNS, id="members", sort="member"
    )
    waiting = Invitation.waiting().filter(_reaching(request.app)).select_related("app")
    context = {
        "list": page,
        "filters": filters,
        "factors": factor_names([member.user_id for member in page.rows]),
        "roles": role_permissions(),
        "invitations": waiting[:MAX_INVITATIONS],
        "invitations_total": waiting.count(),
        "invitation_columns": INVITATION_COLUMNS,
        "may_everywhere": _reaches_everything(request),
        "invited": invited,
        "link": link_of(request, invited.secret) if invited else "",
        "mailed": invited is not None and _mail(request, invited.invitation),
    }
    return render(request, "portal/accounts/members.html", context, status=200 if filters.is_valid() else 422)


def _search_members(app: App, filters: forms.MemberFilterForm) -> QuerySet[Membership]:
    """The memberships with access to `app` that match `filters`."""
    rows = Membership.objects.filter(_reaching(app), ended_at=None).select_related("user", "app")
    if not filters.is_valid():
        return rows.none()
    if text := filters.cleaned_data["q"].strip():
        rows = rows.filter(contains_folded(text, "user__email", "user__name"))
    role = filters.cleaned_data["role"]
    return rows.filter(role=role) if role else rows


def _mail(request: AppRequest, invitation: Invitation) -> bool:
    """Let the link be mailed, where the operator has set up a way to send."""
    if not settings.SENDS_MAIL or not invitation.email:
        return False
    outbox.put(MailKind.INVITATION, invitation.email, invitation=invitation, origin=portal_origin(request))
    return True


def _reaching(app: App) -> Q:
    """Memberships and invitations that reach `app`: its own, and those for every app."""
    return Q(app=app) | Q(app=None)


def _invitation(request: AppRequest, invitation_id: UUID) -> Invitation:
    invitation = Invitation.objects.filter(_reaching(request.app), id=invitation_id).first()
    if invitation is None:
        raise NotFound
    return invitation


def _membership(request: AppRequest, membership_id: UUID) -> Membership:
    memberships = Membership.objects.filter(_reaching(request.app), id=membership_id, ended_at=None)
    if (membership := memberships.select_related("user", "app").first()) is None:
        raise NotFound
    return membership


def _actor_for(request: AppRequest, app: App | None) -> Actor:
    """The person, with what they hold where the thing reaches: an app's admin may not touch a role on every app."""
    return person(user_of(request), app, request.origin)


def _reaches_everything(request: PortalRequest) -> bool:
    """Whether to offer invitations to every app."""
    return person(user_of(request), None, request.origin).may(actions.INVITE)


def _to_members(request: AppRequest) -> str:
    return reverse("members", args=[request.app.id])


def _on_from(request: AppRequest, membership: Membership) -> str:
    """Where to go on: whoever changed their own role may not see the members any more."""
    return reverse("home") if membership.user_id == user_of(request).pk else _to_members(request)
