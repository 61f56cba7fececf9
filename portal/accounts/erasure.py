"""Erases a person from the database: the record, every other table, and what is left of their account."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from audit.actors import Actor
from audit.retention.erasure import Erased, erase, whom
from audit.retention.erasure_elsewhere import erase_elsewhere
from audit.retention.personal_data import Values, is_telling
from core.errors import Invalid
from portal.models import User
from portal.models.users import note_of

OF_ACCOUNT = (EmailAddress, Authenticator, SocialAccount, UserSession)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it."""

    record: Erased
    elsewhere: dict[str, int]
    """Rows of other tables, by table."""


def erase_person(
    actor: Actor,
    *,
    actor_id: str = "",
    ip: str = "",
    values: Iterable[str] = (),
    app_id: UUID | None = None,
    reason: str,
) -> Done:
    """Erase who has this id, called from this address or is named by these values. With `app_id`: from its rows alone.

    Raises Invalid for someone whose account is open, and what erase() raises.
    """
    values = [value.strip() for value in values]
    users = _users(actor_id, values)
    if any(user.is_active for user in users):
        raise Invalid("actor_id", "This account is active. Deactivate it under Users first.")
    for user in users:
        values += [value for value in (user.email, user.name) if is_telling(value)]
    person = whom(actor_id=actor_id, ip=ip, values=values)
    record = erase(actor, actor_id=actor_id, ip=ip, values=values, app_id=app_id, reason=reason)
    if app_id is not None:
        return Done(record, {})
    with transaction.atomic():
        _close(users, person.values)
        return Done(record, erase_elsewhere(actor, person.values, reason))


def _users(actor_id: str, values: Iterable[str]) -> list[User]:
    users = list(User.objects.filter(email__in=[value.lower() for value in values if "@" in value]))
    try:
        return [*users, *User.objects.filter(pk=UUID(actor_id)).exclude(pk__in=[value.pk for value in users])]
    except ValueError:
        return users


def _close(users: Iterable[User], values: Values) -> None:
    """End what only the account needs. The row stays: keys, acts and tokens name it by its id."""
    ids = {str(user.pk) for user in users}
    for session in Session.objects.iterator():
        session_data: dict[str, Any] = session.get_decoded()
        if session_data.get("_auth_user_id") in ids or values.are_in(session_data):
            session.delete()
    for model in OF_ACCOUNT:
        model.objects.filter(user__in=list(users)).delete()
    for user in users:
        # Not by way of change(): an act would keep what was there before.
        email = f"erased-{secrets.token_hex(8)}@erased.invalid"
        note_of(user, email=email, name="")
