"""change(), the only way to write an audited row: checks permission, locks the row, writes the event."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from audit.actions import Action
from audit.actors import Actor
from audit.guard import PendingEvent, watching
from audit.models import Audited, Event
from core.clock import now
from core.errors import NotFound
from core.text import sanitize

REASON_LENGTH = 500
_LABELS = {"target_label": 200, "key_name": 100, "agent_name": 100}
"""What a row calls things: on one line, whoever named them and however."""


@contextmanager
def change(
    actor: Actor, action: Action, on: Audited, *, reason: str = "", cause: PendingEvent | None = None
) -> Iterator[PendingEvent]:
    """Let the block change `on`, under a lock, and record it in the same transaction.

    `on` is brought up to date with the database before the block runs. A block that saves nothing
    is not an event. `cause` is the act this one follows from: its permission was asked there.

    Raises NotAllowed, and NotFound for a row that is gone or of an app the actor does not reach.
    """
    if cause is None:
        actor.require(action, on)
        _require_reach(actor, on)
    with transaction.atomic(), watching(on) as event:
        before = {} if on._state.adding else _lock(on)
        yield event
        if event.saved:
            _record(actor, action, event, before, reason, cause)


def record(actor: Actor, action: Action, *, reason: str = "", **event: Any) -> Event:
    """Write an event for an act that changes no audited row: a sign-in, an export."""
    actor.require(action)
    return _write(actor, action, reason, **event)


@contextmanager
def hold(row: Audited | None) -> Iterator[None]:
    """Keep `row` locked for the block, so that what was counted under it stays true. None holds nothing."""
    with transaction.atomic():
        if row is not None:
            _lock(row)
        yield


def _require_reach(actor: Actor, row: Audited) -> None:
    if actor.app_id is not None and actor.app_id != row.reach:
        raise NotFound


def _lock(row: Audited) -> dict[str, Any]:
    """Lock, refresh and picture `row`. SQLite locks the whole database when the transaction begins."""
    try:
        row.refresh_from_db(from_queryset=type(row).objects.select_for_update(of=("self",), no_key=True))
    except ObjectDoesNotExist:
        raise NotFound from None
    return row.snapshot()


def _record(
    actor: Actor,
    action: Action,
    event: PendingEvent,
    before: dict[str, Any],
    reason: str,
    cause: PendingEvent | None,
) -> None:
    _write(
        actor,
        action,
        reason,
        id=event.id,
        cause_id=cause.id if cause else None,
        changes=_difference(before, event.row.snapshot()),
        facts=event.facts,
        **event.row.audit_target(),
    )


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Field to before and after. An empty document on a new row is nothing to tell of."""
    return {k: [before.get(k), v] for k, v in after.items() if before.get(k) != v and (before or v != {})}


def _write(actor: Actor, action: Action, reason: str, **event: Any) -> Event:
    labels = {name: sanitize(event[name], longest) for name, longest in _LABELS.items() if event.get(name)}
    event |= labels
    return Event.objects.create(
        at=now(),
        action=action.name,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=sanitize(actor.label, 200),
        **actor.origin.columns(),
        reason=sanitize(reason, REASON_LENGTH),
        **event,
    )
