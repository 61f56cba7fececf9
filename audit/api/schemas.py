"""The objects of the management API that describe the record (docs/api.md)."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from audit.integrity.sealing.row_values import FIELDS
from audit.integrity.sealing.sealed_rows import Sealed
from audit.models import Call, Event
from audit.search.remedies import fix_of
from audit.templatetags.log_entries import steps
from core.schemas import ResponseSchema

RESULTS: dict[str, Literal["passed", "failed", "not reached"]] = {
    "yes": "passed",
    "no": "failed",
    "later": "not reached",
}


class CheckResult(ResponseSchema):
    """One step of the verdict on a call."""

    name: str = Field(description="What door.md calls it.")
    what: str = Field(description="What it makes sure of.")
    result: Literal["passed", "failed", "not reached"] = Field(description="What came of it.")


class AuditEntry(ResponseSchema):
    """An act or a call. Of what only the other kind has, everything is null."""

    kind: Literal["event", "call"] = Field(description="An act, or a call made with a key.")
    id: UUID = Field(description="Its id.")
    at: datetime = Field(description="When.")
    app_id: UUID | None = Field(description="The app.")
    key_id: UUID | None = Field(description="The key.")
    key_prefix: str = Field(description="The key's prefix.")
    key_name: str = Field(description="The key's name at the time.")
    agent_id: UUID | None = Field(description="The agent.")
    agent_name: str = Field(description="The agent's name.")
    via: str = Field(description="Which face was used: page, api, cli, sdk, door or shell.")
    ip: str = Field(description="The address it came from.")
    user_agent: str = Field(description="What the program said it was.")
    request_id: str = Field(description="What the answer carried as X-Request-Id.")
    caller: str = Field(description="What the program calls itself.")
    caller_type: str = Field(description="agent or service, as it says.")
    caller_id: UUID | None = Field(description="The id of that name.")
    context: dict[str, Any] = Field(description="What it said it was doing.")
    trace_id: str = Field(description="The W3C trace it is part of.")
    action: str | None = Field(default=None, description="What was done: key.mint.")
    actor_kind: str | None = Field(default=None, description="person, token, key, shell or system.")
    actor_id: str | None = Field(default=None, description="The actor's id.")
    actor_label: str | None = Field(default=None, description="What the log calls them for ever.")
    target_kind: str | None = Field(default=None, description="What kind of thing it was done to.")
    target_id: str | None = Field(default=None, description="The thing's id.")
    target_label: str | None = Field(default=None, description="The thing's name.")
    reason: str | None = Field(default=None, description="Why, as the actor said.")
    cause_id: UUID | None = Field(default=None, description="The act this one followed from.")
    changes: dict[str, Any] | None = Field(default=None, description="Field to [before, after].")
    facts: dict[str, Any] | None = Field(default=None, description="What else there is to tell.")
    method: str | None = Field(default=None, description="The call's own method.")
    path: str | None = Field(default=None, description="Its path, without the query.")
    status: int | None = Field(default=None, description="What it was answered with.")
    allowed: bool | None = Field(default=None, description="Whether it might pass.")
    code: str | None = Field(default=None, description="The refusal's code.")
    check_failed: str | None = Field(default=None, description="The check that failed.")
    detail: str | None = Field(default=None, description="More of why; the caller was not told.")
    scopes: str | None = Field(default=None, description="What the caller had to hold.")
    took_us: int | None = Field(default=None, description="Microseconds from arrival to the verdict.")

    @classmethod
    def from_model(cls, row: Event | Call, **more: Any) -> "AuditEntry":
        """`row` whole."""
        kind: Literal["event", "call"] = "event" if isinstance(row, Event) else "call"
        return cls(kind=kind, **{f.name: getattr(row, f.name) for f in row._meta.concrete_fields}, **more)


class AuditEntryDetail(AuditEntry):
    """An act or a call, how the verdict on the call came about, and what sets a refusal right."""

    checks: list[CheckResult] | None = Field(
        default=None, description="Of a call: each step of the verdict, in order."
    )
    fix: str | None = Field(default=None, description="Of a refused call: what sets it right.")

    @classmethod
    def from_model(cls, row: Event | Call) -> "AuditEntryDetail":
        """`row` whole, and explained if it is a call."""
        told = AuditEntry.from_model(row).model_dump()
        if isinstance(row, Event):
            return cls(**told)
        checks = [CheckResult(name=name, what=what, result=RESULTS[how]) for name, what, how in steps(row)]
        return cls(**told, checks=checks, fix=None if row.allowed else fix_of(row).says)


class SealedEntry(AuditEntry):
    """An act or a call with its place."""

    seq: int = Field(description="Its place among the app's acts, or among its calls. Places have no gaps.")

    @classmethod
    def from_sealed(cls, entry: Sealed) -> "SealedEntry":
        """A row that was read by its seal."""
        kind: Any = entry.row.kind
        return cls(kind=kind, seq=entry.seq, **dict(zip(FIELDS[kind], entry.row.values, strict=True)))


class SealedEntryPage(ResponseSchema):
    """Some entries, the acts and the calls each in the order of their places."""

    items: list[SealedEntry] = Field(description="The entries.")
    next_cursor: str = Field(description="Keep it, and send it as after for what comes next, now or later.")
    has_more: bool = Field(description="Whether more are sealed already.")


class AuditEntryPage(ResponseSchema):
    """Some entries, newest first."""

    items: list[AuditEntry] = Field(description="The entries.")
    next_cursor: str | None = Field(description="Send it as cursor for what is older. null: that was all.")


class CallGroup(ResponseSchema):
    """Calls that say they belong together."""

    id: str = Field(description="The thread_id or the trace.")
    calls: int = Field(description="How many calls.")
    denied: int = Field(description="How many of them were denied.")
    first_at: datetime = Field(description="The first call.")
    last_at: datetime = Field(description="The latest call.")
    callers: list[str] = Field(description="Up to ten of the names their programs call themselves.")


class CallGroupList(ResponseSchema):
    """Some of them, the latest first."""

    items: list[CallGroup] = Field(description="At most 200.")
