"""What admins of every app do to someone's account, and what people change of their own."""

from typing import Any

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from agents.names import parse_name
from audit.actions import Action
from audit.actors import Actor
from audit.change import change, record
from audit.models import Event
from core.errors import Invalid
from core.ids import new_id
from portal import actions
from portal.accounts.lifecycle import among_admins, keep_an_admin, parse_email, withdraw_unbacked
from portal.auth import sessions
from portal.auth.login_events import notify_owner
from portal.error_responses import AlreadyMember
from portal.models import User
from portal.models.users import own_row
from portal.role_delegation import require_role


def sign_out(actor: Actor, user: User, reason: str = "") -> int:
    """End every open session of `user`; return how many ended."""
    with transaction.atomic():
        ended = sessions.end_all(user)
        _record(actor, actions.SIGN_OUT_PERSON, user, reason, sessions=ended)
    return ended


def deactivate(actor: Actor, user: User, reason: str = "") -> None:
    """Close an account: no sign-in, no token, no session. Its roles wait for another day. Raises LastAdmin."""
    with among_admins():
        if not user.is_active:
            return
        keep_an_admin(user=user)
        with change(actor, actions.DEACTIVATE, on=user, reason=reason) as act:
            user.is_active = False
            user.save(update_fields=["is_active"])
            act.note(sessions=sessions.end_all(user))
            withdraw_unbacked(actor, user, act)


def reactivate(actor: Actor, user: User, reason: str = "") -> None:
    """Open a closed account again, with the roles and tokens it had. Raises NotYoursToGive.

    That is as good as giving those roles, so `actor` must hold what they hold.
    """
    with change(actor, actions.REACTIVATE, on=user, reason=reason) as act:
        if not user.is_active:
            for held in user.memberships.filter(ended_at=None).select_related("app"):
                require_role(actor, held.role, held.app)
            withdraw_unbacked(actor, user, act)
            user.is_active = True
            user.save(update_fields=["is_active"])


def change_email(actor: Actor, user: User, email: str, reason: str = "") -> None:
    """Give `user` another address to sign in with; they are told at both. Raises Invalid, AlreadyMember."""
    email, was = parse_email(email), user.email
    if email == was:
        return
    try:
        with transaction.atomic(), change(actor, actions.CHANGE_EMAIL, on=user, reason=reason) as act:
            user.email = email
            user.save(update_fields=["email"])
            EmailAddress.objects.filter(user=user).delete()
            act.note(was=was, now=email, sessions=sessions.end_all(user))
            notify_owner(user, f"Sign-in email changed to {email}", f"event:{act.id}")
            subject = f"Email of your key portal account changed to {email}"
            notify_owner(user, subject, f"event:{act.id}:was", mail_to=was)
    except IntegrityError:
        user.email = was
        raise AlreadyMember("A user with this email address already exists.") from None


def set_password(actor: Actor, user: User, password: str, reason: str = "") -> None:
    """Give `user` another password, which whoever calls has judged. The sessions are theirs to end."""
    user = own_row(user)
    with change(actor, actions.CHANGE_PASSWORD, on=user, reason=reason):
        user.set_password(password)
        user.save(update_fields=["password"])


def replace_password(actor: Actor, user: User, password: str, reason: str = "") -> None:
    """Give someone else another password: their sessions end, and they are told."""
    with transaction.atomic():
        set_password(actor, user, password, reason)
        sessions.end_all(user)
        notify_owner(user, "Password changed by the portal operator", f"password:{new_id()}")


def confirm_email(actor: Actor, user: User, reason: str = "") -> None:
    """Vouch that the address of `user` is theirs, so that the identity provider may open the account by it."""
    with transaction.atomic():
        address, _ = EmailAddress.objects.get_or_create(user=user, email=user.email)
        if not address.verified:
            EmailAddress.objects.filter(pk=address.pk).update(verified=True, primary=True)
            _record(actor, actions.CONFIRM_EMAIL, user, reason)


def is_confirmed(user: User) -> bool:
    """Whether somebody has made sure that the address of `user` is theirs: a link sent there, or an admin."""
    confirmed = EmailAddress.objects.filter(user=user, email=user.email, verified=True)
    return bool(confirmed.exists())


def rename(actor: Actor, user: User, name: str) -> None:
    """Let `user` be called `name`. The record keeps what they were called before. Raises Invalid."""
    user, name = own_row(user), parse_name(name) if name.strip() else ""
    if actor.id != str(user.pk):
        raise Invalid("name", "You can only change your own name.")
    if name != user.name:
        with change(actor, actions.RENAME_SELF, on=user) as act:
            act.note(was=user.name, now=name)
            user.name = name
            user.save(update_fields=["name"])


def _record(actor: Actor, action: Action, user: User, reason: str, **facts: Any) -> Event:
    return record(actor, action, reason=reason, facts=facts, **user.audit_target())
