"""The schemas of the management API for the audit log (docs/api.md)."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from audit.export.entry import AuditEntry
from audit.integrity.sealing.row_values import FIELDS
from audit.integrity.sealing.sealed_rows import Sealed
from audit.models import Call, Event
from audit.search.check_names import label_check
from audit.search.explain import remedy_of
from audit.templatetags.log_entries import steps
from core.schemas import ResponseSchema

RESULTS: dict[str, Literal["passed", "failed", "not reached"]] = {
    "yes": "passed",
    "no": "failed",
    "later": "not reached",
}


class CheckResult(ResponseSchema):
    """A check of a request."""

    name: str = Field(description="The check's ID, as in docs/verify.md.")
    label: str = Field(description="The check's name.")
    description: str = Field(description="What is checked.")
    result: Literal["passed", "failed", "not reached"] = Field(
        description="passed, failed, or not reached because an earlier check failed."
    )


class AuditEntryDetail(AuditEntry):
    """An event or a request; for a request with its checks, and how to fix a denial."""

    checks: list[CheckResult] | None = Field(default=None, description="The checks of a request, in order.")
    fix: str | None = Field(default=None, description="How to fix a denied request.")

    @classmethod
    def from_model(cls, row: Event | Call, **more: Any) -> "AuditEntryDetail":
        """`row` with all its fields, and explained if it is a request."""
        values = AuditEntry.from_model(row, **more).model_dump()
        if isinstance(row, Event):
            return cls(**values)
        checks = [
            CheckResult(name=name, label=label_check(name), description=description, result=RESULTS[result])
            for name, description, result in steps(row)
        ]
        return cls(**values, checks=checks, fix=None if row.allowed else remedy_of(row)[0])


class SealedEntry(AuditEntry):
    """An event or a request with its sequence number."""

    seq: int = Field(
        description="The sequence number among the app's events, or among its requests. Without gaps."
    )

    @classmethod
    def from_sealed(cls, entry: Sealed) -> "SealedEntry":
        """A sealed row as the management API shows it."""
        kind: Any = entry.row.kind
        return cls(kind=kind, seq=entry.seq, **dict(zip(FIELDS[kind], entry.row.values, strict=True)))


class SealedEntryPage(ResponseSchema):
    """A page of entries; events and requests each by sequence number."""

    items: list[SealedEntry] = Field(description="The entries, up to limit.")
    next_cursor: str = Field(description="Store it, and send it as after to get new entries, now or later.")
    has_more: bool = Field(description="Whether more entries are available now.")


class AuditEntryPage(ResponseSchema):
    """A page of entries, newest first."""

    items: list[AuditEntry] = Field(description="The entries, up to limit.")
    next_cursor: str | None = Field(
        description="Send it as cursor to get older entries. null: this is the last page."
    )


class CallGroup(ResponseSchema):
    """The requests of one thread or trace."""

    id: str = Field(description="The thread ID or trace ID.")
    calls: int = Field(description="The number of requests.")
    denied: int = Field(description="The number of denied requests.")
    first_at: datetime = Field(description="The first request.")
    last_at: datetime = Field(description="The last request.")
    callers: list[str] = Field(description="Up to ten callers, by name.")


class CallGroupList(ResponseSchema):
    """Threads or traces, most recent first."""

    items: list[CallGroup] = Field(description="Up to 200 threads or traces.")
