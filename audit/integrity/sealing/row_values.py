"""Audit rows as the values that are hashed, for the sealer and for the check."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection
from django.db.models import Model

from audit import canonical, macs, sqlite_format
from audit.models import Call, Event
from audit.models.seals import NOWHERE

RECORDS: Mapping[str, type[Event] | type[Call]] = {"event": Event, "call": Call}
DOCUMENTS = frozenset({"context", "changes", "facts"})
FIELDS = {kind: (*canonical.PUBLIC[kind], *canonical.PERSONAL[kind]) for kind in RECORDS}
APP_ID = FIELDS["call"].index("app_id")
"""The place of the app's id among the values of a row of either kind."""
_READ = {
    kind: f"SELECT {', '.join(names)}, mac FROM audit_{kind} WHERE id = ANY(%s)"
    for kind, names in FIELDS.items()
}
UNREADABLE = (*sqlite_format.UNREADABLE, DatabaseError)
"""What reading a row raises that holds what the portal does not write."""
MAX_IDS = 500
"""How many rows SQLite is asked for at once."""


@dataclass(frozen=True, slots=True)
class Row:
    """An act or a call, as values in the order of FIELDS."""

    kind: str
    values: tuple[Any, ...]
    mac: bytes | None = None
    """Read by `read()` alone."""
    is_plain: bool = True
    """Whether each value is stored as the portal stores it: on SQLite another text may be read as the same value."""

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
        """Whether it has the MAC that the portal gave it as it was written, and is stored as it was."""
        return self.is_plain and macs.fits(
            self.kind, dict(zip(FIELDS[self.kind], self.values, strict=True)), self.mac
        )

    @property
    def is_sound(self) -> bool:
        """Whether each value is of the type that it has in a row of the portal."""
        return all(map(isinstance, self.values, sqlite_format.types(RECORDS[self.kind], FIELDS[self.kind])))

    def commitment(self, salt: bytes) -> bytes:
        """What stands for its personal part."""
        return canonical.commit_row(self.kind, salt, self.values[len(canonical.PUBLIC[self.kind]) :])

    def leaf(self, commitment: bytes) -> bytes:
        """Its hash."""
        return canonical.leaf(self.kind, self.values[: len(canonical.PUBLIC[self.kind])], commitment)


def read(
    kind: str, ids: Sequence[UUID], begins: datetime | None = None, ends: datetime | None = None
) -> list[Row]:
    """The rows with these ids, whose moments lie from `begins` to `ends`: that says which months to look in."""
    if connection.vendor == "postgresql":
        return _read_at_once(kind, ids, begins, ends)
    return list(_read_as_stored(kind, ids))


def read_each(
    kind: str, ids: Sequence[UUID], begins: datetime | None = None, ends: datetime | None = None
) -> tuple[list[Row], list[UUID]]:
    """The same, wherever they lie, and the ids of those that cannot be read."""
    try:
        rows = read(kind, ids, begins, ends)
        astray = set(ids) - {row.id for row in rows}
        return rows + (read(kind, list(astray)) if astray and begins else []), []
    except UNREADABLE:
        return _one_by_one(kind, ids)


def _one_by_one(kind: str, ids: Sequence[UUID]) -> tuple[list[Row], list[UUID]]:
    rows, unreadable = list[Row](), list[UUID]()
    for row_id in ids:
        try:
            rows += read(kind, [row_id])
        except UNREADABLE:
            unreadable.append(row_id)
    return rows, unreadable


def from_model(entry: Model) -> Row:
    """The same of a row that is at hand."""
    kind = "event" if isinstance(entry, Event) else "call"
    return Row(kind, tuple(getattr(entry, name) for name in FIELDS[kind]))


def by_id(rows: Iterable[Row]) -> dict[UUID, Row]:
    """Each row under its id."""
    return {row.id: row for row in rows}


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
        rows = [list(values) for values in cursor.fetchall()]
    for values in rows:
        for index in documents:
            values[index] = None if values[index] is None else json.loads(values[index])
    return [Row(kind, tuple(values), mac) for *values, mac in rows]


def _read_as_stored(kind: str, ids: Sequence[UUID]) -> Iterator[Row]:
    """The same on SQLite, by the id alone: a moment in another spelling lies in no month."""
    names = (*FIELDS[kind], "mac")
    columns, selected = sqlite_format.columns(RECORDS[kind], names), sqlite_format.as_it_is(names)
    for start in range(0, len(ids), MAX_IDS):
        chunk = [row_id.hex for row_id in ids[start : start + MAX_IDS]]
        with connection.cursor() as cursor:
            placeholders = ", ".join(["%s"] * len(chunk))
            cursor.execute(f"SELECT {selected} FROM audit_{kind} WHERE id IN ({placeholders})", chunk)
            lines = cursor.fetchall()
        for line in lines:
            (*values, mac), is_plain = sqlite_format.read(columns, line)
            yield Row(kind, tuple(values), mac, is_plain)
