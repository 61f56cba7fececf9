"""What support does with keys: revokes several at once, and contacts the owner of one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from agents.requests import address_of
from audit.actors import Actor, Origin
from audit.change import record
from audit.models import Event
from core.clock import now
from core.errors import Invalid, ReauthenticationRequired, Refusal
from core.ids import new_id
from keys import actions as on_keys
from keys.lifecycle import parse_ticket, revoke
from keys.models import ApiKey
from portal import actions
from portal.error_responses import AskedEnough
from portal.models import NotificationKind, User
from portal.notifications.notify import NotificationContent, notify_about_key
from portal.support.bulk import describe_failures, require_effect
from portal.web.gates import apps_allowing, person

MAX_QUESTIONS = 3
"""A day, for one key."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of revoking several keys at once."""

    event_id: UUID
    revoked: int
    failures: list[tuple[ApiKey, Refusal]]


def revoke_many(
    user: User, origin: Origin, ids: Collection[UUID], *, reason: str, ticket: str = "", force: bool = False
) -> Batch:
    """Revoke those of these keys that `user` may revoke, each in its own event under one for all of them.

    A key that cannot be revoked stays active; the others are revoked. Raises Invalid,
    NothingChanged, ReauthenticationRequired.
    """
    if not reason.strip():
        raise Invalid("reason", "Enter a reason.")
    ticket = parse_ticket(ticket)
    apps = {app.id: app for app in apps_allowing(user, on_keys.REVOKE)}
    keys = list(ApiKey.objects.filter(id__in=ids, app__in=apps, revoked_at=None).with_kin().order_by("id"))
    facts: dict[str, Any] = {"keys": len(keys), **({"ticket": ticket} if ticket else {})}
    portal_actor = person(user, None, origin)
    revoked, failures = 0, list[tuple[ApiKey, Refusal]]()
    with transaction.atomic():
        batch = new_id()
        for key in keys:
            actor = person(user, apps[key.app_id], origin)
            try:
                revoked += bool(revoke(actor, key, reason=reason, ticket=ticket, force=force, batch=batch))
            except ReauthenticationRequired:
                raise
            except Refusal as refusal:
                failures.append((key, refusal))
        require_effect(batch, failures)
        about = {"id": batch, "facts": facts | describe_failures(failures), "target_kind": "desk"}
        record(portal_actor, actions.REVOKE_MANY, reason=reason, **about)
    return Batch(batch, revoked, failures)


def ask(actor: Actor, key: ApiKey, message: str) -> int:
    """Send a question to the owner of `key`; return how many users received it. Raises Invalid, AskedEnough."""
    message = message.strip()
    if not 5 <= len(message) <= 300:
        raise Invalid("message", "Enter 5 to 300 characters.")
    earlier = Event.objects.filter(key_id=key.id, action=on_keys.ASK.name, at__gt=now() - timedelta(days=1))
    if earlier.count() >= MAX_QUESTIONS:
        raise AskedEnough
    with transaction.atomic():
        event = record(actor, on_keys.ASK, reason=message, **key.audit_target())
        content = NotificationContent(
            NotificationKind.QUESTION,
            f"event:{event.id}",
            f"{actor.label.partition(' <')[0]} asks about key {key.name}",
            address_of("key", key),
            text=event.reason,
            app_id=key.app_id,
            key_id=key.id,
            event_id=event.id,
        )
        return notify_about_key(content, key)


def failures_in_words(failures: Sequence[tuple[ApiKey, Refusal]]) -> str:
    """`worker: This is the last active key …; …`, for a notification."""
    return "; ".join(f"{key.name}: {refusal.message}" for key, refusal in failures[:5])
