"""The schemas of the management API for apps and agents (docs/api.md)."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, StrictInt

from agents.api.runtime_schemas import AgentInfo
from agents.models import Agent, App
from audit.search.usage import Use
from core.schemas import Name, Page, RequestSchema, ResponseSchema, Sentence, Text

Signing = Literal["required", "optional"]
LeakRule = Literal["notify", "deprecate", "revoke"]
Environment = Literal["live", "test"]


class ReasonRequest(RequestSchema):
    """An optional reason."""

    reason: Sentence = Field(
        default="", description="The reason, saved to the audit log. At most 500 characters."
    )


class AppCreateRequest(RequestSchema):
    """An app to create."""

    name: Name = Field(description="1 to 80 characters, unique among apps.")
    description: Sentence = Field(default="", description="A description.")
    website_url: Text = Field(default="", description="An http or https URL.")
    environment: Environment = Field(default="live", description="live or test.")


class AppUpdateRequest(RequestSchema):
    """Changes to an app. Omitted fields are unchanged."""

    name: Name = Field(default="", description="As for a new app.")
    description: Sentence = Field(default="", description="A description.")
    website_url: Text = Field(default="", description="An http or https URL. Empty: none.")
    environment: Environment = Field(default="live", description="live or test.")
    max_keys: StrictInt = Field(description="Maximum active keys.", default=100, ge=1, le=10_000)
    max_keys_per_agent: StrictInt = Field(
        description="Maximum active keys per agent.", default=25, ge=1, le=10_000
    )
    rate_limit_rpm: StrictInt | None = Field(
        description="Requests per minute for keys without a limit of their own. null: the portal default.",
        default=None,
        ge=1,
        le=100_000,
    )
    max_derived_hours: StrictInt = Field(
        description="Maximum lifetime of derived keys, in hours.", default=24, ge=1, le=8760
    )
    signing: Signing = Field(
        default="required", description="Whether requests to the runtime API must be signed."
    )
    on_leaked_app_key: LeakRule = Field(default="notify", description="The action for leaked app keys.")
    on_leaked_agent_key: LeakRule = Field(default="notify", description="The action for leaked agent keys.")
    on_leaked_derived_key: LeakRule = Field(
        default="revoke", description="The action for leaked derived keys."
    )
    version: Text = Field(
        default="",
        min_length=1,
        description="The version you read. Rejected if the app has changed since.",
    )


class AppStats(ResponseSchema):
    """The numbers of keys and agents of an app."""

    keys_active: int = Field(description="Active keys.")
    keys_total: int = Field(description="All keys ever minted, without derived keys.")
    agents: int = Field(description="Agents that are not revoked.")


class AppInfo(ResponseSchema):
    """An app."""

    id: UUID = Field(description="The app's id.")
    name: str = Field(description="The app's name.")
    description: str = Field(description="A description.")
    website_url: str = Field(description="The app's website. May be empty.")
    environment: str = Field(description="live or test.")
    max_keys: int = Field(description="Maximum active keys.")
    max_keys_per_agent: int = Field(description="Maximum active keys per agent.")
    rate_limit_rpm: int | None = Field(
        description="Requests per minute for keys without a limit of their own. null: the portal default."
    )
    max_derived_hours: int = Field(description="Maximum lifetime of derived keys, in hours.")
    signing: str = Field(
        description="Whether requests to the runtime API must be signed: required or optional."
    )
    on_leaked_app_key: str = Field(description="The action for leaked app keys: notify, deprecate or revoke.")
    on_leaked_agent_key: str = Field(description="The action for leaked agent keys.")
    on_leaked_derived_key: str = Field(description="The action for leaked derived keys.")
    archived_at: datetime | None = Field(description="When the app was archived. null: not archived.")
    created_at: datetime = Field(description="When the app was created.")
    version: str = Field(
        description="The version of its settings. Send it with an update to detect conflicts."
    )
    stats: AppStats | None = Field(default=None, description="The numbers of keys and agents. In lists only.")

    @classmethod
    def from_model(cls, app: App, stats: AppStats | None = None) -> Self:
        """`app` as the management API shows it."""
        names = (name for name in cls.model_fields if name not in ("version", "stats"))
        return cls(**{name: getattr(app, name) for name in names}, version=app.etag, stats=stats)


class AppPage(Page):
    """A page of apps."""

    items: list[AppInfo] = Field(description="The apps.")


class AgentDetail(AgentInfo):
    """An agent, as the management API shows it."""

    app_id: UUID = Field(description="The agent's app.")
    keys_active: int = Field(description="The number of active keys.")

    @classmethod
    def with_keys(cls, agent: Agent, keys_active: int, use: Use | None = None, **more: Any) -> Self:
        """`agent` with the number of its active keys and its whole policy."""
        detail = cls.from_model(agent, use, app_id=agent.app_id, keys_active=keys_active, **more)
        detail.policy = agent.policy
        return detail


class AgentCreated(AgentDetail):
    """An agent and its first key."""

    key_id: UUID = Field(description="The id of its first key.")
    api_key: str | None = Field(
        repr=False, description="The key in full. Shown once: null when the request is repeated."
    )
    hint: str | None = Field(default=None, description="The next step when the request is repeated.")


class AgentPage(Page):
    """A page of agents."""

    items: list[AgentDetail] = Field(description="The agents.")


class CallerInfo(ResponseSchema):
    """A caller: a name that programs send with their requests."""

    id: UUID = Field(description="The caller's id.")
    label: str = Field(description="The caller's name.")
    type: str = Field(description="agent or service, as sent by the program.")
    created_at: datetime = Field(description="When the caller was first seen.")
    last_seen_at: datetime | None = Field(description="The last request. null: none within the retention.")
    calls: int = Field(description="The number of requests; 10000 means 10,000 or more.")


class CallerPage(Page):
    """A page of callers."""

    items: list[CallerInfo] = Field(description="The callers.")
