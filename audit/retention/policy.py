"""Retention periods: reads and changes them, and purges rows past their period."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, connection, transaction

from audit.actions import RETAIN
from audit.actors import Actor
from audit.change import change
from audit.integrity.partitions import month
from audit.integrity.signed_removals import MINIMUM_DAYS
from audit.models import Retention
from audit.retention import months, purging
from core.clock import now
from core.errors import Invalid

Kind = Retention.Kind
DEFAULT: dict[str, int | None] = {Kind.EVENT: None, Kind.CALL: 365, Kind.SPAN: 30}
"""Days, until they are changed. None: kept indefinitely."""
MIN_DAYS: dict[str, int] = {**MINIMUM_DAYS, Kind.SPAN: 1}
"""Shorter periods would let someone remove the evidence of a recent event or request."""
MAX_DAYS = 36_500
BY_MONTH = 90
"""Requests kept for as many days or more are deleted by whole months on PostgreSQL: up to a month later."""


class RetentionPeriod(NamedTuple):
    """How long one kind of row is kept."""

    kind: str
    days: int | None

    @property
    def says(self) -> str:
        """In words."""
        return in_words(self.days)

    @property
    def min_days(self) -> int:
        """The shortest period in days."""
        return MIN_DAYS[self.kind]

    @property
    def label(self) -> str:
        """The kind as pages say it."""
        return Kind(self.kind).label


def in_force() -> list[RetentionPeriod]:
    """The current period of each kind."""
    saved = dict(Retention.objects.values_list("kind", "days"))
    return [RetentionPeriod(kind, saved.get(kind, DEFAULT[kind])) for kind in Kind.values]


def set_retention(actor: Actor, kind: str, days: int | None, reason: str = "") -> None:
    """Keep rows of `kind` (event, call or span) for `days` from now on; None: indefinitely. Raises Invalid."""
    if kind not in MIN_DAYS:
        raise Invalid("kind", "Choose one of event, call and span.")
    if days is not None and not MIN_DAYS[kind] <= days <= MAX_DAYS:
        raise Invalid(
            "days", f"Enter {MIN_DAYS[kind]} to {MAX_DAYS:,} days, or leave empty to keep indefinitely."
        )
    row = Retention.objects.filter(kind=kind).first() or Retention(kind=kind, days=DEFAULT[kind])
    try:
        with transaction.atomic():
            _set(actor, row, days, reason)
    except IntegrityError:  # another request has just made the row
        _set(actor, Retention.objects.get(kind=kind), days, reason)


def purge() -> int:
    """Delete rows past their period, as many as fit one run. Returns how many; 0: none is due."""
    return sum(_purge(period) for period in in_force() if period.days is not None)


def in_words(days: int | None) -> str:
    """`365 days`, or `indefinitely`."""
    return "indefinitely" if days is None else f"{days} day{'' if days == 1 else 's'}"


def _set(actor: Actor, row: Retention, days: int | None, reason: str) -> None:
    with change(actor, RETAIN, on=row, reason=reason) as event:
        if row.days == days:
            return
        event.note(was=in_words(row.days), now=in_words(days))
        row.days = days
        row.save()


def _purge(period: RetentionPeriod) -> int:
    before: datetime = now() - timedelta(days=period.days or 0)
    if period.kind == Kind.SPAN:
        return purging.spans(before)
    if period.kind == Kind.CALL:
        return months.sweep() + _purge_calls(before, by_month=(period.days or 0) >= BY_MONTH)
    return purging.sealed(period.kind, before)


def _purge_calls(before: datetime, *, by_month: bool) -> int:
    """By whole months where that can be; what is left of them, and what is kept shortly, batch by batch."""
    if connection.vendor != "postgresql":
        return purging.sealed(Kind.CALL, before)
    dropped = months.drop(before)
    return dropped + purging.sealed(Kind.CALL, month(before) if by_month else before)
