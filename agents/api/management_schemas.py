"""The objects of the management API that describe apps and agents (docs/api.md)."""

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
    """Why, for the record. May be left out."""

    reason: Sentence = Field(default="", description="A sentence of at most 500 characters.")


class AppCreateRequest(RequestSchema):
    """An app to be created."""

    name: Name = Field(description="1 to 80 visible characters, unlike every other app's name.")
    description: Sentence = Field(default="", description="For people.")
    website_url: Text = Field(default="", description="http or https.")
    environment: Environment = Field(default="live", description="live or test.")


class AppUpdateRequest(RequestSchema):
    """What to change of an app; what is left out stays."""

    name: Name = Field(default="", description="As for a new app.")
    description: Sentence = Field(default="", description="For people.")
    website_url: Text = Field(default="", description="http or https. Empty: none.")
    environment: Environment = Field(default="live", description="live or test.")
    max_keys: StrictInt = Field(
        description="Keys of the app that may be alive at once.", default=100, ge=1, le=10_000
    )
    max_keys_per_agent: StrictInt = Field(description="The same for each agent.", default=25, ge=1, le=10_000)
    rate_limit_rpm: StrictInt | None = Field(
        description="Calls a minute for keys that set no limit. null: the portal's own.",
        default=None,
        ge=1,
        le=100_000,
    )
    max_derived_hours: StrictInt = Field(
        description="Hours that a derived key may live.", default=24, ge=1, le=8760
    )
    signing: Signing = Field(default="required", description="Whether calls to /sdk must be signed.")
    on_leaked_app_key: LeakRule = Field(
        default="notify", description="What is done to a key of the app that is reported as leaked."
    )
    on_leaked_agent_key: LeakRule = Field(default="notify", description="The same for a key of an agent.")
    on_leaked_derived_key: LeakRule = Field(default="revoke", description="The same for a derived key.")
    version: Text = Field(
        default="", min_length=1, description="As read. If the app has changed since, nothing is changed."
    )


class AppStats(ResponseSchema):
    """How much an app holds."""

    keys_active: int = Field(description="Keys that still authenticate.")
    keys_total: int = Field(description="Keys ever minted; derived ones do not count.")
    agents: int = Field(description="Agents that are not revoked.")


class AppInfo(ResponseSchema):
    """An app."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="Its name.")
    description: str = Field(description="For people.")
    website_url: str = Field(description="Its website; may be empty.")
    environment: str = Field(description="live or test.")
    max_keys: int = Field(description="Keys of the app that may be alive at once.")
    max_keys_per_agent: int = Field(description="The same for each agent.")
    rate_limit_rpm: int | None = Field(
        description="Calls a minute for keys that set no limit. null: the portal's own."
    )
    max_derived_hours: int = Field(description="Hours that a derived key may live.")
    signing: str = Field(description="Whether calls to /sdk must be signed: required or optional.")
    on_leaked_app_key: str = Field(
        description="What is done to a key of the app that is reported as leaked: notify, deprecate or revoke."
    )
    on_leaked_agent_key: str = Field(description="The same for a key of an agent.")
    on_leaked_derived_key: str = Field(description="The same for a derived key.")
    archived_at: datetime | None = Field(description="When it was archived. null: it is in use.")
    created_at: datetime = Field(description="When it was created.")
    version: str = Field(description="A mark of its settings: send it with a change that was made from them.")
    stats: AppStats | None = Field(default=None, description="How much it holds; in lists only.")

    @classmethod
    def of(cls, app: App, stats: AppStats | None = None) -> Self:
        """`app` as it is now."""
        plain = (name for name in cls.model_fields if name not in ("version", "stats"))
        return cls(**{name: getattr(app, name) for name in plain}, version=app.mark, stats=stats)


class AppPage(Page):
    """Some apps."""

    items: list[AppInfo] = Field(description="The apps.")


class AgentDetail(AgentInfo):
    """An agent, as its app's people see it."""

    app_id: UUID = Field(description="The app it belongs to.")
    keys_active: int = Field(description="Its keys that still authenticate.")

    @classmethod
    def seen(cls, agent: Agent, keys_active: int, use: Use | None = None, **more: Any) -> Self:
        """`agent`, with how many living keys it has. Its policy is shown whole."""
        detail = cls.of(agent, use, app_id=agent.app_id, keys_active=keys_active, **more)
        detail.policy = agent.policy
        return detail


class AgentCreated(AgentDetail):
    """An agent and its first key."""

    key_id: UUID = Field(description="Its first key.")
    api_key: str | None = Field(
        repr=False, description="The plaintext, this once. null when a request is repeated."
    )
    hint: str | None = Field(default=None, description="How to go on, when a request is repeated.")


class AgentPage(Page):
    """Some agents."""

    items: list[AgentDetail] = Field(description="The agents.")


class CallerInfo(ResponseSchema):
    """A name that programs of an app call themselves by."""

    id: UUID = Field(description="The name's id.")
    label: str = Field(description="The name.")
    type: str = Field(description="agent or service, as the program says.")
    created_at: datetime = Field(description="When it was first used.")
    last_seen_at: datetime | None = Field(description="The latest call. null: none is kept.")
    calls: int = Field(description="How many calls are on record; 10000 stands for as many or more.")


class CallerPage(Page):
    """Some of them."""

    items: list[CallerInfo] = Field(description="The names.")
