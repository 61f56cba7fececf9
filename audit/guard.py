"""Tracks which audited rows a change() covers, and stops a save of any other."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.ids import new_id

if TYPE_CHECKING:
    from audit.models import Audited


class UnauditedWrite(Exception):
    """A program mistake: an audited row was about to change with no event to tell of it."""


@dataclass(slots=True)
class PendingEvent:
    """One change under way. `id` is its event's, so that what it brings about can name its cause."""

    row: "Audited"
    id: UUID = field(default_factory=new_id)
    facts: dict[str, Any] = field(default_factory=dict)
    saved: bool = False

    def note(self, **facts: Any) -> None:
        """Add to what the event will tell, beside the row's own before and after."""
        self.facts.update(facts)


_under_way: ContextVar[tuple[PendingEvent, ...]] = ContextVar("acts_under_way", default=())


@contextmanager
def watching(row: "Audited") -> Iterator[PendingEvent]:
    """Within this block `row`, and no other object, may be saved."""
    event = PendingEvent(row)
    token = _under_way.set((*_under_way.get(), event))
    try:
        yield event
    finally:
        _under_way.reset(token)


def note_save(row: "Audited") -> None:
    """Called by every save of an audited row: raise UnauditedWrite unless `row` is being watched."""
    for event in _under_way.get():
        if event.row is row:
            event.saved = True
            return
    raise UnauditedWrite(f"save {type(row).__name__} inside audit.change(), on the object it was given")
