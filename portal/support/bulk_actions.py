"""What support does with keys it has found: ends several at once, and asks whoever answers for one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from agents.requests import address_of
from audit.actors import Actor, Origin
from audit.change import record
from audit.models import Event
from core.clock import now
from core.errors import AskAgain, Invalid, Refusal
from keys import actions as on_keys
from keys.lifecycle import parse_ticket, revoke
from keys.models import ApiKey
from portal import actions
from portal.error_responses import AskedEnough
from portal.gates import apps_allowing, person
from portal.models import NoticeKind, User
from portal.notifications.notify import News, tell_of_key

MOST_ASKS = 3
"""A day, for one key."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of ending several keys at once."""

    act_id: UUID | None
    """None: there was nothing to end."""
    ended: int
    failures: list[tuple[ApiKey, Refusal]]


def revoke_many(
    user: User, origin: Origin, ids: Collection[UUID], *, reason: str, ticket: str = "", force: bool = False
) -> Batch:
    """End those of these keys that `user` may end, each in its own act under one that names them all.

    A key that cannot be ended stays, and the others go. Raises Invalid, AskAgain.
    """
    if not reason.strip():
        raise Invalid("reason", "Say in a sentence why these keys end.")
    ticket = parse_ticket(ticket)
    apps = {app.id: app for app in apps_allowing(user, on_keys.REVOKE)}
    keys = list(ApiKey.objects.filter(id__in=ids, app__in=apps, revoked_at=None).with_kin().order_by("id"))
    if not keys:
        return Batch(None, 0, [])
    facts = {"keys": len(keys), **({"ticket": ticket} if ticket else {})}
    whole = person(user, None, origin)
    ended, failures = 0, list[tuple[ApiKey, Refusal]]()
    with transaction.atomic():
        act = record(whole, actions.REVOKE_MANY, reason=reason, facts=facts, target_kind="desk")
        for key in keys:
            actor = person(user, apps[key.app_id], origin)
            try:
                ended += bool(revoke(actor, key, reason=reason, ticket=ticket, force=force, batch=act.id))
            except AskAgain:
                raise
            except Refusal as refusal:
                failures.append((key, refusal))
    return Batch(act.id, ended, failures)


def ask(actor: Actor, key: ApiKey, message: str) -> int:
    """Ask whoever answers for `key`; return how many were told. Raises Invalid, AskedEnough."""
    message = message.strip()
    if not 5 <= len(message) <= 300:
        raise Invalid("message", "Write from 5 to 300 characters.")
    asked = Event.objects.filter(key_id=key.id, action=on_keys.ASK.name, at__gt=now() - timedelta(days=1))
    if asked.count() >= MOST_ASKS:
        raise AskedEnough
    with transaction.atomic():
        event = record(actor, on_keys.ASK, reason=message, **key.about())
        news = News(
            NoticeKind.ASKED,
            f"event:{event.id}",
            f"{actor.label.partition(' <')[0]} asks about {key.name} of {key.app.name}.",
            address_of("key", key),
            more=event.reason,
            app_id=key.app_id,
            key_id=key.id,
            event_id=event.id,
        )
        return tell_of_key(news, key)


def failures_in_words(failures: Sequence[tuple[ApiKey, Refusal]]) -> str:
    """`worker: This is the last active key …; …`, for a notice."""
    return "; ".join(f"{key.name}: {refusal.message}" for key, refusal in failures[:5])
