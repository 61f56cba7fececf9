"""How the record stands just now: how far it is sealed, and how far each that is told of it has come. For a page."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max, Q

from audit.forwarding import siem
from audit.forwarding.destinations import TEST, dead_letters
from audit.forwarding.reader import newest
from audit.models import Checkpoint, Delivery, Destination, ForgedRow, Pending, Place
from core.folding import by_name

MOST_COUNTED = 10_000
"""More rows than this are not counted."""
MOST_LETTERS = 500


@dataclass(frozen=True, slots=True)
class Sealing:
    """How far the sealer has come."""

    newest: Checkpoint | None
    waiting: int
    oldest_at: datetime | None
    """The moment of the row that waits the longest."""
    forged: int
    """Rows that were set aside because the portal did not write them."""

    @property
    def more(self) -> bool:
        """Whether more wait than were counted."""
        return self.waiting >= MOST_COUNTED


@dataclass(frozen=True, slots=True)
class Line:
    """A destination, and how far it has come."""

    destination: Destination
    behind: int
    """Batches that it has still to be told of, or to pass over."""
    arrived_at: datetime | None
    failing: Delivery | None
    """What is tried again and again."""
    dead: int

    @property
    def state(self) -> str:
        """paused, failing, behind or up to date."""
        if self.destination.paused_at:
            return "paused"
        return "failing" if self.failing else "behind" if self.behind else "up to date"


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where the operator's settings hand the record on to, and how far that has come."""

    name: str
    where: str
    behind: int | None
    """None: it has not begun."""


def sealing() -> Sealing:
    """How far the record is sealed."""
    waiting = Pending.objects.order_by("at").values_list("at", flat=True)
    return Sealing(
        Checkpoint.objects.order_by("-number").first(),
        Pending.objects.order_by()[:MOST_COUNTED].count(),
        waiting.first(),
        ForgedRow.objects.count(),
    )


def lines() -> list[Line]:
    """Every destination that has not ended, by name."""
    living, last = list(Destination.objects.filter(ended_at=None).order_by(*by_name("name"))), newest()
    places = dict(Place.objects.values_list("name", "number"))
    return [
        Line(
            destination,
            max(0, last - places.get(str(destination.pk), last)) + (destination.pk in failing),
            arrived.get(destination.pk),
            failing.get(destination.pk),
            dead.get(destination.pk, 0),
        )
        for failing, arrived, dead in [(_failing(), _arrived(), _dead())]
        for destination in living
    ]


def outlets() -> list[Outlet]:
    """What the settings name."""
    where = {"syslog": settings.FORWARD_SYSLOG, "file": settings.FORWARD_FILE}
    places, last = dict(Place.objects.filter(name__in=where).values_list("name", "number")), newest()
    return [
        Outlet(name, str(where[name]), last - places[name] if name in places else None)
        for name in siem.names()
    ]


def _failing() -> dict[object, Delivery]:
    open_ones = Delivery.objects.filter(
        Q(last_error__gt=""), delivered_at=None, given_up_at=None, discarded_at=None
    )
    return {delivery.destination_id: delivery for delivery in open_ones}


def _arrived() -> dict[object, datetime]:
    real = Delivery.objects.exclude(checkpoint=TEST).filter(delivered_at__isnull=False)
    return dict(real.order_by().values_list("destination").annotate(Max("delivered_at")))


def _dead() -> dict[object, int]:
    return dict(dead_letters().order_by().values_list("destination").annotate(Count("pk")))
