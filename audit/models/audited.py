"""Audited: the base of models whose rows change only inside change(), with an event."""

from typing import Any, NoReturn, TypeVar
from uuid import UUID

from django.db import models

from audit.guard import UnauditedWrite, note_save
from core.ids import new_id

M = TypeVar("M", bound=models.Model)


class AuditedQuerySet(models.QuerySet[M]):
    """Reads freely; refuses the bulk writes that would go round the record."""

    def _unaudited(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise UnauditedWrite(f"{self.model.__name__} rows are changed one by one, inside audit.change()")

    update = delete = bulk_create = bulk_update = _unaudited


class Audited(models.Model):
    """A row whose every change is an event. Saving it outside `audit.change()` raises."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    objects = AuditedQuerySet.as_manager()

    class Meta:
        abstract = True

    def audit_target(self) -> dict[str, Any]:
        """The columns of an event that name this row: app, key, agent and target."""
        raise NotImplementedError

    def snapshot(self) -> dict[str, Any]:
        """What a reader may see of this row, as JSON. Two pictures make an event's before and after."""
        raise NotImplementedError

    @property
    def reach(self) -> UUID | None:
        """The app whose people may touch this row. None: only those who hold every app."""
        app_id: UUID | None = self.audit_target().get("app_id")
        return app_id

    def save(self, *args: Any, **kwargs: Any) -> None:
        note_save(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise UnauditedWrite(f"{type(self).__name__} rows are ended, never deleted")
