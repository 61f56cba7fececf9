"""Receipts: what came of a revocation, read from the record alone. The act's id is the receipt's address."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from audit.models import Call, Event
from keyformat.grammar import STARTS

HOUR = timedelta(hours=1)
MAX_RESULTS = 10_000
"""Calls are counted so far."""
REVOKING = ("key.revoke", "agent.revoke", "desk.revoke")
"""The acts there are receipts of."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One act that ended keys, and what was heard of them before and since."""

    act: Event
    keys: list[Event]
    """An act for each key that ended with it, and that its reader may see."""
    before: int
    """Calls in the hour before, MAX_RESULTS at the most."""
    since: int
    """Refused calls since, MAX_RESULTS at the most."""
    first_refused: Call | None
    skipped: list[dict[str, str]]
    """The keys that were left as they are, with the reason, as far as the reader may see them."""

    @property
    def at(self) -> datetime:
        """When it took effect."""
        return self.act.at

    @property
    def ticket(self) -> str:
        """The ticket's number, if one was given."""
        tickets = (event.facts.get("ticket", "") for event in (self.act, *self.keys))
        return next(filter(None, tickets), "")

    @property
    def derived(self) -> int:
        """How many of the keys were derived from another."""
        return sum(event.key_prefix.startswith(STARTS["derived"]) for event in self.keys)


def receipt(event_id: UUID, apps: Collection[UUID]) -> Receipt | None:
    """The receipt of that act, as far as it is of `apps`. None: there is none, or none of it is of them."""
    act = Event.objects.filter(id=event_id, action__in=REVOKING).first()
    if act is None:
        return None
    under = Event.objects.filter(cause_id=event_id, action="key.revoke")
    causes = [event_id, *under.values_list("id", flat=True)]
    family = Q(id=event_id) | Q(cause_id__in=causes)
    events = Event.objects.filter(family, action="key.revoke", app_id__in=apps).order_by("at", "id")
    keys = list(events)
    if not keys and act.app_id not in apps:
        return None
    ids = [event.key_id for event in keys if event.key_id]
    calls = Call.objects.filter(key_id__in=ids)
    refused = calls.filter(at__gt=act.at, allowed=False)
    return Receipt(
        act=act,
        keys=keys,
        before=calls.filter(at__gt=act.at - HOUR, at__lte=act.at)[:MAX_RESULTS].count(),
        since=refused[:MAX_RESULTS].count(),
        first_refused=refused.order_by("at", "id").first(),
        skipped=[row for row in act.facts.get("not_changed", ()) if UUID(row["app"]) in apps],
    )
