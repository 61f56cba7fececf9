"""Rows of the record as the values that are hashed: what the sealer seals, and a check looks at again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from audit.models import Call, Event
from audit.models.seals import NOWHERE
from audit.sealing import canonical, macs

RECORDS: Mapping[str, type[Event] | type[Call]] = {"event": Event, "call": Call}
DOCUMENTS = frozenset({"context", "changes", "facts"})
FIELDS = {kind: (*canonical.PUBLIC[kind], *canonical.PERSONAL[kind]) for kind in RECORDS}
APP_ID = FIELDS["call"].index("app_id")
"""The place of the app's id among the values of a row of either kind."""
_READ = {
    kind: f"SELECT {', '.join(names)}, mac FROM audit_{kind} WHERE id = ANY(%s)"
    for kind, names in FIELDS.items()
}


@dataclass(frozen=True, slots=True)
class Row:
    """An act or a call, as values in the order of FIELDS."""

    kind: str
    values: tuple[Any, ...]
    mac: bytes | None = None
    """Read by `read()` alone."""

    @property
    def id(self) -> UUID:
        """The row's id."""
        return self.values[0]  # type: ignore[no-any-return]

    @property
    def at(self) -> datetime:
        """Its moment."""
        return self.values[1]  # type: ignore[no-any-return]

    @property
    def stream(self) -> UUID:
        """The app whose stream it is in."""
        return self.values[APP_ID] or NOWHERE

    @property
    def is_genuine(self) -> bool:
        """Whether it has the MAC that the portal gave it as it was written."""
        return macs.fits(self.kind, dict(zip(FIELDS[self.kind], self.values, strict=True)), self.mac)

    def commitment(self, salt: bytes) -> bytes:
        """What stands for its personal part."""
        return canonical.commit(salt, self.values[len(canonical.PUBLIC[self.kind]) :])

    def leaf(self, commitment: bytes) -> bytes:
        """Its hash."""
        return canonical.leaf(self.kind, self.values[: len(canonical.PUBLIC[self.kind])], commitment)


def read(
    kind: str, ids: Sequence[UUID], begins: datetime | None = None, ends: datetime | None = None
) -> list[Row]:
    """The rows with these ids, whose moments lie from `begins` to `ends`: that says which months to look in."""
    if connection.vendor == "postgresql":
        return _read_at_once(kind, ids, begins, ends)
    found = RECORDS[kind].objects.filter(id__in=ids)
    if begins and ends:
        found = found.filter(at__gte=begins, at__lte=ends)
    return [
        Row(kind, tuple(values), mac) for *values, mac in found.order_by().values_list(*FIELDS[kind], "mac")
    ]


def of(entry: Model) -> Row:
    """The same of a row that is at hand."""
    kind = "event" if isinstance(entry, Event) else "call"
    return Row(kind, tuple(getattr(entry, name) for name in FIELDS[kind]))


def by_id(found: Iterable[Row]) -> dict[UUID, Row]:
    """Each row under its id."""
    return {row.id: row for row in found}


def _read_at_once(
    kind: str, ids: Sequence[UUID], begins: datetime | None, ends: datetime | None
) -> list[Row]:
    """The same without the ORM, which would take twice as long: the sealer reads every row there is."""
    documents = [index for index, name in enumerate(FIELDS[kind]) if name in DOCUMENTS]
    with connection.cursor() as cursor:
        if begins and ends:
            cursor.execute(_READ[kind] + " AND at BETWEEN %s AND %s", [list(ids), begins, ends])
        else:
            cursor.execute(_READ[kind], [list(ids)])
        found = [list(values) for values in cursor.fetchall()]
    for values in found:
        for index in documents:
            values[index] = json.loads(values[index])
    return [Row(kind, tuple(values), mac) for *values, mac in found]
