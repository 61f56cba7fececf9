"""The banner about events that report tampering: forged rows, or rows deleted before sealing.

They are read from the record, not from a note of how far somebody has read it: who writes to the database could move
that.
"""

from datetime import timedelta

from audit.actions import FORGE, MISS
from audit.models import Event
from core.clock import now
from core.ids import first_id_of

SAYS = {
    FORGE.name: "rows were put in and set aside",
    MISS.name: "a row was deleted before it was sealed",
}
LOOKBACK = timedelta(days=7)
"""How long it is said on every page of admins: of what was forged or deleted there is no end."""
MAX_ACTS = 100


def acts() -> list[Event]:
    """Those of the last days, the newest first."""
    since = now() - LOOKBACK
    # Ids are in the order of time: no index begins with the moment of an act.
    young = Event.objects.filter(id__gte=first_id_of(since - timedelta(days=1)), at__gt=since)
    return list(young.filter(action__in=SAYS).order_by("-id")[:MAX_ACTS])


def describe_event(event: Event) -> str:
    """What happened, in a sentence."""
    return f"Audit log tampering: {SAYS[event.action]}, {event.target_label}."[:300]


def trouble() -> str:
    """What happened last, and the next step. Empty: nothing did."""
    happened = acts()
    if not happened:
        return ""
    message = describe_event(happened[0])
    return f"{message} Run .venv/bin/python manage.py check_audit. This banner is shown for seven days."
