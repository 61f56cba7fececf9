"""The schemas of the management API for the audit log (docs/api.md)."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

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

    name: str = Field(description="The check's id, as in docs/door.md.")
    label: str = Field(description="The check's name.")
    description: str = Field(description="What is checked.")
    result: Literal["passed", "failed", "not reached"] = Field(description="The result.")


class AuditEntry(ResponseSchema):
    """An event or a request. Fields of the other kind are null."""

    kind: Literal["event", "call"] = Field(description="event: a change. call: a request made with a key.")
    id: UUID = Field(description="The entry's id.")
    at: datetime = Field(description="When it happened.")
    app_id: UUID | None = Field(description="The app's id.")
    key_id: UUID | None = Field(description="The key's id.")
    key_prefix: str = Field(description="The key's prefix.")
    key_name: str = Field(description="The key's name at that time.")
    agent_id: UUID | None = Field(description="The agent's id.")
    agent_name: str = Field(description="The agent's name.")
    via: str = Field(description="How it was made: page, api, cli, sdk, door (the verify endpoint) or shell.")
    ip: str = Field(description="The IP address.")
    user_agent: str = Field(description="The User-Agent.")
    request_id: str = Field(description="The X-Request-Id of the response.")
    caller: str = Field(description="The caller's name, as sent by the program.")
    caller_type: str = Field(description="agent or service, as sent by the program.")
    caller_id: UUID | None = Field(description="The caller's id.")
    context: dict[str, Any] = Field(description="The context sent by the program.")
    trace_id: str = Field(description="The W3C trace id.")
    action: str | None = Field(default=None, description="The action, such as key.mint.")
    actor_kind: str | None = Field(
        default=None, description="Who acted: person, token, key, shell or system."
    )
    actor_id: str | None = Field(default=None, description="The actor's id.")
    actor_label: str | None = Field(default=None, description="The actor's name at that time.")
    target_kind: str | None = Field(default=None, description="The kind of object that was changed.")
    target_id: str | None = Field(default=None, description="The object's id.")
    target_label: str | None = Field(default=None, description="The object's name.")
    reason: str | None = Field(default=None, description="The reason that the actor gave.")
    cause_id: UUID | None = Field(default=None, description="The event that caused this one.")
    changes: dict[str, Any] | None = Field(
        default=None, description="Changed fields, each with [before, after]."
    )
    facts: dict[str, Any] | None = Field(default=None, description="More details.")
    method: str | None = Field(default=None, description="The request's method.")
    path: str | None = Field(default=None, description="The request's path, without the query.")
    status: int | None = Field(default=None, description="The response status.")
    allowed: bool | None = Field(default=None, description="Whether the request was allowed.")
    code: str | None = Field(default=None, description="The error code of a denied request.")
    check_failed: str | None = Field(default=None, description="The check that failed.")
    detail: str | None = Field(
        default=None, description="Details of the denial, which the caller does not see."
    )
    scopes: str | None = Field(default=None, description="The required scopes.")
    took_us: int | None = Field(default=None, description="Microseconds until the decision.")

    @classmethod
    def from_model(cls, row: Event | Call, **more: Any) -> "AuditEntry":
        """`row` with all its fields."""
        kind: Literal["event", "call"] = "event" if isinstance(row, Event) else "call"
        return cls(kind=kind, **{f.name: getattr(row, f.name) for f in row._meta.concrete_fields}, **more)


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

    items: list[SealedEntry] = Field(description="The entries.")
    next_cursor: str = Field(description="Store it, and send it as after to get new entries, now or later.")
    has_more: bool = Field(description="Whether more entries are available now.")


class AuditEntryPage(ResponseSchema):
    """A page of entries, newest first."""

    items: list[AuditEntry] = Field(description="The entries.")
    next_cursor: str | None = Field(
        description="Send it as cursor to get older entries. null: this is the last page."
    )


class CallGroup(ResponseSchema):
    """The requests of one thread or trace."""

    id: str = Field(description="The thread_id or trace id.")
    calls: int = Field(description="The number of requests.")
    denied: int = Field(description="The number of denied requests.")
    first_at: datetime = Field(description="The first request.")
    last_at: datetime = Field(description="The last request.")
    callers: list[str] = Field(description="Up to ten callers.")


class CallGroupList(ResponseSchema):
    """Threads or traces, most recent first."""

    items: list[CallGroup] = Field(description="Up to 200.")
