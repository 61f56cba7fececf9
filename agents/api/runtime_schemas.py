"""The objects of the runtime API that describe agents (docs/sdk.md); the client's own names for them."""

from datetime import datetime
from typing import Any, Literal, Self, cast
from uuid import UUID

from pydantic import Field

from agents.documents import shown_policy
from agents.models import Agent
from audit.search.usage import Use
from core.schemas import Name, RequestSchema, ResponseSchema

Kind = Literal["agent", "service"]
Document = dict[str, Any]


class NewAgent(RequestSchema):
    """An agent to be created. Its first key comes with it."""

    name: Name = Field(
        description="Lower-case letters, digits, - and _. Cannot be changed. Free again after a revoke."
    )
    type: Kind = Field(default="agent", description="What kind of program it is. Nothing depends on it.")
    display_name: Name | None = Field(default=None, description="The display name.")
    scopes: Document = Field(
        default={}, description="Provider to list of scopes. Not the scopes of its keys."
    )
    metadata: Document = Field(default={}, description="At most 8 KB.")
    policy: Document = Field(
        default={}, description="For the agent to read; nothing here enforces it. At most 8 KB."
    )


class AgentChange(RequestSchema):
    """What to change of an agent; what is left out stays."""

    display_name: Name | None = Field(default=None, description="The display name. null removes it.")
    metadata: Document = Field(default={}, description="At most 8 KB. Replaces all of it.")
    scopes: Document = Field(default={}, description="Replaces them all; needs the query expected_version.")
    policy: Document = Field(default={}, description="At most 8 KB. Replaces all of it.")
    status: Literal["active", "inactive"] = Field(
        default="active", description="inactive suspends, active resumes."
    )


class AgentInfo(ResponseSchema):
    """An agent."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="The name that programs use. Cannot be changed.")
    display_name: str | None = Field(description="The display name.")
    type: Kind = Field(description="What kind of program it is.")
    status: Literal["active", "inactive", "revoked"] = Field(description="inactive: suspended.")
    scopes: Document = Field(description="Provider to list of scopes.")
    scopes_pending: Document | None = Field(
        description="Narrower ones that will hold from scopes_applies_at on."
    )
    scopes_applies_at: datetime | None = Field(description="When the pending ones will hold.")
    policy: Document = Field(description="Approvers are counted, not named.")
    metadata: Document = Field(description="What was attached to it.")
    rate_limit_per_minute: int | None = Field(
        description="Always null: a key's calls are limited, not an agent's."
    )
    version: int = Field(description="Counts its changes.")
    created_at: datetime = Field(description="When it was created.")
    last_used_at: datetime | None = Field(
        description="The latest call with one of its keys that was allowed."
    )
    last_denied_at: datetime | None = Field(description="The latest that was denied.")
    parent_agent_id: UUID | None = Field(description="Always null: agents have no agents of their own here.")
    stored_legacy_managed_secret_names: list[str] = Field(description="Always empty here.")

    @classmethod
    def from_model(cls, agent: Agent, use: Use | None = None, **more: Any) -> Self:
        """`agent` as it is now: scopes that were to go by now are gone."""
        agent.settle()
        return cls(
            id=agent.id,
            name=agent.name,
            display_name=agent.display_name or None,
            type=cast(Kind, agent.type),
            status=agent.status,
            scopes=agent.scopes,
            scopes_pending=agent.scopes_pending,
            scopes_applies_at=agent.scopes_applies_at,
            policy=shown_policy(agent.policy),
            metadata=agent.metadata,
            rate_limit_per_minute=None,
            version=agent.version,
            created_at=agent.created_at,
            last_used_at=use.allowed_at if use else None,
            last_denied_at=use.denied_at if use else None,
            parent_agent_id=None,
            stored_legacy_managed_secret_names=[],
            **more,
        )


class AgentCreateResult(AgentInfo):
    """An agent and its first key."""

    key_id: UUID = Field(description="Its first key.")
    api_key: str | None = Field(
        repr=False, description="The plaintext, this once. null when a request is repeated."
    )
    hint: str | None = Field(default=None, description="How to go on, when a request is repeated.")


class AgentListResult(ResponseSchema):
    """A page of agents, oldest first."""

    items: list[AgentInfo] = Field(description="The agents.")
    total: int = Field(description="How many there are in all.")
    limit: int = Field(description="How many were asked for at once.")
    offset: int = Field(description="How many were passed over.")
    has_more: bool = Field(description="Whether there are more after these.")
    next_cursor: str | None = Field(description="Send it as cursor for what comes next. null: that was all.")
