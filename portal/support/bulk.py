"""Does one thing to several keys of an app: each in an event of its own, under one for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from agents.models import App
from audit.actions import Action
from audit.actors import Actor
from audit.change import record
from audit.models import Event
from core.errors import Invalid, ReauthenticationRequired, Refusal
from core.folding import code_point_order
from core.ids import new_id
from keys import actions as on_keys
from keys import lifecycle
from keys.errors import NothingChanged
from keys.models import ApiKey, ApiKeyQuerySet
from portal import actions
from portal.models import Membership, User

MAX_KEYS = 500
"""At once: each is locked, changed and recorded before the answer."""


class Choices(NamedTuple):
    """What is entered for all of the keys."""

    reason: str = ""
    ticket: str = ""
    force: bool = False
    owner: User | None = None


class Verb(NamedTuple):
    """Something that can be done to several keys: the action on each, that on all, and what does it to one."""

    action: Action
    batch_action: Action
    apply: Callable[[Actor, ApiKey, Choices, UUID], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What was done to several keys."""

    event_id: UUID
    changed: int
    failures: list[tuple[ApiKey, Refusal]]


def _revoke(actor: Actor, key: ApiKey, choices: Choices, batch: UUID) -> None:
    reason, ticket = choices.reason, choices.ticket
    lifecycle.revoke(actor, key, reason=reason, ticket=ticket, force=choices.force, batch=batch)


def _deprecate(actor: Actor, key: ApiKey, choices: Choices, batch: UUID) -> None:
    lifecycle.deprecate(actor, key, choices.reason, batch)


def _transfer(actor: Actor, key: ApiKey, choices: Choices, batch: UUID) -> None:
    if choices.owner is None:
        raise Invalid("new_owner", "Choose the new owner.")
    lifecycle.hand_over(actor, key, choices.owner.pk, choices.owner.label, choices.reason, batch)


VERBS = {
    "revoke": Verb(on_keys.REVOKE, actions.REVOKE_MANY, _revoke),
    "deprecate": Verb(on_keys.DEPRECATE, actions.DEPRECATE_MANY, _deprecate),
    "transfer": Verb(on_keys.HAND_OVER, actions.TRANSFER_MANY, _transfer),
}


def possible_owners(app: App) -> QuerySet[User]:
    """The users who have a role on `app`."""
    there = Membership.objects.filter(Q(app=app) | Q(app=None), ended_at=None)
    return User.objects.filter(is_active=True, pk__in=there.values("user")).order_by(
        *code_point_order("name"), "email"
    )


def within_limit(keys: ApiKeyQuerySet) -> list[ApiKey]:
    """The selected keys. Raises Invalid if they are none, or more than can be changed at once."""
    selected = list(keys.with_kin()[: MAX_KEYS + 1])
    if not selected:
        raise Invalid("id", "Select at least one key.")
    if len(selected) > MAX_KEYS:
        raise Invalid("id", f"Select at most {MAX_KEYS} keys at once.")
    return selected


def apply(actor: Actor, app: App, verb: Verb, keys: Sequence[ApiKey], choices: Choices) -> Result:
    """Do `verb` to each of `keys`, the oldest first. One that cannot be changed is skipped.

    Raises NothingChanged if it is none, ReauthenticationRequired.
    """
    changed, failures = 0, list[tuple[ApiKey, Refusal]]()
    with transaction.atomic():
        target = {"target_kind": "app", "target_id": str(app.id), "target_label": app.name}
        facts: dict[str, Any] = {"keys": len(keys)} | ({"ticket": choices.ticket} if choices.ticket else {})
        batch = new_id()
        for key in sorted(keys, key=lambda key: key.pk):
            try:
                verb.apply(actor, key, choices, batch)
                changed += 1
            except ReauthenticationRequired:
                raise
            except Refusal as refusal:
                failures.append((key, refusal))
        require_effect(batch, failures)
        facts |= describe_failures(failures)
        about = {"id": batch, "facts": facts, "app_id": app.id, **target}
        record(actor, verb.batch_action, reason=choices.reason, **about)
    return Result(batch, changed, failures)


def require_effect(batch: UUID, failures: Sequence[tuple[ApiKey, Refusal]]) -> None:
    """Raise NothingChanged, with the first reason, unless the event `batch` is the cause of another."""
    if not Event.objects.filter(cause_id=batch).exists():
        raise NothingChanged(failures[0][1].message if failures else "")


def describe_failures(failures: Sequence[tuple[ApiKey, Refusal]]) -> dict[str, Any]:
    """Which keys were left as they are and why, for the event of a batch and its receipt."""
    skipped = [
        {"app": str(key.app_id), "key": f"{key.name} ({key.prefix})", "why": refusal.message}
        for key, refusal in failures
    ]
    return {"not_changed": skipped} if skipped else {}
