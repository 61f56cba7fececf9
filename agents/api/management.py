"""Apps and agents in the management API: each view fetches, calls one verb and returns a schema."""

from datetime import datetime, timedelta
from typing import Annotated

from django.db.models import Q
from ninja import Query

from agents import lifecycle
from agents.active_keys import count_active_keys
from agents.api.management_schemas import (
    AgentDetail,
    AgentPage,
    AppCreateRequest,
    AppInfo,
    AppUpdateRequest,
    CallerInfo,
    CallerPage,
    ReasonRequest,
)
from agents.api.runtime import Grace, Version
from agents.api.runtime_schemas import AgentChange
from agents.lifecycle import DEFAULT_NARROWING
from agents.models import Agent, CallerLabel
from agents.requests import AppRequest, agent_in, id_of
from audit.requests import PortalRequest
from audit.search import usage
from core.choices import parse_choice
from core.clock import now
from core.errors import Invalid, NotFound
from core.folding import contains_folded
from core.pagination.cursors import PartOfList, paginate
from core.schemas import SearchText

OfStatus = Annotated[
    SearchText,
    Query("active,inactive", description="Comma-separated: active, inactive (suspended), revoked."),
]
OfType = Annotated[SearchText, Query("", description="Only this type: agent or service.")]
AtProvider = Annotated[SearchText, Query("", description="Only agents with scopes at this provider.")]
Named = Annotated[SearchText, Query("", description="Part of the name or display name.")]
STATUS = {
    "active": Q(revoked_at=None, suspended_at=None),
    "inactive": Q(revoked_at=None, suspended_at__isnull=False),
    "revoked": Q(revoked_at__isnull=False),
}


def create_app(request: PortalRequest, body: AppCreateRequest) -> AppInfo:
    """Create an app."""
    return AppInfo.from_model(lifecycle.create_app(request.actor, **body.model_dump()))


def get_app(request: AppRequest) -> AppInfo:
    """An app."""
    return AppInfo.from_model(request.app)


def update_app(request: AppRequest, body: AppUpdateRequest) -> AppInfo:
    """Update an app. With `version`, only if nobody has changed it since."""
    values = body.model_dump(exclude_unset=True)
    lifecycle.update_app(request.actor, request.app, seen=values.pop("version", ""), **values)
    return AppInfo.from_model(request.app)


def archive_app(request: AppRequest, body: ReasonRequest | None = None) -> AppInfo:
    """Archive an app: hide it and stop new keys. Existing keys keep working."""
    lifecycle.archive_app(request.actor, request.app, _reason(body))
    return AppInfo.from_model(request.app)


def unarchive_app(request: AppRequest, body: ReasonRequest | None = None) -> AppInfo:
    """Restore an archived app."""
    lifecycle.require_archived(request.app)
    lifecycle.unarchive_app(request.actor, request.app, _reason(body))
    return AppInfo.from_model(request.app)


def list_agents(
    request: AppRequest,
    part: PartOfList,
    status: OfStatus = "active,inactive",
    type: OfType = "",
    provider: AtProvider = "",
    search: Named = "",
) -> AgentPage:
    """The app's agents, newest first."""
    agents = Agent.objects.filter(_of_status(status), app=request.app).annotate(
        active_keys=count_active_keys(now())
    )
    if type := parse_choice(type, "type", Agent.Type.values):
        agents = agents.filter(type=type)
    if provider:
        agents = agents.filter(scopes__has_key=provider)
    if search:
        agents = agents.filter(contains_folded(search, "name", "display_name"))
    items, page = paginate(agents, part)
    used = usage.uses_of_agents([agent.id for agent in items])
    return AgentPage(
        items=[AgentDetail.with_keys(agent, agent.active_keys, used.get(agent.id)) for agent in items], **page
    )


def get_agent(request: AppRequest, agent_id: str) -> AgentDetail:
    """An agent."""
    return describe_agent(agent_in(request.app.id, id_of(agent_id)))


def update_agent(
    request: AppRequest,
    agent_id: str,
    body: AgentChange,
    expected_version: Version = None,
    grace_seconds: Grace = None,
) -> AgentDetail:
    """Update an agent. Removed scopes end after `grace_seconds`, one day by default."""
    agent, values = agent_in(request.app.id, id_of(agent_id)), body.model_dump(exclude_unset=True)
    if "status" in values:
        raise Invalid("status", "Use the suspend or resume operation.")
    if "display_name" in values:
        values["display_name"] = values["display_name"] or ""  # null removes it
    grace = DEFAULT_NARROWING if grace_seconds is None else timedelta(seconds=grace_seconds)
    lifecycle.update_agent(request.actor, agent, expected_version=expected_version, grace=grace, **values)
    return describe_agent(agent)


def suspend_agent(request: AppRequest, agent_id: str, body: ReasonRequest | None = None) -> AgentDetail:
    """Suspend an agent. All requests with its keys are denied until it is resumed."""
    agent = agent_in(request.app.id, id_of(agent_id))
    lifecycle.suspend_agent(request.actor, agent, _reason(body))
    return describe_agent(agent)


def resume_agent(request: AppRequest, agent_id: str, body: ReasonRequest | None = None) -> AgentDetail:
    """Resume a suspended agent."""
    agent = agent_in(request.app.id, id_of(agent_id))
    lifecycle.resume_agent(request.actor, agent, _reason(body))
    return describe_agent(agent)


def list_callers(request: AppRequest, part: PartOfList) -> CallerPage:
    """The callers of the app: names that programs send with their requests."""
    items, page = paginate(CallerLabel.objects.filter(app=request.app), part)
    calls = usage.calls_by_caller([label.id for label in items])
    return CallerPage(items=[_caller(label, *calls.get(label.id, (0, None))) for label in items], **page)


def get_caller(request: AppRequest, caller_id: str) -> CallerInfo:
    """A caller."""
    label = CallerLabel.objects.filter(app=request.app, id=id_of(caller_id)).first()
    if label is None:
        raise NotFound("This app has no caller with this id.")
    return _caller(label, *usage.calls_by_caller([label.id]).get(label.id, (0, None)))


def describe_agent(agent: Agent, **more: object) -> AgentDetail:
    """`agent` as the management API shows it."""
    counted = Agent.objects.filter(pk=agent.pk).annotate(active_keys=count_active_keys(now())).get()
    return AgentDetail.with_keys(
        agent, counted.active_keys, usage.uses_of_agents([agent.id]).get(agent.id), **more
    )


def _of_status(words: str) -> Q:
    """The agents with one of the comma-separated statuses. Raises Invalid."""
    condition = Q()
    for word in words.split(","):
        if not word.strip():
            raise Invalid("status", "Enter a status between the commas.")
        condition |= STATUS[parse_choice(word, "status", STATUS)]
    return condition


def _caller(label: CallerLabel, calls: int, last: datetime | None) -> CallerInfo:
    return CallerInfo(
        id=label.id,
        label=label.label,
        type=label.type,
        created_at=label.created_at,
        last_seen_at=last,
        calls=calls,
    )


def _reason(body: ReasonRequest | None) -> str:
    return body.reason if body else ""
