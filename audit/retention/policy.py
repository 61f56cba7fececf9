"""How long each kind of row is kept: what is in force, the verb that changes it, and purge(), which keeps to it."""

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
"""Days, until someone says otherwise. None: for ever."""
FEWEST: dict[str, int] = {**MINIMUM_DAYS, Kind.SPAN: 1}
"""Who cleared away the record of an act within the year, or of a call within the week, would clear away evidence."""
MOST_DAYS = 36_500
BY_MONTH = 90
"""Calls that are kept for as many days or more go by whole months where there are partitions: up to a month later."""


class Kept(NamedTuple):
    """How long one kind of row is kept."""

    kind: str
    days: int | None

    @property
    def says(self) -> str:
        """In words."""
        return in_words(self.days)

    @property
    def fewest(self) -> int:
        """The fewest days that may be said."""
        return FEWEST[self.kind]

    @property
    def label(self) -> str:
        """What is kept."""
        return Kind(self.kind).label


def in_force() -> list[Kept]:
    """How long each kind is kept now."""
    said = dict(Retention.objects.values_list("kind", "days"))
    return [Kept(kind, said.get(kind, DEFAULT[kind])) for kind in Kind.values]


def set_retention(actor: Actor, kind: str, days: int | None, reason: str = "") -> None:
    """Keep rows of `kind` (event, call or span) for `days` from now on; None: for ever. Raises Invalid."""
    if kind not in FEWEST:
        raise Invalid("kind", "Choose one of event, call and span.")
    if days is not None and not FEWEST[kind] <= days <= MOST_DAYS:
        raise Invalid("days", f"Write {FEWEST[kind]} to {MOST_DAYS} days, or leave it empty: for ever.")
    row = Retention.objects.filter(kind=kind).first() or Retention(kind=kind, days=DEFAULT[kind])
    try:
        with transaction.atomic():
            _set(actor, row, days, reason)
    except IntegrityError:  # someone else said it for the first time, just now
        _set(actor, Retention.objects.get(kind=kind), days, reason)


def purge() -> int:
    """Let go of what has been kept long enough, as much as fits one run. Returns how many rows went; 0: none is due."""
    return sum(_purge(kept) for kept in in_force() if kept.days is not None)


def in_words(days: int | None) -> str:
    """`365 days`, or `for ever`."""
    return "for ever" if days is None else f"{days} day{'' if days == 1 else 's'}"


def _set(actor: Actor, row: Retention, days: int | None, reason: str) -> None:
    with change(actor, RETAIN, on=row, reason=reason) as act:
        if row.days == days:
            return
        act.note(was=in_words(row.days), now=in_words(days))
        row.days = days
        row.save()


def _purge(kept: Kept) -> int:
    before: datetime = now() - timedelta(days=kept.days or 0)
    if kept.kind == Kind.SPAN:
        return purging.spans(before)
    if kept.kind == Kind.CALL:
        return months.sweep() + _purge_calls(before, by_month=(kept.days or 0) >= BY_MONTH)
    return purging.sealed(kept.kind, before)


def _purge_calls(before: datetime, *, by_month: bool) -> int:
    """By whole months where that can be; what is left of them, and what is kept shortly, batch by batch."""
    if connection.vendor != "postgresql":
        return purging.sealed(Kind.CALL, before)
    dropped = months.drop(before)
    return dropped + purging.sealed(Kind.CALL, month(before) if by_month else before)
