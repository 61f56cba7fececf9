"""The objects of the runtime API that describe keys (docs/sdk.md); the client's names."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from audit.search.usage import Use, use_of
from core.schemas import Attribute, Item, Moment, Name, RequestSchema, ResponseSchema, Word
from keys.idempotency import IssueResult
from keys.models import ApiKey

TYPES: dict[str, Literal["rk", "ak", "dk"]] = {"app": "rk", "agent": "ak", "derived": "dk"}
"""The wire's word for each kind of key."""
SpanId = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=32)]


class DeriveKey(RequestSchema):
    """A narrower key to be handed out."""

    scopes: list[Item] = Field(
        description="A part of the parent's. Not keys:derive.", min_length=1, max_length=100
    )
    expires_in: StrictInt = Field(
        gt=0, description="Seconds. Cut to what the app allows and to the parent's end."
    )
    cidr_allowlist: list[Item] | None = Field(
        None, max_length=100, description="Inside the parent's, which is kept if left out."
    )
    name: Name | None = Field(default=None, description="The display name. Generated if omitted.")
    metadata: dict[str, Any] | None = Field(default=None, description="At most 8 KB.")


class RotateKey(RequestSchema):
    """How to rotate."""

    overlap_days: StrictInt = Field(
        7, ge=0, le=30, description="Days the old secret works on; 0 ends it now."
    )


class APIKeyInfo(ResponseSchema):
    """A key, without its secret."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="The display name.")
    key_prefix: str = Field(description="Its first characters, to know it by.")
    key_type: Literal["rk", "ak", "dk"] = Field(description="rk of the app, ak of an agent, dk derived.")
    scopes: list[str] = Field(description="What it may do.")
    scope_version: int = Field(description="The version of the catalogue its scopes are of.")
    cidr_allowlist: list[str] | None = Field(description="Where it may be used from. null: anywhere.")
    rate_limit_rpm: int | None = Field(description="Its own limit in requests per minute, if it has one.")
    effective_rate_limit_rpm: int = Field(description="The limit that applies, in requests per minute.")
    rate_limit_source: Literal["key", "organization", "platform_default"] = Field(
        description="Where that number comes from; organization is the app."
    )
    expires_at: datetime | None = Field(description="When it ends. null: not by itself.")
    deprecated_at: datetime | None = Field(description="When it was marked as on its way out.")
    revoked_at: datetime | None = Field(description="When it was ended.")
    last_used_at: datetime | None = Field(description="Its latest call that was allowed.")
    last_denied_at: datetime | None = Field(description="Its latest call that was denied.")
    parent_key_id: UUID | None = Field(description="The key it was derived from.")
    created_at: datetime = Field(description="When it was minted.")

    @classmethod
    def from_model(cls, key: ApiKey, use: Use | None = None, **more: Any) -> Self:
        """`key` as the wire shows it."""
        return cls(
            id=key.id,
            name=key.name,
            key_prefix=key.prefix,
            key_type=TYPES[key.kind],
            scopes=key.scopes,
            scope_version=key.scope_version,
            cidr_allowlist=key.networks or None,
            rate_limit_rpm=key.rate_limit_rpm,
            effective_rate_limit_rpm=key.rate_limit,
            rate_limit_source=key.rate_limit_source,
            expires_at=key.expires_at,
            deprecated_at=key.deprecated_at,
            revoked_at=key.revoked_at,
            last_used_at=use.allowed_at if use else None,
            last_denied_at=use.denied_at if use else None,
            parent_key_id=key.parent_id,
            created_at=key.created_at,
            **more,
        )


class MintedKey(APIKeyInfo):
    """A new secret, shown this once."""

    api_key: str | None = Field(
        repr=False, description="The plaintext, this once. null when a request is repeated."
    )
    hint: str | None = Field(default=None, description="How to go on, when a request is repeated.")

    @classmethod
    def from_result(cls, result: IssueResult, hint: str) -> Self:
        """The key with its plaintext, which is taken here and leaves in this answer alone; or with the hint."""
        if result.plaintext:
            return cls.from_model(result.key, api_key=result.plaintext.take())
        return cls.from_model(result.key, use_of(result.key.id), api_key=None, hint=hint)


class AgentKey(ResponseSchema):
    """A key of an agent, without its secret."""

    key_id: UUID = Field(description="Its id.")
    key_prefix: str = Field(description="Its first characters, to know it by.")
    name: str = Field(description="The display name.")
    created_at: datetime = Field(description="When it was minted.")
    deprecated_at: datetime | None = Field(description="When it was marked as on its way out.")
    revoked_at: datetime | None = Field(description="When it was ended.")
    last_used_at: datetime | None = Field(description="Its latest call that was allowed.")
    last_denied_at: datetime | None = Field(description="Its latest call that was denied.")

    @classmethod
    def from_model(cls, key: ApiKey, use: Use | None = None, **more: Any) -> Self:
        """`key` as the list of its agent's keys shows it."""
        return cls(
            key_id=key.id,
            key_prefix=key.prefix,
            name=key.name,
            created_at=key.created_at,
            deprecated_at=key.deprecated_at,
            revoked_at=key.revoked_at,
            last_used_at=use.allowed_at if use else None,
            last_denied_at=use.denied_at if use else None,
            **more,
        )


class AgentKeyMintResult(AgentKey):
    """A new key of an agent. Its secret is shown this once."""

    api_key: str | None = Field(
        repr=False, description="The plaintext, this once. null when a request is repeated."
    )
    hint: str | None = Field(default=None, description="How to go on, when a request is repeated.")


class AgentKeyList(ResponseSchema):
    """All keys of an agent, oldest first, revoked ones included."""

    items: list[AgentKey] = Field(description="The keys.")


class Resource(ResponseSchema):
    """What may be done to a kind of thing."""

    verbs: list[str] = Field(description="Each includes those before it.")


class ScopeCatalog(ResponseSchema):
    """The scopes there are."""

    scope_version: int = Field(description="Its version.")
    resources: dict[str, Resource] = Field(description="Each kind of thing, and the verbs that go with it.")
    action_verbs: list[str] = Field(description="Scopes that stand alone, in full.")
    deprecated: list[str] = Field(description="Scopes that are still taken, and should not be used.")


class Span(RequestSchema):
    """A step of a program's own telling."""

    trace_id: Word = Field(description="What it is a step of.")
    name: Word = Field(description="What was done.")
    start_time: Moment = Field(description="When it began.")
    span_id: SpanId | None = Field(
        default=None, description="Made up if left out. The same one twice is kept once."
    )
    parent_span_id: SpanId | None = Field(default=None, description="The step it is a part of.")
    end_time: Moment | None = Field(default=None, description="When it was over.")
    attributes: dict[Word, Attribute] = Field(
        description="Whatever else there is to tell.", default={}, max_length=50
    )


class SpanBatch(RequestSchema):
    """Some steps at once."""

    spans: list[Span] = Field(description="The steps.", min_length=1, max_length=50)


class EmitSpansResult(ResponseSchema):
    """How many of them were new."""

    accepted: int = Field(description="How many were not there before.")


class ResolveIdentity(RequestSchema):
    """Who is calling."""

    include_profile: StrictBool = Field(
        default=False, description="Taken, and without effect: there are no profiles here."
    )
    user_token: str | None = Field(
        default=None, description="Not taken: there is no directory of end users here."
    )
    app_user_id: str | None = Field(
        default=None, description="Not taken: there is no directory of end users here."
    )


class Trace(ResponseSchema):
    """What the call says it is part of."""

    run_id: str | None = Field(description="The run.")
    thread_id: str | None = Field(description="The conversation.")


class IdentityContext(ResponseSchema):
    """Whom the call speaks for."""

    app_id: UUID = Field(description="The app.")
    agent_id: UUID | None = Field(description="The agent. null: none.")
    actor_id: UUID | None = Field(description="The id of the caller's name.")
    app_user_id: str | None = Field(description="Always null: there is no directory of end users here.")
    group_ids: list[str] = Field(description="Always empty here.")
    trace: Trace | None = Field(description="What the call says it is part of.")
