"""The schemas of the management API for keys (docs/api.md)."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from audit.search.usage import Use
from core.schemas import Item, Name, Page, RequestSchema, ResponseSchema, Sentence, Text
from keys.api.runtime_schemas import APIKeyInfo
from keys.models import ApiKey


class KeyInfo(APIKeyInfo):
    """A key, as the management API shows it."""

    app_id: UUID = Field(description="The key's app.")
    agent_id: UUID | None = Field(description="The key's agent. null: an app key.")
    kind: Literal["app", "agent", "derived"] = Field(description="The kind of key.")
    status: Literal["active", "deprecated", "rotating", "ended", "expired", "revoked"] = Field(
        description="rotating: replaced, and its old secret works until grace_ends_at; ended: its grace period is over."
    )
    fingerprint: str = Field(description="The first 8 hex characters of the key's SHA-256.")
    generation: int = Field(
        description="1 for a new key. Rotating a derived key replaces its secret in place and adds 1."
    )
    metadata: dict[str, Any] = Field(description="Your metadata, a JSON object.")
    replaces_key_id: UUID | None = Field(description="The key that this key replaces after a rotation.")
    replaced_by_key_id: UUID | None = Field(description="The key that this key rotates to.")
    replaced_by_key_prefix: str | None = Field(description="The first characters of that key.")
    enrolled_by_key_id: UUID | None = Field(
        description="The derived key that created this agent key. They are revoked together."
    )
    minted_by: str = Field(description="Who minted the key.")
    grace_ends_at: datetime | None = Field(description="When its grace period after a rotation ends.")

    @classmethod
    def from_model(
        cls, key: ApiKey, use: Use | None = None, replacement: ApiKey | None = None, **more: Any
    ) -> Self:
        """`key` as the management API shows it. `replacement` is the key it rotates to."""
        return super().from_model(
            key,
            use,
            app_id=key.app_id,
            agent_id=key.agent_id,
            kind=cast(Any, key.kind),
            status=key.status,
            fingerprint=key.fingerprint,
            generation=key.generation,
            metadata=key.metadata,
            replaces_key_id=key.replaces_id,
            replaced_by_key_id=replacement.id if replacement else None,
            replaced_by_key_prefix=replacement.prefix if replacement else None,
            enrolled_by_key_id=key.enrolled_by_id,
            minted_by=key.minted_by,
            grace_ends_at=key.grace_ends_at,
            **more,
        )


class KeyMinted(KeyInfo):
    """A new key, with its plaintext."""

    api_key: str | None = Field(
        repr=False, description="The key in full. Shown once: null when the request is repeated."
    )
    hint: str | None = Field(default=None, description="The next step when the request is repeated.")


class KeyPage(Page):
    """A page of keys."""

    items: list[KeyInfo] = Field(description="The keys.")


class KeyStatistics(ResponseSchema):
    """The numbers of an app's keys."""

    active: int = Field(description="Active keys, without those in their grace period.")
    rotated_in_grace: int = Field(description="Rotated keys in their grace period.")
    total: int = Field(description="All keys ever minted, without derived keys.")
    max_allowed: int = Field(description="Maximum active keys.")


class KeyOptions(RequestSchema):
    """The limits of a key."""

    cidr_allowlist: list[Item] | None = Field(
        description="Allowed IP ranges, such as 203.0.113.0/24. /0 is not allowed.",
        default=None,
        max_length=100,
    )
    rate_limit_rpm: StrictInt | None = Field(
        default=None, ge=1, le=100_000, description="Rate limit, in requests per minute."
    )
    expires_at: Text | None = Field(
        default=None, description="When it expires, in ISO 8601; a date means the end of that day in UTC."
    )
    reason: Sentence = Field(default="", description="The reason, saved to the audit log.")


class AgentKeyMintRequest(KeyOptions):
    """A key to mint for an agent. `{}` mints a numbered key with the default scopes of agents."""

    name: Name = Field(default="", description="The key's name. Default: a number.")
    scopes: list[Item] | None = Field(
        description="Scopes. Default: the default scopes of agents.", default=None, max_length=100
    )
    expires_in: Text | None = Field(
        default=None,
        description="How long until the key expires, such as 30d, 12h or 5m. Do not combine with expires_at.",
    )
    metadata: dict[str, Any] | None = Field(default=None, description="Your metadata. At most 8 KB.")


class KeyMintRequest(AgentKeyMintRequest):
    """A key to mint."""

    name: Name = Field(description="The key's name.")
    scopes: list[Item] = Field(description="Scopes, such as grants:read.", min_length=1, max_length=100)
    key_type: Literal["runtime", "agent"] = Field(
        "runtime", description="agent without agent_id: an agent key that is bound to no agent."
    )
    agent_id: UUID | None = Field(default=None, description="The key's agent, with key_type agent.")


class KeyRenameRequest(RequestSchema):
    """A new name for a key."""

    name: Name = Field(description="The new name.")


class KeyNarrowRequest(KeyOptions):
    """Permissions to remove from a key. Omitted fields are unchanged."""

    scopes: list[Item] | None = Field(
        description="The scopes to keep, each one of its current scopes.", default=None, max_length=100
    )


class KeyRotateRequest(RequestSchema):
    """How to rotate a key."""

    scopes: list[Item] | None = Field(
        description="The scopes of the new key. Default: the same.", default=None, max_length=100
    )
    grace: Text = Field(
        default="7d",
        description="How long the old key stays active: such as 7d or 12h. 0s: it expires immediately.",
    )
    reason: Sentence = Field(default="", description="The reason, saved to the audit log.")


class KeyRevokeRequest(RequestSchema):
    """How to revoke a key."""

    force: StrictBool = Field(default=False, description="Also revoke an agent's only active key.")
    reason: Sentence = Field(default="", description="The reason, saved to the audit log.")


class KeyCaller(ResponseSchema):
    """A client that uses a key."""

    ip: str = Field(description="The IP address. Empty: unknown.")
    user_agent: str = Field(description="The User-Agent.")
    calls: int = Field(description="The number of requests.")
    last_at: datetime = Field(description="The last request.")


class KeyCallerList(ResponseSchema):
    """The clients that use a key, most recent first."""

    items: list[KeyCaller] = Field(description="Up to 200 clients.")
    since: datetime = Field(description="The start of the period that was considered.")
    calls: int = Field(description="The number of requests considered: up to the latest 10,000.")
    capped_at: datetime | None = Field(
        description="The oldest request considered, if there were more. null: all were considered."
    )


class KeyLookupRequest(RequestSchema):
    """SHA-256 hashes of possible keys, each as 64 lowercase hex characters."""

    sha256: list[Annotated[str, StringConstraints(strict=True, pattern="^[0-9a-f]{64}$")]] = Field(
        description="Up to 500 hashes.", max_length=500
    )


class KeyMatch(ResponseSchema):
    """A key that matches a hash."""

    sha256: str = Field(description="The hash.")
    app_id: UUID = Field(description="The key's app.")
    app_name: str = Field(description="The app's name.")
    key: KeyInfo = Field(description="The key.")


class KeyLookupResponse(ResponseSchema):
    """The matching keys in the apps that the token can access."""

    items: list[KeyMatch] = Field(description="One item for each hash that matches.")
