"""Apps and agents at the management API: each view fetches, calls one verb and tells what came of it."""

from datetime import datetime, timedelta
from typing import Annotated

from django.db.models import Q
from ninja import Query

from agents import lifecycle
from agents.active_keys import living_keys
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
from core.choices import parse_word
from core.clock import now
from core.cursors import PartOfList, cut
from core.errors import Invalid, NotFound
from core.folding import naming
from core.schemas import SearchText

OfStatus = Annotated[
    SearchText,
    Query("active,inactive", description="active, inactive, revoked; several with commas between."),
]
OfType = Annotated[SearchText, Query("", description="agent or service.")]
AtProvider = Annotated[SearchText, Query("", description="A provider it has scopes at.")]
Named = Annotated[SearchText, Query("", description="A piece of its name or display name.")]
STATUS = {
    "active": Q(revoked_at=None, suspended_at=None),
    "inactive": Q(revoked_at=None, suspended_at__isnull=False),
    "revoked": Q(revoked_at__isnull=False),
}


def create_app(request: PortalRequest, asked: AppCreateRequest) -> AppInfo:
    """Create an app."""
    return AppInfo.of(lifecycle.create_app(request.actor, **asked.model_dump()))


def get_app(request: AppRequest) -> AppInfo:
    """One app."""
    return AppInfo.of(request.app)


def update_app(request: AppRequest, asked: AppUpdateRequest) -> AppInfo:
    """Change an app. With the version it was read with, only if nobody changed it since."""
    given = asked.model_dump(exclude_unset=True)
    lifecycle.update_app(request.actor, request.app, seen=given.pop("version", ""), **given)
    return AppInfo.of(request.app)


def archive_app(request: AppRequest, asked: ReasonRequest | None = None) -> AppInfo:
    """Hide an app from the lists and stop new keys. What exists keeps working."""
    lifecycle.archive_app(request.actor, request.app, _reason(asked))
    return AppInfo.of(request.app)


def unarchive_app(request: AppRequest, asked: ReasonRequest | None = None) -> AppInfo:
    """Bring an archived app back."""
    lifecycle.require_archived(request.app)
    lifecycle.unarchive_app(request.actor, request.app, _reason(asked))
    return AppInfo.of(request.app)


def list_agents(
    request: AppRequest,
    part: PartOfList,
    status: OfStatus = "active,inactive",
    type: OfType = "",
    provider: AtProvider = "",
    search: Named = "",
) -> AgentPage:
    """The app's agents, newest first."""
    found = Agent.objects.filter(_of_status(status), app=request.app).annotate(living=living_keys(now()))
    if type := parse_word(type, "type", Agent.Type.values):
        found = found.filter(type=type)
    if provider:
        found = found.filter(scopes__has_key=provider)
    if search:
        found = found.filter(naming(search, "name", "display_name"))
    page, told = cut(found, part)
    used = usage.uses_of_agents([agent.id for agent in page])
    return AgentPage(items=[AgentDetail.seen(a, a.living, used.get(a.id)) for a in page], **told)


def get_agent(request: AppRequest, agent_id: str) -> AgentDetail:
    """One agent."""
    return seen(agent_in(request.app.id, id_of(agent_id)))


def update_agent(
    request: AppRequest,
    agent_id: str,
    asked: AgentChange,
    expected_version: Version = None,
    grace_seconds: Grace = None,
) -> AgentDetail:
    """Change an agent. Scopes that are taken away go after `grace_seconds`, a day unless it is said."""
    agent, given = agent_in(request.app.id, id_of(agent_id)), asked.model_dump(exclude_unset=True)
    if "status" in given:
        raise Invalid("status", "Suspend or resume the agent instead.")
    if "display_name" in given:
        given["display_name"] = given["display_name"] or ""  # null takes it away
    grace = DEFAULT_NARROWING if grace_seconds is None else timedelta(seconds=grace_seconds)
    lifecycle.update_agent(request.actor, agent, expected_version=expected_version, grace=grace, **given)
    return seen(agent)


def suspend_agent(request: AppRequest, agent_id: str, asked: ReasonRequest | None = None) -> AgentDetail:
    """Refuse every call of an agent's keys until it is resumed."""
    agent = agent_in(request.app.id, id_of(agent_id))
    lifecycle.suspend_agent(request.actor, agent, _reason(asked))
    return seen(agent)


def resume_agent(request: AppRequest, agent_id: str, asked: ReasonRequest | None = None) -> AgentDetail:
    """Let a suspended agent's keys work again."""
    agent = agent_in(request.app.id, id_of(agent_id))
    lifecycle.resume_agent(request.actor, agent, _reason(asked))
    return seen(agent)


def list_callers(request: AppRequest, part: PartOfList) -> CallerPage:
    """What programs that use this app's keys call themselves."""
    page, told = cut(CallerLabel.objects.filter(app=request.app), part)
    calls = usage.calls_by_caller([label.id for label in page])
    return CallerPage(items=[_caller(label, *calls.get(label.id, (0, None))) for label in page], **told)


def get_caller(request: AppRequest, caller_id: str) -> CallerInfo:
    """One of those names."""
    label = CallerLabel.objects.filter(app=request.app, id=id_of(caller_id)).first()
    if label is None:
        raise NotFound("No program of this app calls itself by a name with this id.")
    return _caller(label, *usage.calls_by_caller([label.id]).get(label.id, (0, None)))


def seen(agent: Agent, **more: object) -> AgentDetail:
    """`agent` as the API shows it."""
    counted = Agent.objects.filter(pk=agent.pk).annotate(living=living_keys(now())).get()
    return AgentDetail.seen(agent, counted.living, usage.uses_of_agents([agent.id]).get(agent.id), **more)


def _of_status(words: str) -> Q:
    """Agents of any of the statuses named, with commas between. Raises Invalid."""
    wanted = Q()
    for word in words.split(","):
        if not word.strip():
            raise Invalid("status", "Write a status between the commas.")
        wanted |= STATUS[parse_word(word, "status", STATUS)]
    return wanted


def _caller(label: CallerLabel, calls: int, last: datetime | None) -> CallerInfo:
    return CallerInfo(
        id=label.id,
        label=label.label,
        type=label.type,
        created_at=label.created_at,
        last_seen_at=last,
        calls=calls,
    )


def _reason(asked: ReasonRequest | None) -> str:
    return asked.reason if asked else ""
