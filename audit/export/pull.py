"""Incremental pulls of sealed rows, by sequence number, so that no row is skipped or repeated.

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
    position: PullPosition
    more: bool
    """Whether more are sealed already."""


def pull(actor: Actor, app_id: UUID | None, name: str, after: str, limit: int) -> Pulled:
    """The next rows of an app after a cursor; the first ones for none, which is an act. `name` is the app's.

    Raises NotAllowed, and Invalid for a cursor that is none, is of another app, or lies beyond what is sealed.
    """
    actor.require(EXPORT)
    within = sealed_rows.reach(app_id)
    position = parse_position(after, within) if after else PullPosition(within.stream)
    if not after:
        _record(actor, app_id, name)
    return _next(position, within, limit)


def parse_position(after: str, within: Reach) -> PullPosition:
    """A cursor as a place. Raises Invalid."""
    match = _CURSOR.fullmatch(after)
    if not match:
        raise Invalid(
            "after", "Invalid cursor. Send the next_cursor of an earlier response, or nothing to start."
        )
    if match[1] != within.stream.hex:
        raise Invalid("after", "This cursor belongs to another app.")
    position = PullPosition(within.stream, int(match[2]), int(match[3]))
    if any(getattr(position, kind) > within.last.get(kind, 0) for kind in RECORDS):
        raise Invalid(
            "after",
            "This portal has not sealed that many entries: its database may be an older copy. Start without `after`.",
        )
    return position


def _record(actor: Actor, app_id: UUID | None, name: str) -> None:
    about = {"target_kind": "audit log", "target_id": str(app_id or "none"), "target_label": name}
    record(actor, EXPORT, app_id=app_id, **about, facts={"format": "pull"})


def _next(position: PullPosition, within: Reach, limit: int) -> Pulled:
    """Both streams are read on, each in its order; of their next rows the older one goes first."""
    both = [sealed_rows.after(within, kind, getattr(position, kind), limit + 1) for kind in within.last]
    merged = heapq.merge(*both, key=lambda sealed: (sealed.row.at, sealed.row.id.hex))
    rows = list(islice(merged, limit + 1))
    reached = {sealed.row.kind: sealed.seq for sealed in rows[:limit]}
    reached_position = PullPosition(
        position.stream, reached.get("event", position.event), reached.get("call", position.call)
    )
    return Pulled(rows[:limit], reached_position, more=len(rows) > limit)
