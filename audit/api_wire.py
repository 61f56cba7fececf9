"""The objects of the management API that describe the record (docs/api.md)."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from audit.models import Call, Event, Recorded
from audit.wire import Told

SHARED = [field.name for field in Recorded._meta.get_fields()]


class Check(Told):
    """One step of the verdict on a call."""

    name: str
    what: str
    result: Literal["passed", "failed", "not reached"]


class Entry(Told):
    """An act or a call. Of what only the other kind has, everything is null."""

    kind: Literal["event", "call"]
    id: UUID
    at: datetime
    app_id: UUID | None
    key_id: UUID | None
    key_prefix: str
    key_name: str
    agent_id: UUID | None
    agent_name: str
    via: str
    ip: str
    user_agent: str
    request_id: str
    caller: str
    caller_type: str
    caller_id: UUID | None
    context: dict[str, Any]
    trace_id: str
    action: str | None = None
    actor_kind: str | None = None
    actor_id: str | None = None
    actor_label: str | None = None
    target_kind: str | None = None
    target_id: str | None = None
    target_label: str | None = None
    reason: str | None = None
    cause_id: UUID | None = None
    changes: dict[str, Any] | None = None
    facts: dict[str, Any] | None = None
    method: str | None = None
    path: str | None = None
    status: int | None = None
    allowed: bool | None = None
    code: str | None = None
    check_failed: str | None = None
    detail: str | None = None
    scopes: str | None = None
    took_us: int | None = None

    @classmethod
    def of(cls, row: Event | Call, **more: Any) -> "Entry":
        """`row` whole."""
        kind: Literal["event", "call"] = "event" if isinstance(row, Event) else "call"
        return cls(kind=kind, **{f.name: getattr(row, f.name) for f in row._meta.concrete_fields}, **more)


class EntryInFull(Entry):
    """An act or a call, and how the verdict on the call came about."""

    checks: list[Check] | None = None


class Timeline(Told):
    """Some entries, newest first."""

    items: list[Entry]
    next_cursor: str | None


class Group(Told):
    """Calls that say they belong together."""

    id: str
    calls: int
    refused: int
    first_at: datetime
    last_at: datetime
    callers: list[str]


class Groups(Told):
    """Some of them, the latest first."""

    items: list[Group]
