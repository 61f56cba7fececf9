"""An export before it starts: its filters, its upper bound and its row count."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.export import selection
from audit.integrity.sealing import checkpoints, pinned_keys, sealed_rows, sealer, signing
from audit.integrity.sealing.sealed_rows import Reach, Sealed
from audit.search.matching import Filters
from core.clock import now

FORMAT = "alter-audit-1"
MAX_SLICES = 4


@dataclass(frozen=True, slots=True)
class Extract:
    """Settled before the first row is read. Rows that are sealed later are not in it."""

    filters: Filters
    name: str
    """The app's."""
    within: Reach
    rows: int
    at: datetime

    @property
    def is_selection(self) -> bool:
        """Whether it is less than all there is of the app."""
        return self.filters.narrowed

    def entries(self) -> Iterator[Sealed]:
        """Its rows: by kind and place if it is whole, otherwise the oldest first."""
        if self.is_selection:
            yield from selection.walk(self.filters, self.within)
            return
        for kind in self.within.last:
            for batch in sealed_rows.batches(self.within, kind):
                yield from batch.rows

    def head(self) -> dict[str, Any]:
        """What stands at the head of a file of it."""
        newest = self.within.newest
        return {
            "format": FORMAT,
            "app": {"id": str(self.filters.app_id) if self.filters.app_id else None, "name": self.name},
            "filters": self.filters.to_dict(),
            "selection": self.is_selection,
            "rows": self.rows,
            "streams": [
                {"kind": kind, "first_seq": 1, "last_seq": last} for kind, last in self.within.last.items()
            ],
            "exported_at": checkpoints.moment(self.at),
            "sealed_to": checkpoints.moment(newest.sealed_at) if newest else None,
            "key": _key(signing.key_id(), signing.public_key()),
            "keys": [line.to_dict() for line in pinned_keys.lines()],
            "checkpoint": checkpoints.to_line(newest) if newest else None,
        }


def settle(filters: Filters, name: str) -> Extract:
    """Seal what waits, and find out how far the record goes now and how much of it is asked for."""
    sealer.catch_up(filters.app_id)
    within = sealed_rows.reach(filters.app_id)
    count = selection.count(filters, within)[0] if filters.narrowed else sealed_rows.count(within)
    return Extract(filters, name, within, count, now())


def count_rows(filters: Filters) -> tuple[int, bool]:
    """How many sealed rows match now, and whether that is all of them: a page must not count millions."""
    within = sealed_rows.reach(filters.app_id)
    if not filters.narrowed:
        return sealed_rows.count(within), True
    return selection.count(filters, within, most=MAX_SLICES)


def _key(key_id: str, public: bytes) -> dict[str, str]:
    return {"id": key_id, "public": public.hex()}
