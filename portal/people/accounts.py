"""What admins of every app do to someone's account, and what people change of their own."""

from typing import Any

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from agents.names import parse_name
from audit.actions import Action
from audit.actors import Actor
from audit.change import record
from audit.models import Event
from audit.refusals import Invalid
from portal import actions
from portal.models import User
from portal.people.lifecycle import among_admins, keep_an_admin, parse_email
from portal.refusals import AlreadyMember
from portal.signing_in import sessions
from portal.signing_in.attempts import tell_owner


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
        user.is_active = False
        user.save(update_fields=["is_active"])
        sessions.end_all(user)
        _record(actor, actions.DEACTIVATE, user, reason)


def reactivate(actor: Actor, user: User, reason: str = "") -> None:
    """Open a closed account again, with the roles and tokens it had."""
    with transaction.atomic():
        if user.is_active:
            return
        user.is_active = True
        user.save(update_fields=["is_active"])
        _record(actor, actions.REACTIVATE, user, reason)


def change_email(actor: Actor, user: User, email: str, reason: str = "") -> None:
    """Give `user` another address to sign in with; they are told. Raises Invalid, AlreadyMember."""
    email, was = parse_email(email), user.email
    if email == was:
        return
    user.email = email
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
            EmailAddress.objects.filter(user=user).delete()
            sessions.end_all(user)
            event = _record(actor, actions.CHANGE_EMAIL, user, reason, was=was, now=email)
            tell_owner(user, f"You sign in with {email} from now on.", f"event:{event.id}")
    except IntegrityError:
        user.email = was
        raise AlreadyMember("Someone with this e-mail address exists.") from None


def rename(actor: Actor, user: User, name: str) -> None:
    """Let `user` be called `name`. The record keeps what they were called before. Raises Invalid."""
    name = parse_name(name) if name.strip() else ""
    if actor.id != str(user.pk):
        raise Invalid("name", "People name themselves.")
    if name != user.name:
        with transaction.atomic():
            _record(actor, actions.RENAME_SELF, user, "", was=user.name, now=name)
            user.name = name
            user.save(update_fields=["name"])


def _record(actor: Actor, action: Action, user: User, reason: str, **facts: Any) -> Event:
    return record(actor, action, reason=reason, facts=facts, **sessions.about(user))
