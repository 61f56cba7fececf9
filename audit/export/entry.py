"""The JSON form of an audit entry, shared by the management API, webhooks and SIEM forwarding."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from audit.models import Call, Event
from core.schemas import ResponseSchema


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
