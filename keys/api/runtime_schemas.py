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
"""`key_type` in requests and responses, by the kind of the key."""
SpanId = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=32)]


class DeriveKey(RequestSchema):
    """A key to derive from the calling key, with the same permissions or fewer."""

    scopes: list[Item] = Field(
        description="Scopes, each one covered by the calling key's. Not keys:derive.",
        min_length=1,
        max_length=100,
    )
    expires_in: StrictInt = Field(
        gt=0,
        description="Seconds until the key expires. Cut to the app's maximum and to the calling key's expiry.",
    )
    cidr_allowlist: list[Item] | None = Field(
        None,
        max_length=100,
        description="Allowed IP ranges in CIDR notation, inside the calling key's. Default: the calling key's.",
    )
    name: Name | None = Field(default=None, description="The key's name. Default: generated.")
    metadata: dict[str, Any] | None = Field(
        default=None, description="Your metadata, a JSON object of at most 8 KB."
    )


class RotateKey(RequestSchema):
    """How to rotate a key."""

    overlap_days: StrictInt = Field(
        7, ge=0, le=30, description="Days that the old key stays active. 0: it stops working immediately."
    )


class APIKeyInfo(ResponseSchema):
    """An API key, without its plaintext."""

    id: UUID = Field(description="The key's ID.")
    name: str = Field(description="The key's name.")
    key_prefix: str = Field(description="The first characters of the key, to recognize it by.")
    key_type: Literal["rk", "ak", "dk"] = Field(description="rk: app key, ak: agent key, dk: derived key.")
    scopes: list[str] = Field(description="The key's scopes, such as grants:read.")
    scope_version: int = Field(description="The version of the scope catalog that its scopes belong to.")
    cidr_allowlist: list[str] | None = Field(
        description="Allowed IP ranges in CIDR notation. null: any address."
    )
    rate_limit_rpm: int | None = Field(
        description="The key's own rate limit, in requests per minute. null: none of its own."
    )
    effective_rate_limit_rpm: int = Field(description="The rate limit that applies, in requests per minute.")
    rate_limit_source: Literal["key", "organization", "platform_default"] = Field(
        description="Where the rate limit that applies is set. organization: the app."
    )
    expires_at: datetime | None = Field(description="When the key expires. null: never.")
    deprecated_at: datetime | None = Field(
        description="When the key was deprecated. null: it is not deprecated."
    )
    revoked_at: datetime | None = Field(description="When the key was revoked. null: it is not revoked.")
    last_used_at: datetime | None = Field(description="The latest allowed request. null: none.")
    last_denied_at: datetime | None = Field(description="The latest denied request. null: none.")
    parent_key_id: UUID | None = Field(
        description="The key that it was derived from. null: it is not a derived key."
    )
    created_at: datetime = Field(description="When the key was minted.")

    @classmethod
    def from_model(cls, key: ApiKey, use: Use | None = None, **more: Any) -> Self:
        """`key` as the runtime API returns it."""
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
    """A new key, with its plaintext."""

    api_key: str | None = Field(
        repr=False, description="The key in full. Shown once: null when the request is repeated."
    )
    hint: str | None = Field(default=None, description="The next step when the request is repeated.")

    @classmethod
    def from_result(cls, result: IssueResult, hint: str) -> Self:
        """The key with its plaintext, which is taken here and leaves in this answer alone; or with the hint."""
        if result.plaintext:
            return cls.from_model(result.key, api_key=result.plaintext.take())
        return cls.from_model(result.key, use_of(result.key.id), api_key=None, hint=hint)


class AgentKey(ResponseSchema):
    """An agent's key, without its plaintext."""

    key_id: UUID = Field(description="The key's ID.")
    key_prefix: str = Field(description="The first characters of the key, to recognize it by.")
    name: str = Field(description="The key's name.")
    created_at: datetime = Field(description="When the key was minted.")
    deprecated_at: datetime | None = Field(
        description="When the key was deprecated. null: it is not deprecated."
    )
    revoked_at: datetime | None = Field(description="When the key was revoked. null: it is not revoked.")
    last_used_at: datetime | None = Field(description="The latest allowed request. null: none.")
    last_denied_at: datetime | None = Field(description="The latest denied request. null: none.")

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
    """A new key of an agent, with its plaintext."""

    api_key: str | None = Field(
        repr=False, description="The key in full. Shown once: null when the request is repeated."
    )
    hint: str | None = Field(default=None, description="The next step when the request is repeated.")


class AgentKeyList(ResponseSchema):
    """All keys of an agent, oldest first, revoked ones included."""

    items: list[AgentKey] = Field(description="The keys.")


class Resource(ResponseSchema):
    """A resource in the scope catalog."""

    verbs: list[str] = Field(
        description="The verbs of the resource, in ascending order: each includes those before it."
    )


class ScopeCatalog(ResponseSchema):
    """All scopes that a key can have."""

    scope_version: int = Field(description="The version of the catalog.")
    resources: dict[str, Resource] = Field(description="Resources by name. A scope is resource:verb.")
    action_verbs: list[str] = Field(
        description="Scopes that are not ordered with others, in full, such as keys:derive."
    )
    deprecated: list[str] = Field(
        description="Scopes that are still accepted, and should not be used in new keys."
    )


class Span(RequestSchema):
    """A span: one step of a trace that your program reports."""

    trace_id: Word = Field(description="The ID of the trace.")
    name: Word = Field(description="The name of the step.")
    start_time: Moment = Field(description="When the step started, in ISO 8601.")
    span_id: SpanId | None = Field(
        default=None,
        description="The ID of the span. Default: generated. A span whose ID exists in the trace is not added again.",
    )
    parent_span_id: SpanId | None = Field(
        default=None, description="The ID of the span that this one is part of."
    )
    end_time: Moment | None = Field(default=None, description="When the step ended, in ISO 8601.")
    attributes: dict[Word, Attribute] = Field(
        description="Up to 50 values of your own, by name.", default={}, max_length=50
    )


class SpanBatch(RequestSchema):
    """Spans to add."""

    spans: list[Span] = Field(description="1 to 50 spans.", min_length=1, max_length=50)


class EmitSpansResult(ResponseSchema):
    """The result of adding spans."""

    accepted: int = Field(description="The number of spans added, without those that existed.")


class ResolveIdentity(RequestSchema):
    """What to resolve about the caller. Fields that need a directory of end users have no effect or are refused."""

    include_profile: StrictBool = Field(
        default=False, description="Accepted, and has no effect: the portal has no profiles."
    )
    user_token: str | None = Field(
        default=None, description="Rejected: the portal has no directory of end users."
    )
    app_user_id: str | None = Field(
        default=None, description="Rejected: the portal has no directory of end users."
    )


class Trace(ResponseSchema):
    """The run and the thread that the request names in its context."""

    run_id: str | None = Field(description="The ID of the run. null: none.")
    thread_id: str | None = Field(description="The ID of the thread. null: none.")


class IdentityContext(ResponseSchema):
    """The app, agent and caller that the request is made for."""

    app_id: UUID = Field(description="The app's ID.")
    agent_id: UUID | None = Field(
        description="The agent's ID. null: the key belongs to no agent, and the request names none."
    )
    actor_id: UUID | None = Field(description="The ID of the caller that the request names. null: none.")
    app_user_id: str | None = Field(description="Always null: the portal has no directory of end users.")
    group_ids: list[str] = Field(description="Always empty: the portal has no groups.")
    trace: Trace | None = Field(description="The run and the thread that the request names. null: neither.")
