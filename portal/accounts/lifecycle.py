"""How people come, change roles and go, one verb a function. Audited like everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from agents.models import App
from agents.names import parse_name
from audit.actors import Actor, Origin, system
from audit.change import change
from audit.guard import PendingEvent
from core.clock import now
from core.errors import Invalid
from portal import actions
from portal.accounts.invitation_links import derive_secret, digest_of
from portal.auth import sessions
from portal.error_responses import AlreadyMember, InvitationOver, InviterGone, LastAdmin, WrongPassword
from portal.models import Invitation, Membership, Role, User
from portal.role_delegation import inviter_of, is_backed, require_role

INVITATION_LIFE = timedelta(days=7)
UNBACKED = "The inviter can no longer grant this role."
MAX_EMAIL = 254
NOT_ACCEPTED = (
    "Password not accepted. If you already have an account, enter its current password. New users: at least 12"
    " characters. Common passwords, and passwords similar to your name or email, are rejected."
)
"""Said alike to someone known and to someone unknown: a link must not tell who has an account."""
TOO_EASY = (
    "At least 12 characters. Common passwords, and passwords similar to your name or email, are rejected."
)
"""Said to the very first, whom nobody can be before."""


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation and the secret of its link, which is shown once."""

    invitation: Invitation
    secret: str


def invite(actor: Actor, email: str, role: str, app: App | None) -> Invited:
    """A link for one person to join with `role` on `app`, or on every app.

    Raises Invalid, AlreadyMember, NotYoursToGive. The shell alone makes a link for whoever opens it first to be
    an admin: it lets the first one in.
    """
    email = parse_email(email) if email else ""
    role = parse_role(role)
    if not email and role == Role.ADMIN and actor.kind != "shell":
        raise Invalid(
            "email", "Enter an email address to invite an admin. Anyone could use a link without one."
        )
    if role == Role.ADMIN or app is None:
        actor.require_fresh()
    if email and Membership.objects.filter(user__email=email, app=app, ended_at=None).exists():
        raise AlreadyMember
    invitation = Invitation(
        email=email,
        role=role,
        app=app,
        invited_by=actor.label,
        inviter_id=inviter_of(actor),
        expires_at=now() + INVITATION_LIFE,
    )
    secret = derive_secret(invitation.pk)
    invitation.digest = digest_of(secret)
    with change(actor, actions.INVITE, on=invitation):
        require_role(actor, role, app)
        for earlier in Invitation.waiting().filter(email=email, app=app) if email or app is None else ():
            withdraw(actor, earlier)
        invitation.save()
    return Invited(invitation, secret)


def resend(actor: Actor, invitation: Invitation) -> Invited:
    """Another link in place of that of `invitation`, which leads nowhere from now on. Raises InvitationOver."""
    if invitation.used_at or invitation.withdrawn_at:
        raise InvitationOver
    with transaction.atomic():
        withdraw(actor, invitation)
        return invite(actor, invitation.email, invitation.role, invitation.app)


def withdraw(actor: Actor, invitation: Invitation, reason: str = "") -> None:
    """Make the link of `invitation` useless."""
    with change(actor, actions.WITHDRAW, on=invitation, reason=reason):
        if invitation.withdrawn_at is None and invitation.used_at is None:
            invitation.withdrawn_at = now()
            invitation.save(update_fields=["withdrawn_at"])


def withdraw_unbacked(actor: Actor, user: User, cause: PendingEvent) -> None:
    """End for good what `user` offered and may give no longer: a role that comes back brings no link back.

    Asked when something is lost, and before something is gained, for what slept already.
    """
    for invitation in Invitation.waiting().filter(inviter_id=user.pk):
        _close_unbacked(actor, invitation, cause)


def _close_unbacked(actor: Actor, invitation: Invitation, cause: PendingEvent | None = None) -> None:
    if not is_backed(invitation):
        with change(actor, actions.WITHDRAW, on=invitation, reason=UNBACKED, cause=cause):
            if invitation.withdrawn_at is None and invitation.used_at is None and not is_backed(invitation):
                invitation.withdrawn_at = invitation.unbacked_at = now()
                invitation.save(update_fields=["withdrawn_at", "unbacked_at"])


def invitation_of(secret: str) -> Invitation:
    """The waiting invitation whose link this is. Raises InvitationOver, InviterGone."""
    invitation = find_invitation(secret)
    if invitation and not _is_over(invitation):
        _close_unbacked(system(), invitation)  # one of before invitations ended with their inviter's role
    if invitation is None or not is_waiting(invitation):
        raise (
            InviterGone
            if invitation and (invitation.unbacked_at or not is_backed(invitation))
            else InvitationOver
        )
    return invitation


def find_invitation(secret: str) -> Invitation | None:
    """The invitation whose link this is, however it stands. None: this is nobody's link."""
    return Invitation.objects.filter(digest=digest_of(secret)).first()


def is_waiting(invitation: Invitation) -> bool:
    """Whether the link of `invitation` lets someone in now."""
    return not _is_over(invitation) and _still_stands(invitation)


def join(origin: Origin, invitation: Invitation, *, email: str, name: str, password: str) -> User:
    """Take up `invitation`: a new person, or one more role for a known one who gives the right password.

    Raises Invalid, WrongPassword, InvitationOver, AlreadyMember.
    """
    email = invitation.email or parse_email(email)
    name = _parse_own_name(name)
    with transaction.atomic():
        user = _known(email, password)
        if user is None:
            user = User(email=email, name=name)
            _require_good(password, user)
            create_person(person_at(origin, user), user, password)
        take_up(origin, invitation, user)
    return user


def take_up(origin: Origin, invitation: Invitation, user: User) -> None:
    """Give `user`, who has proved who they are, the role of `invitation`. Raises InvitationOver, AlreadyMember."""
    actor = person_at(origin, user)
    with transaction.atomic(), change(actor, actions.ACCEPT, on=invitation) as act:
        if not is_waiting(invitation):
            raise InvitationOver
        invitation.used_at = now()
        invitation.save(update_fields=["used_at"])
        membership = Membership(user=user, app=invitation.app, role=invitation.role)
        with change(actor, actions.JOIN, on=membership, cause=act) as joined:
            withdraw_unbacked(actor, user, joined)
            _save(membership)


def give_role(actor: Actor, user: User, app: App | None, role: str) -> Membership:
    """A role for someone who is known, without an invitation. Raises Invalid, AlreadyMember."""
    membership = Membership(user=user, app=app, role=parse_role(role))
    with change(actor, actions.JOIN, on=membership) as act:
        require_role(actor, role, app)
        withdraw_unbacked(actor, user, act)
        _save(membership)
    return membership


def make_admin(actor: Actor, email: str, password: str, name: str = "") -> User:
    """A new admin of every app, without an invitation: for the shell. Raises Invalid, AlreadyMember."""
    with transaction.atomic():
        if User.objects.filter(email=parse_email(email)).exists():
            raise AlreadyMember("A user with this email address already exists.")
        user = User(email=parse_email(email), name=_parse_own_name(name))
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Invalid("password", " ".join(error.messages)) from None
        create_person(actor, user, password)
        membership = Membership(user=user, app=None, role=Role.ADMIN)
        with change(actor, actions.JOIN, on=membership):
            membership.save()
        for first in Invitation.waiting().filter(email="", app=None, role=Role.ADMIN):
            withdraw(actor, first)
    return user


def change_role(actor: Actor, membership: Membership, role: str) -> None:
    """Give a member another role in the same place. Raises Invalid, LastAdmin, NotYoursToGive."""
    role = parse_role(role)
    with among_admins(), change(actor, actions.CHANGE_ROLE, on=membership) as act:
        if membership.role != role:
            require_role(actor, role, membership.app, already=membership.role)
            keep_an_admin(pk=membership.pk)
            withdraw_unbacked(actor, membership.user, act)
            membership.role = role
            membership.save(update_fields=["role"])
            withdraw_unbacked(actor, membership.user, act)


def end_membership(actor: Actor, membership: Membership, reason: str = "") -> None:
    """Take a role away, and end the person's open sessions; they stay in the record. Raises LastAdmin."""
    with among_admins(), change(actor, actions.END, on=membership, reason=reason) as act:
        if membership.ended_at is None:
            keep_an_admin(pk=membership.pk)
            membership.ended_at = now()
            membership.save(update_fields=["ended_at"])
            sessions.end_all(membership.user)
            withdraw_unbacked(actor, membership.user, act)


def has_admin() -> bool:
    """Whether anyone can let others in."""
    return _admins().exists()


def parse_email(text: str) -> str:
    """An e-mail address in lower case. Raises Invalid."""
    email = text.strip().lower()
    try:
        validate_email(email)
        MaxLengthValidator(MAX_EMAIL)(email)
    except ValidationError:
        raise Invalid("email", "Enter an email address, such as you@example.com.") from None
    return email


def parse_role(text: str) -> str:
    """One of the three roles. Raises Invalid."""
    if text not in Role.values:
        raise Invalid("role", f"Choose one of {', '.join(Role.values)}.")
    return text


def _is_over(invitation: Invitation) -> bool:
    return bool(invitation.used_at or invitation.withdrawn_at or invitation.expires_at <= now())


def _still_stands(invitation: Invitation) -> bool:
    """Whether whoever invited may still give this; and, if it is for the first admin, whether there is none yet."""
    return is_backed(invitation) and not (invitation.is_for_first_admin and has_admin())


def create_person(actor: Actor, user: User, password: str | None) -> None:
    """Make the account of `user`, which nobody has saved yet; None: without a password. Raises AlreadyMember."""
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    try:
        with transaction.atomic(), change(actor, actions.CREATE_PERSON, on=user):
            user.save()
    except IntegrityError:
        raise AlreadyMember("A user with this email address already exists.") from None


def person_at(origin: Origin, user: User) -> Actor:
    """`user`, acting for themselves, without any permission."""
    return Actor("person", str(user.pk), user.label, frozenset(), origin)


def _known(email: str, password: str) -> User | None:
    user = User.objects.filter(email=email).first()
    if user and not user.check_password(password):
        raise WrongPassword("password", NOT_ACCEPTED)
    return user


def _require_good(password: str, user: User) -> None:
    """Raise WrongPassword, as for someone known and after as long, unless a newcomer may choose `password`."""
    try:
        validate_password(password, user)
    except ValidationError:
        make_password(password)
        raise WrongPassword("password", NOT_ACCEPTED if User.objects.exists() else TOO_EASY) from None


def _parse_own_name(name: str) -> str:
    return parse_name(name) if name.strip() else ""


def _save(membership: Membership) -> None:
    try:
        with transaction.atomic():
            membership.save()
    except IntegrityError:
        raise AlreadyMember from None


@contextmanager
def among_admins() -> Iterator[None]:
    """Hold every admin of every app, in one order, so that two who go at once wait for each other."""
    with transaction.atomic():
        list(_admins().select_for_update(of=("self",), no_key=True).order_by("pk"))
        yield


def keep_an_admin(**leaving: Any) -> None:
    """Raise LastAdmin if the role that `leaving` picks is the last by which someone may change members everywhere.

    The caller is among_admins().
    """
    if _admins().filter(**leaving).exists() and not _admins().exclude(**leaving).exists():
        raise LastAdmin


def _admins() -> QuerySet[Membership]:
    """The roles of admins of every app. Whoever has a closed account can let nobody in."""
    return Membership.objects.filter(role=Role.ADMIN, app=None, ended_at=None, user__is_active=True)
