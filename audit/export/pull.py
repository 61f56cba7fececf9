"""Hands the record on, piece by piece, so that nothing is skipped and nothing told twice: by places, not by moments.

Moments are given when a row is written, and a row may be committed after a later one. Places are given by the sealer,
one after the other, to what is committed.
"""

import heapq
import re
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from audit.actions import EXPORT
from audit.actors import Actor
from audit.change import record
from audit.integrity.sealing import sealed_rows
from audit.integrity.sealing.row_values import RECORDS
from audit.integrity.sealing.sealed_rows import Reach, Sealed
from core.errors import Invalid

_CURSOR = re.compile(r"([0-9a-f]{32})-([0-9]{1,18})-([0-9]{1,18})")


class PullPosition(NamedTuple):
    """How far a reader has come in the two streams of an app."""

    stream: UUID
    event: int = 0
    call: int = 0

    def __str__(self) -> str:
        return f"{self.stream.hex}-{self.event}-{self.call}"


@dataclass(frozen=True, slots=True)
class Pulled:
    """Some rows, those of a stream in its order, and how far a reader has come with them."""

    rows: list[Sealed]
    place: PullPosition
    more: bool
    """Whether more are sealed already."""


def pull(actor: Actor, app_id: UUID | None, name: str, after: str, limit: int) -> Pulled:
    """The next rows of an app after a cursor; the first ones for none, which is an act. `name` is the app's.

    Raises NotAllowed, and Invalid for a cursor that is none, is of another app, or lies beyond what is sealed.
    """
    actor.require(EXPORT)
    within = sealed_rows.reach(app_id)
    place = parse_place(after, within) if after else PullPosition(within.stream)
    if not after:
        _record(actor, app_id, name)
    return _next(place, within, limit)


def parse_place(after: str, within: Reach) -> PullPosition:
    """A cursor as a place. Raises Invalid."""
    found = _CURSOR.fullmatch(after)
    if not found:
        raise Invalid(
            "after", "This is no cursor. Send next_cursor of an answer before, or nothing to begin."
        )
    if found[1] != within.stream.hex:
        raise Invalid("after", "This cursor is of another app.")
    place = PullPosition(within.stream, int(found[2]), int(found[3]))
    if any(getattr(place, kind) > within.last.get(kind, 0) for kind in RECORDS):
        raise Invalid("after", "So much is not sealed here: the database may be an older copy. Begin anew.")
    return place


def _record(actor: Actor, app_id: UUID | None, name: str) -> None:
    about = {"target_kind": "audit log", "target_id": str(app_id or "none"), "target_label": name}
    record(actor, EXPORT, app_id=app_id, **about, facts={"format": "pull"})


def _next(place: PullPosition, within: Reach, limit: int) -> Pulled:
    """Both streams are read on, each in its order; of their next rows the older one goes first."""
    both = [sealed_rows.after(within, kind, getattr(place, kind), limit + 1) for kind in within.last]
    merged = heapq.merge(*both, key=lambda one: (one.row.at, one.row.id.hex))
    told = list(islice(merged, limit + 1))
    reached = {one.row.kind: one.seq for one in told[:limit]}
    there = PullPosition(place.stream, reached.get("event", place.event), reached.get("call", place.call))
    return Pulled(told[:limit], there, more=len(told) > limit)
