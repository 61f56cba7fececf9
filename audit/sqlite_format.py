"""The storage format of values on SQLite, whose columns accept any type, and conditions that check it.

A condition compares what is stored, and a seal what is read: `2026-06-01T12:00:00` and `2026-06-01 12:00:00` are one
moment and two texts. So a row is what it was only if each value is stored as the portal stores it. PostgreSQL has
typed columns, where a value has no spelling; what it holds and Python cannot read is told by `as_postgresql`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Model, Q

from core.documents import compact

FUNCTION = "audit_is_stored"
FORMS = {
    "UUIDField": "id",
    "DateTimeField": "moment",
    "JSONField": "document",
    "BooleanField": "flag",
    "BinaryField": "bytes",
    "CharField": "text",
    "TextField": "text",
}
"""What Django calls a column, and what it is here. All else is a number."""
UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading a value raises that the portal does not write: no date, no JSON, nested without an end."""
MAX_NUMBER = 1 << 63


class Misread(ValueError):
    """What a column holds is nothing that the portal writes."""


class Column(NamedTuple):
    """A column of a table."""

    name: str
    form: str
    may_be_null: bool

    def read(self, stored: Any) -> tuple[Any, bool]:
        """The value, and whether it is stored as the portal stores it. Raises ValueError and its like."""
        if stored is None:
            if self.may_be_null:
                return None, True
            raise Misread(f"{self.name} is NULL")
        return _READ[self.form](stored)


@lru_cache(maxsize=64)
def columns(model: type[Model], names: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """These columns of a table, or all, in their order."""
    fields = {str(field.column): field for field in model._meta.concrete_fields}
    selected = names or tuple(fields)
    return tuple(
        Column(name, FORMS.get(fields[name].get_internal_type(), "number"), fields[name].null)
        for name in selected
    )


@lru_cache(maxsize=64)
def types(model: type[Model], names: tuple[str, ...] = ()) -> tuple[Any, ...]:
    """What the values of these columns are, once they are read."""
    return tuple(
        (_TYPES[column.form], type(None)) if column.may_be_null else _TYPES[column.form]
        for column in columns(model, names)
    )


def read(selected: Sequence[Column], stored: Iterable[Any]) -> tuple[tuple[Any, ...], bool]:
    """The values of a row, and whether all are stored as the portal stores them. Raises ValueError and its like."""
    values = [column.read(value) for column, value in zip(selected, stored, strict=True)]
    return tuple(value for value, _ in values), all(is_plain for _, is_plain in values)


def restored(kind: str, stored: bytes | None) -> Any:
    """What SQLite stores, from its typeof() and its bytes. A text that is no UTF-8 is none of what columns hold."""
    try:
        return _AS[kind](stored or b"")
    except UnicodeDecodeError:
        return bytearray(stored or b"")


def as_it_is(names: Iterable[str]) -> str:
    """These columns, to be selected without what Python's sqlite3 makes of them: of an expression it knows no type."""
    return ", ".join(f"+{name}" for name in names)


def readable(model: type[Model], *names: str) -> Q:
    """The condition that each of these columns, or of all, can be read."""
    return _condition(columns(model, names), "")


def plain(model: type[Model], *names: str) -> Q:
    """The condition that each of these columns, or of all, is stored as the portal stores it."""
    return _condition(columns(model, names), "plain")


def whole_hours(name: str = "hour") -> Q:
    """The condition that a moment is the beginning of an hour, as text: cheap enough for each line of a chart."""
    return Q(_IsWholeHour(F(name)))


def register_function(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Let SQLite know the function that these conditions use."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(FUNCTION, 4, _is_stored, deterministic=True)


class _IsStored(Func):
    arity = 1
    output_field = BooleanField()

    def __init__(self, *expressions: Any, form: str = "", strictly: str = "") -> None:
        super().__init__(*expressions, form=form, strictly=strictly)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = (
            f"{FUNCTION}('%(form)s', '%(strictly)s', typeof(%(expressions)s), CAST(%(expressions)s AS BLOB))"
        )
        return self.as_sql(compiler, connection, template=template)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template=_ON_POSTGRES.get(self.extra["form"], "true"))


class _IsWholeHour(Func):
    arity = 1
    output_field = BooleanField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        digit = "[0-9]"
        text = "-".join((digit * 4, digit * 2, digit * 2)) + f" {digit * 2}:00:00"
        return self.as_sql(compiler, connection, template=f"(%(expressions)s GLOB '{text}')")

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(date_trunc('hour', %(expressions)s) = %(expressions)s)"
        )


_DOCUMENT_ON_POSTGRES = (
    "(jsonb_typeof(%(expressions)s) = 'object' AND %(expressions)s::text !~ '[0-9]{200}[0-9]{200}' "
    "AND NOT jsonb_path_exists(%(expressions)s, '$.**{100}'))"
)
_ON_POSTGRES = {
    "moment": "(%(expressions)s BETWEEN '0001-01-02' AND '9999-12-30')",
    "document": _DOCUMENT_ON_POSTGRES,
    "document?": f"(%(expressions)s IS NULL OR {_DOCUMENT_ON_POSTGRES})",
}


def _condition(selected: Sequence[Column], strictly: str) -> Q:
    condition = Q()
    for column in selected:
        form = f"{column.form}?" if column.may_be_null else column.form
        condition &= Q(_IsStored(F(column.name), form=form, strictly=strictly))
    return condition


def _is_stored(form: str, strictly: str, kind: str, stored: bytes | None) -> int:
    column = Column("", form.rstrip("?"), form.endswith("?"))
    try:
        _, is_plain = column.read(restored(kind, stored))
    except UNREADABLE:
        return 0
    return int(is_plain or not strictly)


def _id(stored: Any) -> tuple[UUID, bool]:
    parsed = UUID(_text(stored)[0])
    return parsed, parsed.hex == stored


def _moment(stored: Any) -> tuple[datetime, bool]:
    parsed = datetime.fromisoformat(_text(stored)[0])
    if parsed.tzinfo:
        return parsed.astimezone(UTC), False
    return parsed.replace(tzinfo=UTC), str(parsed) == stored


def _document(stored: Any) -> tuple[Any, bool]:
    if stored == "{}":
        return {}, True  # most say nothing
    parsed = json.loads(_text(stored)[0])
    if not isinstance(parsed, dict):
        raise Misread("it is no object")
    return parsed, stored in (json.dumps(parsed), compact(parsed))


def _flag(stored: Any) -> tuple[bool, bool]:
    if type(stored) is not int or stored not in (0, 1):
        raise Misread("it is neither true nor false")
    return bool(stored), True


def _number(stored: Any) -> tuple[int, bool]:
    if type(stored) is not int or abs(stored) >= MAX_NUMBER:
        raise Misread("it is no number")
    return stored, True


def _text(stored: Any) -> tuple[str, bool]:
    if type(stored) is not str:
        raise Misread("it is no text")
    return stored, True


def _bytes(stored: Any) -> tuple[bytes, bool]:
    if type(stored) is not bytes:
        raise Misread("it is no string of bytes")
    return stored, True


_READ: Mapping[str, Callable[[Any], tuple[Any, bool]]] = {
    "id": _id,
    "moment": _moment,
    "document": _document,
    "flag": _flag,
    "number": _number,
    "text": _text,
    "bytes": _bytes,
}
_TYPES: Mapping[str, type] = {
    "id": UUID,
    "moment": datetime,
    "document": dict,
    "flag": bool,
    "number": int,
    "text": str,
    "bytes": bytes | memoryview,  # type: ignore[dict-item]
}
_AS: Mapping[str, Callable[[bytes], Any]] = {
    "null": lambda stored: None,
    "integer": int,
    "real": float,
    "text": lambda stored: stored.decode(),
    "blob": lambda stored: stored,
}
