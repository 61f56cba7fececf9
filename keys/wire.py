"""The objects of the runtime API that describe keys (protocol.md sections 5.4, 6.2, 6.3, 7); the client's names."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from audit.models import Call
from audit.wire import Asked, Moment, Page, Text, Told, Word
from keys.lifecycle import Minted
from keys.models import ApiKey

TYPES: dict[str, Literal["rk", "ak", "dk"]] = {"app": "rk", "agent": "ak", "derived": "dk"}
"""The wire's word for each kind of key."""
SpanId = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=32)]


class DeriveKey(Asked):
    """A narrower key to be handed out."""

    scopes: list[Text] = Field(min_length=1, max_length=100)
    expires_in: StrictInt = Field(
        gt=0, description="Seconds. Cut to what the app allows and to the parent's end."
    )
    cidr_allowlist: list[Text] | None = Field(
        None, max_length=100, description="Inside the parent's, which is kept if left out."
    )
    name: Text | None = None
    metadata: dict[str, Any] | None = Field(default=None, description="At most 8 KB.")


class RotateKey(Asked):
    """How to rotate."""

    overlap_days: StrictInt = Field(
        7, ge=0, le=30, description="Days the old secret works on; 0 ends it now."
    )


class APIKeyInfo(Told):
    """A key, without its secret."""

    id: UUID
    name: str
    key_prefix: str
    key_type: Literal["rk", "ak", "dk"] = Field(description="rk of the app, ak of an agent, dk derived.")
    scopes: list[str]
    scope_version: int
    cidr_allowlist: list[str] | None
    rate_limit_rpm: int | None = Field(description="Its own limit, if it has one.")
    effective_rate_limit_rpm: int
    rate_limit_source: Literal["key", "organization", "platform_default"]
    expires_at: datetime | None
    deprecated_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    parent_key_id: UUID | None
    created_at: datetime

    @classmethod
    def of(cls, key: ApiKey, last: Call | None = None, **more: Any) -> Self:
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
            last_used_at=last.at if last else None,
            parent_key_id=key.parent_id,
            created_at=key.created_at,
            **more,
        )


class MintedKey(APIKeyInfo):
    """A new secret, shown this once."""

    api_key: str = Field(repr=False)

    @classmethod
    def taken(cls, minted: Minted) -> Self:
        """The key with its plaintext, which is taken here and leaves in this answer alone."""
        return cls.of(minted.key, api_key=minted.plaintext.take())


class AgentKey(Told):
    """A key of an agent, without its secret."""

    key_id: UUID
    key_prefix: str
    name: str
    created_at: datetime
    deprecated_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey, last: Call | None = None, **more: Any) -> Self:
        """`key` as the list of its agent's keys shows it."""
        return cls(
            key_id=key.id,
            key_prefix=key.prefix,
            name=key.name,
            created_at=key.created_at,
            deprecated_at=key.deprecated_at,
            revoked_at=key.revoked_at,
            last_used_at=last.at if last else None,
            **more,
        )


class AgentKeyMintResult(AgentKey):
    """A new key of an agent. Its secret is shown this once."""

    api_key: str = Field(repr=False)


class AgentKeyList(Told):
    """All keys of an agent, oldest first, revoked ones included."""

    items: list[AgentKey]


class Resource(Told):
    """What may be done to a kind of thing."""

    verbs: list[str]


class ScopeCatalog(Told):
    """The scopes there are."""

    scope_version: int
    resources: dict[str, Resource]
    action_verbs: list[str]
    deprecated: list[str]


class Span(Asked):
    """A step of a program's own telling."""

    trace_id: Word
    name: Word
    start_time: Moment
    span_id: SpanId | None = Field(
        default=None, description="Made up if left out. The same one twice is kept once."
    )
    parent_span_id: SpanId | None = None
    end_time: Moment | None = None
    attributes: dict[Word, Text] = Field(default={}, max_length=50)


class SpanBatch(Asked):
    """Some steps at once."""

    spans: list[Span] = Field(min_length=1, max_length=50)


class EmitSpansResult(Told):
    """How many of them were new."""

    accepted: int


class ResolveIdentity(Asked):
    """Who is calling."""

    include_profile: StrictBool = False
    user_token: str | None = Field(
        default=None, description="Not taken: there is no directory of end users here."
    )
    app_user_id: str | None = Field(
        default=None, description="Not taken: there is no directory of end users here."
    )


class Trace(Told):
    """What the call says it is part of."""

    run_id: str | None
    thread_id: str | None


class IdentityContext(Told):
    """Whom the call speaks for."""

    app_id: UUID
    agent_id: UUID | None
    actor_id: UUID | None
    app_user_id: str | None = Field(description="Always null: there is no directory of end users here.")
    group_ids: list[str]
    trace: Trace | None


class KeyInfo(APIKeyInfo):
    """A key, as its app's people see it."""

    app_id: UUID
    agent_id: UUID | None
    kind: Literal["app", "agent", "derived"]
    status: Literal["active", "deprecated", "grace", "ended", "expired", "revoked"]
    fingerprint: str = Field(description="The first 8 hex digits of its SHA-256.")
    generation: int = Field(description="How many secrets it has had.")
    metadata: dict[str, Any]
    replaces_key_id: UUID | None
    minted_by: str
    grace_ends_at: datetime | None

    @classmethod
    def seen(cls, key: ApiKey, last: Call | None = None, **more: Any) -> Self:
        """`key` as the management API shows it."""
        return cls.of(
            key,
            last,
            app_id=key.app_id,
            agent_id=key.agent_id,
            kind=cast(Any, key.kind),
            status=key.status,
            fingerprint=key.fingerprint,
            generation=key.generation,
            metadata=key.metadata,
            replaces_key_id=key.replaces_id,
            minted_by=key.minted_by,
            grace_ends_at=key.grace_ends_at,
            **more,
        )


class KeyMinted(KeyInfo):
    """A new key."""

    api_key: str | None = Field(
        repr=False, description="The plaintext, this once. null when a request is repeated."
    )


class KeyPage(Page):
    """Some keys."""

    items: list[KeyInfo]


class KeyStatistics(Told):
    """How full an app is."""

    active: int
    rotated_in_grace: int
    total: int
    max_allowed: int


class KeyChoices(Asked):
    """What a key may do, from where and until when."""

    cidr_allowlist: list[Text] | None = Field(default=None, max_length=100)
    rate_limit_rpm: StrictInt | None = Field(default=None, ge=1, le=100_000, description="Calls a minute.")
    expires_at: Text | None = Field(default=None, description="ISO 8601.")
    reason: Text = ""


class NewAgentKey(KeyChoices):
    """A key for an agent. `{}` makes one that is numbered and may do what agents' keys may."""

    name: Text = ""
    scopes: list[Text] | None = Field(default=None, max_length=100)
    expires_in: Text | None = Field(default=None, description="30d, 12h or 5m. Not beside expires_at.")
    metadata: dict[str, Any] | None = None


class NewKey(NewAgentKey):
    """A key to be minted."""

    name: Text
    scopes: list[Text] = Field(min_length=1, max_length=100)
    key_type: Literal["runtime", "agent"] = Field(
        "runtime", description="agent without an agent_id: bound to none."
    )
    agent_id: UUID | None = None


class KeyRename(Asked):
    """What people call a key."""

    name: Text


class KeyNarrowing(KeyChoices):
    """What to take away from a key; what is left out stays."""

    scopes: list[Text] | None = Field(default=None, max_length=100)


class KeyRotation(Asked):
    """How to rotate a key."""

    scopes: list[Text] | None = Field(default=None, max_length=100)
    grace: Text = Field(default="7d", description="How long the old secret works on; 0s ends it now.")
    reason: Text = ""


class KeyRevocation(Asked):
    """How to revoke a key."""

    force: StrictBool = Field(default=False, description="Even if it is its agent's last active one.")
    reason: Text = ""


class Lookup(Asked):
    """SHA-256 of texts that may be keys, as hex."""

    sha256: list[Annotated[str, StringConstraints(strict=True, pattern="^[0-9a-f]{64}$")]] = Field(
        max_length=500
    )


class LookupHit(Told):
    """A key that one of them is of."""

    sha256: str
    app_id: UUID
    app_name: str
    key: KeyInfo


class LookupResult(Told):
    """The keys that are known in the apps the token reaches."""

    items: list[LookupHit]
