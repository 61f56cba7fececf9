"""The objects of the runtime API that describe agents (protocol.md section 6.1); the client's own names for them."""

from datetime import datetime
from typing import Any, Literal, Self, cast
from uuid import UUID

from pydantic import Field

from agents.documents import shown_policy
from agents.models import Agent
from audit.models import Call
from audit.wire import Asked, Text, Told

Kind = Literal["agent", "service"]
Document = dict[str, Any]


class NewAgent(Asked):
    """An agent to be created. Its first key comes with it."""

    name: Text = Field(
        description="Lower-case letters, digits, - and _. For ever; free again once it is revoked."
    )
    type: Kind = "agent"
    display_name: Text | None = None
    scopes: Document = Field(
        default={}, description="Provider to list of scopes. Not the scopes of its keys."
    )
    metadata: Document = Field(default={}, description="At most 8 KB.")
    policy: Document = {}


class AgentChange(Asked):
    """What to change of an agent; what is left out stays."""

    display_name: Text | None = None
    metadata: Document = {}
    scopes: Document = Field(default={}, description="Replaces them all; needs the query expected_version.")
    policy: Document = {}
    status: Literal["active", "inactive"] = Field(
        default="active", description="inactive suspends, active resumes."
    )


class AgentInfo(Told):
    """An agent."""

    id: UUID
    name: str
    display_name: str | None
    type: Kind
    status: Literal["active", "inactive", "revoked"]
    scopes: Document
    scopes_pending: Document | None
    scopes_applies_at: datetime | None
    policy: Document = Field(description="Approvers are counted, not named.")
    metadata: Document
    rate_limit_per_minute: int | None
    version: int
    created_at: datetime
    last_used_at: datetime | None
    parent_agent_id: UUID | None
    stored_legacy_managed_secret_names: list[str]

    @classmethod
    def of(cls, agent: Agent, last: Call | None = None, **more: Any) -> Self:
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
            last_used_at=last.at if last else None,
            parent_agent_id=None,
            stored_legacy_managed_secret_names=[],
            **more,
        )


class AgentCreateResult(AgentInfo):
    """An agent and its first key."""

    key_id: UUID
    api_key: str | None = Field(
        repr=False, description="The plaintext, this once. null when a request is repeated."
    )


class AgentListResult(Told):
    """A page of agents, oldest first."""

    items: list[AgentInfo]
    total: int
    limit: int
    offset: int
    has_more: bool
