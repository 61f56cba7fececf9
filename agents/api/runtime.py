"""Agents at the runtime API: reading and changing them (docs/sdk.md). What makes or ends keys is in keys/."""

from datetime import timedelta
from typing import Annotated, Any

from ninja import Query

from agents import lifecycle
from agents.api.runtime_schemas import AgentChange, AgentInfo, AgentListResult
from agents.errors import MeRequiresAgentKey
from agents.lifecycle import DEFAULT_NARROWING
from agents.models import Agent
from agents.names import AGENT_NAME
from agents.requests import ProgramRequest, agent_in, id_of
from audit.search import usage
from core.errors import Invalid
from core.pagination.cursors import PartOfList, paginate
from core.schemas import Flag

Version = Annotated[
    int | None,
    Query(ge=1, le=2_147_483_647, description="As read. If the agent has changed since, nothing is changed."),
]
Grace = Annotated[
    int | None, Query(ge=0, le=604_800, description="Seconds until scopes that are taken away are gone.")
]


def list_agents(
    request: ProgramRequest,
    part: PartOfList,
    include_revoked: Flag = False,
    name: str | None = None,
) -> AgentListResult:
    """The app's agents, oldest first; with `name`, the active one of exactly that name or none."""
    agents = Agent.objects.filter(app=request.app_id)
    if name is not None:
        agents = agents.filter(name=name) if AGENT_NAME.fullmatch(name) else agents.none()
    if not include_revoked:
        agents = agents.filter(revoked_at=None)
    page, page_info = paginate(agents, part, oldest_first=True)
    used = usage.uses_of_agents([agent.id for agent in page])
    return AgentListResult(
        items=[AgentInfo.from_model(agent, used.get(agent.id)) for agent in page], **page_info
    )


def get_agent(request: ProgramRequest, agent_id: str) -> AgentInfo:
    """One agent; a revoked one too."""
    return agent_info(agent_in(request.app_id, id_of(agent_id)))


def get_me(request: ProgramRequest) -> AgentInfo:
    """The agent this key speaks for. Works while it is suspended."""
    if request.agent_id is None:
        raise MeRequiresAgentKey
    return agent_info(agent_in(request.app_id, request.agent_id))


def update_agent(
    request: ProgramRequest,
    agent_id: str,
    body: AgentChange,
    expected_version: Version = None,
    grace_seconds: Grace = None,
) -> AgentInfo:
    """Change an agent, suspend it or resume it.

    Scopes that are added are there at once; those that are taken away go after `grace_seconds`, a day
    unless it is said.
    """
    agent, given = agent_in(request.app_id, id_of(agent_id)), body.model_dump(exclude_unset=True)
    if "scopes" in given and expected_version is None:
        raise Invalid("expected_version", "Say which version of the agent the new scopes are meant for.")
    if grace_seconds is not None and "scopes" not in given:
        raise Invalid("grace_seconds", "Only scopes are taken away with a grace period.")
    status = given.pop("status", None)
    if given or expected_version:
        grace = DEFAULT_NARROWING if grace_seconds is None else timedelta(seconds=grace_seconds)
        lifecycle.update_agent(
            request.actor, agent, expected_version=expected_version, grace=grace, **_without_null(given)
        )
    if status:
        change = lifecycle.suspend_agent if status == "inactive" else lifecycle.resume_agent
        change(request.actor, agent)
    if not given and not status:
        lifecycle.require_alive(agent)
    return agent_info(agent)


def agent_info(agent: Agent) -> AgentInfo:
    """`agent` as the wire shows it."""
    return AgentInfo.from_model(agent, usage.uses_of_agents([agent.id]).get(agent.id))


def _without_null(given: dict[str, Any]) -> dict[str, Any]:
    """A display name of null takes it away."""
    return given | {"display_name": given["display_name"] or ""} if "display_name" in given else given
