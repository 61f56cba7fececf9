"""A queryset that skips rows which the portal cannot read, because something else wrote them.

Checks and the sealer tell of such rows. A page, a list or an export goes on without them.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import DatabaseError, models
from django.db.models.expressions import Combinable

from audit import sqlite_format

M = TypeVar("M", bound=models.Model)
UNREADABLE = (*sqlite_format.UNREADABLE, DatabaseError)


if TYPE_CHECKING:
    _Moment = models.DateTimeField[str | datetime | Combinable, datetime]
else:
    _Moment = models.DateTimeField


class Moment(_Moment):
    """A moment. What is none is an error as it is read, where Django would read it as nothing."""

    def from_db_value(self, value: Any, *_: Any) -> Any:
        if value is None and not self.null:
            raise sqlite_format.Misread(f"{self.name} is no moment")
        return value

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs


class ReadableQuerySet(models.QuerySet[M]):
    """Reads as ever; once something cannot be read, all but that."""

    _is_narrowed = False

    def _fetch_all(self) -> None:
        try:
            super()._fetch_all()
        except UNREADABLE as why:
            if self._is_narrowed or self.query.combinator or not _is_of_a_row(why):
                raise
            self._narrow()
            super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        """One that has begun cannot begin again: it asks for what can be read from the start."""
        queryset = self._chain()  # type: ignore[attr-defined]
        queryset._narrow()
        return super(ReadableQuerySet, queryset).iterator(*args, **kwargs)

    def _narrow(self) -> None:
        """Also of a slice: it is cut from what can be read."""
        self._is_narrowed, self._result_cache = True, None
        self.query.add_q(sqlite_format.readable(self.model))

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._is_narrowed = self._is_narrowed
        return clone


class Readable(models.Model):
    """A row whose columns hold what they should, or it raises ValueError as it is read."""

    objects = ReadableQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: Any, field_names: Any, values: Any, **further: Any) -> Self:
        types = sqlite_format.types(cls)
        if len(values) == len(types) and not all(map(isinstance, values, types)):
            raise sqlite_format.Misread("a column holds what the portal does not write")
        return super().from_db(db, field_names, values, **further)


def _is_of_a_row(why: Exception) -> bool:
    """Whether it is about what a row holds, and not about the database or the time it took."""
    return not isinstance(why, DatabaseError) or "decode" in str(why) or "too large" in str(why)
