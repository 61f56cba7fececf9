"""The objects of the management API that describe apps and agents (docs/api.md)."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, StrictInt

from agents.models import Agent, App
from agents.wire import AgentInfo
from audit.models import Call
from audit.wire import Asked, Page, Text, Told

Name = Text
Signing = Literal["required", "optional"]


class Reason(Asked):
    """Why, for the record. May be left out."""

    reason: Text = ""


class NewApp(Asked):
    """An app to be created."""

    name: Text
    description: Text = ""
    website_url: Text = Field(default="", description="http or https.")


class AppChange(Asked):
    """What to change of an app; what is left out stays."""

    name: Text = ""
    description: Text = ""
    website_url: Text = ""
    max_keys: StrictInt = Field(default=100, ge=1, le=10_000)
    max_keys_per_agent: StrictInt = Field(default=25, ge=1, le=10_000)
    rate_limit_rpm: StrictInt | None = Field(default=None, ge=1, le=100_000)
    max_derived_hours: StrictInt = Field(default=24, ge=1, le=8760)
    signing: Signing = "required"
    version: Text = Field(
        default="", description="As read. If the app has changed since, nothing is changed."
    )


class Stats(Told):
    """How much an app holds."""

    keys_active: int
    keys_total: int
    agents: int


class AppInfo(Told):
    """An app."""

    id: UUID
    name: str
    description: str
    website_url: str
    max_keys: int
    max_keys_per_agent: int
    rate_limit_rpm: int | None
    max_derived_hours: int
    signing: str
    archived_at: datetime | None
    created_at: datetime
    version: str
    stats: Stats | None = None

    @classmethod
    def of(cls, app: App, stats: Stats | None = None) -> Self:
        """`app` as it is now."""
        plain = (name for name in cls.model_fields if name not in ("version", "stats"))
        return cls(**{name: getattr(app, name) for name in plain}, version=app.mark, stats=stats)


class AppPage(Page):
    """Some apps."""

    items: list[AppInfo]


class AgentDetail(AgentInfo):
    """An agent, as its app's people see it."""

    app_id: UUID
    keys_active: int

    @classmethod
    def seen(cls, agent: Agent, keys_active: int, last: Call | None = None, **more: Any) -> Self:
        """`agent`, with how many living keys it has. Its policy is shown whole."""
        detail = cls.of(agent, last, app_id=agent.app_id, keys_active=keys_active, **more)
        detail.policy = agent.policy
        return detail


class AgentCreated(AgentDetail):
    """An agent and its first key."""

    key_id: UUID
    api_key: str | None = Field(
        repr=False, description="The plaintext, this once. null when a request is repeated."
    )


class AgentPage(Page):
    """Some agents."""

    items: list[AgentDetail]


class CallerInfo(Told):
    """A name that programs of an app call themselves by."""

    id: UUID
    label: str
    type: str
    created_at: datetime
    last_seen_at: datetime | None
    calls: int


class CallerPage(Page):
    """Some of them."""

    items: list[CallerInfo]
