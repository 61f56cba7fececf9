"""Agents and their keys at the runtime API: what makes keys, shows them or ends them (docs/sdk.md)."""

from ninja.responses import Status

from agents.api import runtime as agents_sdk
from agents.api.runtime import Grace, Version, agent_info
from agents.api.runtime_schemas import AgentChange, AgentCreateResult, AgentInfo, NewAgent
from agents.models import Agent, App
from agents.requests import agent_in, id_of
from audit.change import hold
from audit.search import usage
from core.schemas import EmptyRequest, Flag
from keys import enrolment, lifecycle, rules
from keys.api.runtime_schemas import AgentKey, AgentKeyList, AgentKeyMintResult
from keys.errors import KeyNotFound
from keys.idempotency import Caller, make_once, next_step
from keys.models import ApiKey
from keys.requests import IdempotencyKey, KeyedRequest, authority_of


def create_agent(
    request: KeyedRequest, body: NewAgent, idempotency_key: IdempotencyKey = ""
) -> Status[AgentCreateResult]:
    """Create an agent and its first key, no more than the caller's own. Asked again: 200, and no plaintext."""
    values = body.model_dump() | {"display_name": body.display_name or ""}
    result = enrolment.enrol(
        request.actor,
        App.objects.get(id=request.app_id),
        values,
        idempotency_key,
        within=authority_of(request),
    )
    api_key = result.plaintext.take() if result.plaintext else None
    hint = None if api_key else enrolment.next_step(f"DELETE /sdk/agents/{result.agent.id}")
    response = AgentCreateResult.from_model(result.agent, key_id=result.key_id, api_key=api_key, hint=hint)
    return Status(201 if api_key else 200, response)


def update_agent(
    request: KeyedRequest,
    agent_id: str,
    body: AgentChange,
    expected_version: Version = None,
    grace_seconds: Grace = None,
) -> AgentInfo:
    """Change an agent, suspend it or resume it, if none of its keys may do more than the caller's.

    Scopes that are added are there at once; those that are taken away go after `grace_seconds`, a day
    unless it is said.
    """
    if body.status == "active" and "status" in body.model_fields_set:
        agent, authority = agent_in(request.app_id, id_of(agent_id)), authority_of(request)
        with hold(agent), rules.acting(authority):
            rules.require_resumable(request.actor, authority, agent)
            return agents_sdk.update_agent(request, agent_id, body, expected_version, grace_seconds)
    return agents_sdk.update_agent(request, agent_id, body, expected_version, grace_seconds)


def delete_agent(request: KeyedRequest, agent_id: str) -> AgentInfo:
    """Revoke an agent and all its keys, for ever. Again: nothing happens."""
    agent = agent_in(request.app_id, id_of(agent_id))
    lifecycle.revoke_agent(request.actor, agent)
    return agent_info(agent)


def mint_agent_key(
    request: KeyedRequest,
    agent_id: str,
    body: EmptyRequest | None = None,
    idempotency_key: IdempotencyKey = "",
) -> Status[AgentKeyMintResult]:
    """Another key of an agent, no more than the caller's own. Its plaintext is in this answer and nowhere else."""
    agent = agent_in(request.app_id, id_of(agent_id))
    result = make_once(
        request.actor,
        agent.app,
        idempotency_key,
        {"verb": "mint", "of": str(agent.id)},
        lambda: enrolment.mint_for(request.actor, agent, authority_of(request)),
    )
    if result.plaintext:
        return Status(201, AgentKeyMintResult.from_model(result.key, api_key=result.plaintext.take()))
    revoke = f"DELETE /sdk/agents/{agent.id}/keys/{result.key.id}"
    hint = next_step("mint", result.key, lambda *_: revoke, Caller())
    use = usage.use_of(result.key.id)
    return Status(200, AgentKeyMintResult.from_model(result.key, use, api_key=None, hint=hint))


def list_agent_keys(request: KeyedRequest, agent_id: str) -> AgentKeyList:
    """All keys of an agent, oldest first, revoked ones included."""
    agent = agent_in(request.app_id, id_of(agent_id))
    keys = list(agent.keys.own().order_by("created_at", "id"))
    used = usage.uses([key.id for key in keys])
    return AgentKeyList(items=[AgentKey.from_model(key, used.get(key.id)) for key in keys])


def deprecate_agent_key(
    request: KeyedRequest, agent_id: str, key_id: str, body: EmptyRequest | None = None
) -> AgentKey:
    """Mark a key as on its way out. It works, and every answer says so."""
    key = _key_of(request, agent_id, key_id)
    lifecycle.deprecate(request.actor, key)
    return _key_info(key)


def undeprecate_agent_key(
    request: KeyedRequest, agent_id: str, key_id: str, body: EmptyRequest | None = None
) -> AgentKey:
    """Take the mark away. During grace this cancels the rotation."""
    key = _key_of(request, agent_id, key_id)
    lifecycle.undeprecate(request.actor, key, within=authority_of(request))
    return _key_info(key)


def revoke_agent_key(request: KeyedRequest, agent_id: str, key_id: str, force: Flag = False) -> AgentKey:
    """End a key and all derived from it, for ever. An agent's last active key is ended only by `force`."""
    key = _key_of(request, agent_id, key_id)
    lifecycle.revoke(request.actor, key, force=force)
    return _key_info(key)


def _key_of(request: KeyedRequest, agent_id: str, key_id: str) -> ApiKey:
    agent: Agent = agent_in(request.app_id, id_of(agent_id))
    key = agent.keys.with_kin().filter(id=id_of(key_id)).first()
    if key is None:
        raise KeyNotFound
    return key


def _key_info(key: ApiKey) -> AgentKey:
    return AgentKey.from_model(key, usage.use_of(key.id))
