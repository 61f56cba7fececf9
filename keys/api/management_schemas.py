"""The objects of the management API that describe keys (docs/api.md)."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from audit.search.usage import Use
from core.schemas import Item, Name, Page, RequestSchema, ResponseSchema, Sentence, Text
from keys.api.runtime_schemas import APIKeyInfo
from keys.models import ApiKey


class KeyInfo(APIKeyInfo):
    """A key, as its app's people see it."""

    app_id: UUID = Field(description="The app it is of.")
    agent_id: UUID | None = Field(description="The agent it is of. null: of none.")
    kind: Literal["app", "agent", "derived"] = Field(description="The same in a word.")
    status: Literal["active", "deprecated", "grace", "ended", "expired", "revoked"] = Field(
        description="grace: rotated, and still working; ended: its grace is over."
    )
    fingerprint: str = Field(description="The first 8 hex digits of its SHA-256.")
    generation: int = Field(description="How many secrets it has had.")
    metadata: dict[str, Any] = Field(description="What was attached to it.")
    replaces_key_id: UUID | None = Field(description="The key it is the successor of.")
    enrolled_by_key_id: UUID | None = Field(
        description="The derived key that made it for an agent, and with which it ends."
    )
    minted_by: str = Field(description="Who minted it, as the log calls them.")
    grace_ends_at: datetime | None = Field(description="Until when it works on after its rotation.")

    @classmethod
    def seen(cls, key: ApiKey, use: Use | None = None, **more: Any) -> Self:
        """`key` as the management API shows it."""
        return cls.of(
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
            enrolled_by_key_id=key.enrolled_by_id,
            minted_by=key.minted_by,
            grace_ends_at=key.grace_ends_at,
            **more,
        )


class KeyMinted(KeyInfo):
    """A new key."""

    api_key: str | None = Field(
        repr=False, description="The plaintext, this once. null when a request is repeated."
    )
    hint: str | None = Field(default=None, description="How to go on, when a request is repeated.")


class KeyPage(Page):
    """Some keys."""

    items: list[KeyInfo] = Field(description="The keys.")


class KeyStatistics(ResponseSchema):
    """How full an app is."""

    active: int = Field(description="Keys that authenticate, those in grace aside.")
    rotated_in_grace: int = Field(description="Rotated keys that still authenticate.")
    total: int = Field(description="Keys ever minted; derived ones do not count.")
    max_allowed: int = Field(description="Keys that may be alive at once.")


class KeyOptions(RequestSchema):
    """What a key may do, from where and until when."""

    cidr_allowlist: list[Item] | None = Field(
        description="Ranges it may be used from: 203.0.113.0/24. No /0.", default=None, max_length=100
    )
    rate_limit_rpm: StrictInt | None = Field(default=None, ge=1, le=100_000, description="Calls a minute.")
    expires_at: Text | None = Field(
        default=None, description="A moment in ISO 8601, or a day: then it ends with that day, in UTC."
    )
    reason: Sentence = Field(default="", description="Why, for the log.")


class AgentKeyMintRequest(KeyOptions):
    """A key for an agent. `{}` makes one that is numbered and may do what agents' keys may."""

    name: Name = Field(default="", description="What people call it. Left out: numbered.")
    scopes: list[Item] | None = Field(
        description="What it may do. Left out: what agents' keys may.", default=None, max_length=100
    )
    expires_in: Text | None = Field(default=None, description="30d, 12h or 5m. Not beside expires_at.")
    metadata: dict[str, Any] | None = Field(default=None, description="At most 8 KB.")


class KeyMintRequest(AgentKeyMintRequest):
    """A key to be minted."""

    name: Name = Field(description="What people call it.")
    scopes: list[Item] = Field(description="What it may do: grants:read.", min_length=1, max_length=100)
    key_type: Literal["runtime", "agent"] = Field(
        "runtime", description="agent without an agent_id: bound to none."
    )
    agent_id: UUID | None = Field(default=None, description="The agent it is of; with the key_type agent.")


class KeyRenameRequest(RequestSchema):
    """What people call a key."""

    name: Name = Field(description="The new name.")


class KeyNarrowRequest(KeyOptions):
    """What to take away from a key; what is left out stays."""

    scopes: list[Item] | None = Field(description="A part of those it has.", default=None, max_length=100)


class KeyRotateRequest(RequestSchema):
    """How to rotate a key."""

    scopes: list[Item] | None = Field(
        description="Of the successor. Left out: the same.", default=None, max_length=100
    )
    grace: Text = Field(default="7d", description="How long the old secret works on; 0s ends it now.")
    reason: Sentence = Field(default="", description="Why, for the log.")


class KeyRevokeRequest(RequestSchema):
    """How to revoke a key."""

    force: StrictBool = Field(default=False, description="Even if it is its agent's last active one.")
    reason: Sentence = Field(default="", description="Why, for the log.")


class KeyCaller(ResponseSchema):
    """Someone who calls with a key."""

    ip: str = Field(description="The address. Empty: it is not known.")
    user_agent: str = Field(description="What the program said it was.")
    calls: int = Field(description="How many of the calls looked at.")
    last_at: datetime = Field(description="The latest of them.")


class KeyCallerList(ResponseSchema):
    """Who calls with a key, whoever called last first."""

    items: list[KeyCaller] = Field(description="At most 200.")
    since: datetime = Field(description="From when on calls were looked at.")
    calls: int = Field(description="How many calls were looked at: the newest 10,000 at the most.")
    capped_at: datetime | None = Field(
        description="The oldest call looked at, if there were more. null: that was all."
    )


class KeyLookupRequest(RequestSchema):
    """SHA-256 of texts that may be keys, as hex."""

    sha256: list[Annotated[str, StringConstraints(strict=True, pattern="^[0-9a-f]{64}$")]] = Field(
        description="At most 500.", max_length=500
    )


class KeyMatch(ResponseSchema):
    """A key that one of them is of."""

    sha256: str = Field(description="What was sent.")
    app_id: UUID = Field(description="The app the key is of.")
    app_name: str = Field(description="Its name.")
    key: KeyInfo = Field(description="The key.")


class KeyLookupResponse(ResponseSchema):
    """The keys that are known in the apps the token reaches."""

    items: list[KeyMatch] = Field(description="Those that are known; the others are not told.")
