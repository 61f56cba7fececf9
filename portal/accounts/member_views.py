"""The pages of an app's members, and the one by which someone joins."""

from functools import partial
from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.models import App
from agents.requests import AppRequest, finished, sent
from audit.actors import Actor
from audit.requests import PortalRequest
from core.errors import Invalid, NotFound, Refusal
from core.folding import in_order
from core.portal_origin import portal_origin
from keys.errors import LastActiveKey
from portal import actions
from portal.accounts import forms, lifecycle, offboarding
from portal.accounts.invitation_links import link_of
from portal.accounts.lifecycle import Invited
from portal.auth import login_events, policy
from portal.auth.two_factor import with_factor
from portal.error_responses import (
    AlreadyMember,
    InvitationOver,
    InvitedAnother,
    OnlyProvider,
    TooManyTries,
    WrongPassword,
)
from portal.form_idempotency import submit_once
from portal.gates import person, user_of
from portal.mail import outbox
from portal.models import Invitation, MailKind, Membership, User
from portal.permissions import roles_in_words
from portal.tokens.lifecycle import alive

ONE_LINK = "one link was made"
LINK_LOST = "If you did not keep it, choose New link beside the invitation on the Members page."


@require_GET
def members(request: AppRequest) -> HttpResponse:
    """Who reaches this app, and who is invited to."""
    return _members(request)


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: AppRequest) -> HttpResponse:
    """A link that lets someone in; it is shown in the answer, once."""
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
    """Make an invitation's link useless."""
    invitation = _invitation(request, invitation_id)
    lifecycle.withdraw(_actor_for(request, invitation.app), invitation)
    says = f"The invitation of {invitation.whom} is withdrawn"
    return finished(request, _to_members(request), says)


@require_http_methods(["GET", "HEAD", "POST"])
def change_role(request: AppRequest, membership_id: UUID) -> HttpResponse:
    """Give a member another role, once it was asked what that means."""
    membership = _membership(request, membership_id)
    if request.method != "POST":
        context = {"membership": membership, "chosen": request.GET.get("role", membership.role)}
        return render(request, "portal/accounts/member_role.html", context)
    form = forms.RoleForm(request.POST)
    if not form.is_valid():
        raise Invalid("role", "Choose one of the three roles.")
    lifecycle.change_role(_actor_for(request, membership.app), membership, form.cleaned_data["role"])
    says = f"{membership.user} is {membership.get_role_display().lower()} now"
    return finished(request, _on_from(request, membership), says)


@require_http_methods(["GET", "HEAD", "POST"])
def end_membership(request: AppRequest, membership_id: UUID) -> HttpResponse:
    """Take a member's role away, and decide what becomes of their keys."""
    membership = _membership(request, membership_id)
    user, reach = membership.user, membership.app
    owned, heirs = offboarding.owned(user, reach), offboarding.heirs(user, reach)
    form = forms.LeaveForm(sent(request), owned=owned, heirs=heirs)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            actor = _actor_for(request, reach)
            offboarding.remove(actor, membership, form.wishes(), form.cleaned_data["reason"])
            return finished(request, _on_from(request, membership), f"{user} is no longer a member")
        except Refusal as refusal:
            form.refuse(refusal, "force" if isinstance(refusal, LastActiveKey) else "")
            status = refusal.status
    context = {
        "membership": membership,
        "form": form,
        "owned": owned,
        "tokens": user.access_tokens.filter(alive())
        if offboarding.left_without_role(user, membership)
        else (),
    }
    return render(request, "portal/accounts/member_remove.html", context, status=status)


@require_POST
def resend(request: AppRequest, invitation_id: UUID) -> HttpResponse:
    """Another link in place of an invitation's; the answer shows it, once."""
    invitation = _invitation(request, invitation_id)
    make = partial(lifecycle.resend, _actor_for(request, invitation.app), invitation)
    # Each invitation is replaced once: its own address is mark enough.
    return _members(request, submit_once(request, "", make, made=ONE_LINK, hint=LINK_LOST))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """The way in by an invitation's link. Whoever is turned away is on record."""
    try:
        return _join_by(request, lifecycle.invitation_of(secret))
    except (InvitationOver, InvitedAnother, AlreadyMember, TooManyTries) as refusal:
        _note_refusal(request, lifecycle.find_invitation(secret), refusal)
        raise


def _note_refusal(request: HttpRequest, invitation: Invitation | None, refusal: Refusal) -> None:
    """Nobody's link is no way in: only for an invitation of ours it is said that it did not let in."""
    if invitation is None:
        return
    user = request.user if isinstance(request.user, User) else None
    email, key = invitation.email or request.POST.get("email", ""), str(invitation.pk)
    login_events.failed_again(request, user, refusal.message, email, key=key, action=actions.FAIL_JOIN)


def _join_by(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if isinstance(request.user, User):
        return _take_up(request, invitation)
    form = forms.JoinForm(sent(request), invitation=invitation)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            user = _join(request, invitation, form.cleaned_data)
            return login_events.let_in(request, user)
        except Invalid as invalid:
            form.refuse(invalid)
            status = invalid.status
    return _joining(request, {"form": form, "invitation": invitation}, status)


def _join(request: HttpRequest, invitation: Invitation, given: dict[str, str]) -> User:
    """Someone new, or someone known who gives their password: a try to sign in, counted and recorded as every other."""
    email = (invitation.email or given["email"]).strip().lower()
    if not policy.may_use_own_ways(email):
        login_events.failed(request, actions.FAIL_JOIN, None, "a way in that is closed: an invitation", email)
        raise OnlyProvider
    tries = login_events.count_try(request, email, invitation)
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
        login_events.failed(request, actions.FAIL_SIGN_IN, None, "a wrong password at an invitation", email)
    else:
        login_events.failed(request, actions.FAIL_JOIN, None, "a new password that the rules refuse", email)


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
    reaching = _reaching(request.app)
    link = link_of(request, invited.secret) if invited else ""
    members = list(
        Membership.objects.filter(reaching, ended_at=None)
        .select_related("user", "app")
        .order_by(*in_order("user__email"))
    )
    return render(
        request,
        "portal/accounts/members.html",
        {
            "members": members,
            "with_factor": with_factor([member.user_id for member in members]),
            "roles": roles_in_words(),
            "invitations": Invitation.waiting().filter(reaching),
            "may_everywhere": _reaches_everything(request),
            "invited": invited,
            "link": link,
            "mailed": invited is not None and _mail(request, invited.invitation),
        },
    )


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
    found = Membership.objects.filter(_reaching(request.app), id=membership_id, ended_at=None)
    if (membership := found.select_related("user", "app").first()) is None:
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
