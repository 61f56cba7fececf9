"""Keys at the management API: each view fetches, parses, calls one verb and tells what came of it."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from ninja import Query
from ninja.responses import Status

from agents.api.management import seen as agent_seen
from agents.api.management_schemas import AgentCreated, AgentDetail, ReasonRequest
from agents.api.runtime_schemas import NewAgent
from agents.models import Agent
from agents.requests import AppRequest, agent_in, id_of
from audit.search import usage
from audit.search.recent_calls import look
from core.choices import parse_word
from core.cursors import PartOfList, cut
from core.durations import parse_duration, parse_end, parse_since
from core.errors import Invalid
from core.schemas import SearchText
from keys import enrolment, lifecycle
from keys.actions import REVOKE
from keys.api.management_schemas import (
    AgentKeyMintRequest,
    KeyCaller,
    KeyCallerList,
    KeyInfo,
    KeyMinted,
    KeyMintRequest,
    KeyNarrowRequest,
    KeyPage,
    KeyRenameRequest,
    KeyRevokeRequest,
    KeyRotateRequest,
    KeyStatistics,
)
from keys.idempotency import Caller, Outcome, canonical, make_once, next_step
from keys.models import ApiKey
from keys.networks import parse_networks
from keys.requests import IdempotencyKey, key_of
from keys.scopes import AGENT_DEFAULT, ScopeSet, parse_scopes
from keys.web import presenters

STATUSES = ("active", "revoked")
OfStatus = Annotated[SearchText, Query("", description="active or revoked.")]
OfKind = Annotated[SearchText, Query("", description="app, agent or derived.")]
OfAgent = Annotated[SearchText, Query("", description="An agent's id.")]
CalledSince = Annotated[SearchText, Query("30d", description="ISO 8601, or a span before now: 24h, 30d.")]
MOST_CALLERS = 200
KINDS = tuple(ApiKey.Kind.values)
_NONE = re.compile(r"0[smhdw]?")


def list_keys(
    request: AppRequest, part: PartOfList, status: OfStatus = "", kind: OfKind = "", agent: OfAgent = ""
) -> KeyPage:
    """The app's keys, newest first. `active` are all that still authenticate, those in grace included."""
    status, kind = parse_word(status, "status", STATUSES), parse_word(kind, "kind", KINDS)
    found = ApiKey.objects.filter(app=request.app).with_kin()
    if status:
        found = found.living() if status == "active" else found.filter(revoked_at__isnull=False)
    if kind:
        found = found.filter(kind=kind)
    if agent:
        found = found.filter(agent=id_of(agent))
    page, told = cut(found, part)
    used = usage.uses([key.id for key in page])
    return KeyPage(items=[KeyInfo.seen(key, used.get(key.id)) for key in page], **told)


def key_statistics(request: AppRequest) -> KeyStatistics:
    """How many keys there are, and how many there may be."""
    quota = presenters.quota(request.app)
    return KeyStatistics(
        active=quota.active,
        rotated_in_grace=quota.rotated_in_grace,
        total=quota.total,
        max_allowed=quota.max_allowed,
    )


def mint_key(
    request: AppRequest, asked: KeyMintRequest, idempotency_key: IdempotencyKey = ""
) -> Status[KeyMinted]:
    """Mint a key. RequestSchema again under the same Idempotency-Key: 200, and no plaintext."""
    if asked.agent_id and asked.key_type != "agent":
        raise Invalid("agent_id", "Only a key of the type agent belongs to an agent.")
    agent = agent_in(request.app.id, asked.agent_id) if asked.agent_id else None
    return _mint(request, asked, agent, idempotency_key, kind="agent" if asked.key_type == "agent" else "app")


def mint_agent_key(
    request: AppRequest,
    agent_id: str,
    asked: AgentKeyMintRequest | None = None,
    idempotency_key: IdempotencyKey = "",
) -> Status[KeyMinted]:
    """Mint a key for an agent; numbered, and with what agents' keys may do, unless it is said."""
    agent = agent_in(request.app.id, id_of(agent_id))
    return _mint(request, asked or AgentKeyMintRequest(), agent, idempotency_key, kind="agent")


def get_key(request: AppRequest, key_id: str) -> KeyInfo:
    """One key."""
    return seen(key_of(request, id_of(key_id)))


def list_key_callers(request: AppRequest, key_id: str, since: CalledSince = "30d") -> KeyCallerList:
    """Who calls with a key: address, client, how often and when last."""
    key, began = key_of(request, id_of(key_id)), parse_since(since)
    found = look(began, shown=MOST_CALLERS, key_id=key.id)
    callers = [KeyCaller(**caller._asdict()) for caller in found.callers]
    return KeyCallerList(items=callers, since=began, calls=found.calls, capped_at=found.capped_at)


def rename_key(request: AppRequest, key_id: str, asked: KeyRenameRequest) -> KeyInfo:
    """Change what people call a key."""
    key = key_of(request, id_of(key_id))
    lifecycle.rename(request.actor, key, asked.name)
    return seen(key)


def narrow_key(request: AppRequest, key_id: str, asked: KeyNarrowRequest) -> KeyInfo:
    """Take something away from a key."""
    key = key_of(request, id_of(key_id))
    lifecycle.narrow(
        request.actor,
        key,
        scopes=_scopes(asked.scopes),
        networks=None if asked.cidr_allowlist is None else parse_networks(asked.cidr_allowlist),
        rate_limit_rpm=asked.rate_limit_rpm,
        expires_at=parse_end(None, asked.expires_at),
        reason=asked.reason,
    )
    return seen(key)


def rotate_key(
    request: AppRequest,
    key_id: str,
    asked: KeyRotateRequest | None = None,
    idempotency_key: IdempotencyKey = "",
) -> Status[KeyMinted]:
    """A new secret: a successor of an app or agent key, or the same derived key under another secret."""
    key, asked = key_of(request, id_of(key_id)), asked or KeyRotateRequest()
    choices: dict[str, Any] = {
        "grace": _grace(asked.grace),
        "scopes": _scopes(asked.scopes),
        "reason": asked.reason,
    }
    made = make_once(
        request.actor,
        request.app,
        idempotency_key,
        canonical(choices | {"verb": "rotate", "key": key.id, "reason": None}),
        lambda: lifecycle.rotate(request.actor, key, **choices),
    )
    return _minted(request, "rotate", made)


def deprecate_key(request: AppRequest, key_id: str, asked: ReasonRequest | None = None) -> KeyInfo:
    """Mark a key as on its way out. It works, and every answer says so."""
    key = key_of(request, id_of(key_id))
    lifecycle.deprecate(request.actor, key, asked.reason if asked else "")
    return seen(key)


def undeprecate_key(request: AppRequest, key_id: str, asked: ReasonRequest | None = None) -> KeyInfo:
    """Take the mark away. During grace this cancels the rotation."""
    key = key_of(request, id_of(key_id))
    lifecycle.undeprecate(request.actor, key, asked.reason if asked else "")
    return seen(key)


def revoke_key(request: AppRequest, key_id: str, asked: KeyRevokeRequest | None = None) -> KeyInfo:
    """End a key and all derived from it, for ever. An agent's last active key is ended only by `force`."""
    key, asked = key_of(request, id_of(key_id)), asked or KeyRevokeRequest()
    lifecycle.revoke(request.actor, key, reason=asked.reason, force=asked.force)
    return seen(key)


def create_agent(
    request: AppRequest, asked: NewAgent, idempotency_key: IdempotencyKey = ""
) -> Status[AgentCreated]:
    """Create an agent and its first key. RequestSchema again under the same Idempotency-Key: 200, and no plaintext."""
    wanted = asked.model_dump() | {"display_name": asked.display_name or ""}
    made = enrolment.enrol(request.actor, request.app, wanted, idempotency_key)
    api_key = made.plaintext.take() if made.plaintext else None
    detail = agent_seen(made.agent).model_dump()
    revoke = f"POST /api/v1/apps/{request.app.id}/agents/{made.agent.id}/revoke"
    hint = None if api_key else enrolment.next_step(revoke)
    told = AgentCreated(**detail, key_id=made.key_id, api_key=api_key, hint=hint)
    return Status(201 if api_key else 200, told)


def revoke_agent(request: AppRequest, agent_id: str, asked: ReasonRequest | None = None) -> AgentDetail:
    """End an agent and all its keys, for ever. Again: nothing happens."""
    agent = agent_in(request.app.id, id_of(agent_id))
    lifecycle.revoke_agent(request.actor, agent, reason=asked.reason if asked else "")
    return agent_seen(agent)


def list_agent_keys(request: AppRequest, agent_id: str, part: PartOfList) -> KeyPage:
    """An agent's keys, newest first, derived and revoked ones included."""
    agent = agent_in(request.app.id, id_of(agent_id))
    page, told = cut(agent.keys.with_kin(), part)
    used = usage.uses([key.id for key in page])
    return KeyPage(items=[KeyInfo.seen(key, used.get(key.id)) for key in page], **told)


def seen(key: ApiKey) -> KeyInfo:
    """`key` as the API shows it."""
    return KeyInfo.seen(key, usage.use_of(key.id))


def _mint(
    request: AppRequest, asked: AgentKeyMintRequest, agent: Agent | None, idempotency_key: str, *, kind: str
) -> Status[KeyMinted]:
    wanted: dict[str, Any] = {
        "name": asked.name,
        "scopes": parse_scopes(AGENT_DEFAULT if asked.scopes is None else asked.scopes),
        "networks": parse_networks(asked.cidr_allowlist or ()),
        "rate_limit_rpm": asked.rate_limit_rpm,
        "expires_at": parse_end(asked.expires_in, asked.expires_at),
        "metadata": asked.metadata,
    }
    wish = wanted | {"verb": "mint", "kind": kind, "agent": agent and agent.id, "expires_at": _end_of(asked)}
    made = make_once(
        request.actor,
        request.app,
        idempotency_key,
        canonical(wish),
        lambda: lifecycle.mint(
            request.actor, request.app, agent=agent, kind=kind, reason=asked.reason, **wanted
        ),
    )
    return _minted(request, "mint", made)


def _end_of(asked: AgentKeyMintRequest) -> timedelta | datetime | None:
    """The end that is wished for as it was said: a length of time stays one, whenever it is asked for again."""
    if asked.expires_in is not None:
        return parse_duration(asked.expires_in)
    return parse_end(None, asked.expires_at)


def _minted(request: AppRequest, verb: str, made: Outcome) -> Status[KeyMinted]:
    if made.plaintext:
        return Status(201, KeyMinted.seen(made.key, api_key=made.plaintext.take()))
    return Status(200, _repeated(request, verb, made.key))


def _repeated(request: AppRequest, verb: str, key: ApiKey) -> KeyMinted:
    """A key that was made before, without its plaintext, and how to go on."""
    hint = next_step(verb, key, _way, Caller(request.actor.may(REVOKE, key)))
    return KeyMinted(**seen(key).model_dump(), api_key=None, hint=hint)


def _way(verb: str, key: ApiKey) -> str:
    """How a verb is asked for here."""
    return f"POST /api/v1/apps/{key.app_id}/keys/{key.id}/{verb}"


def _scopes(names: list[str] | None) -> ScopeSet | None:
    return None if names is None else parse_scopes(names)


def _grace(text: str) -> timedelta:
    """How long an old secret works on; `0s` is not at all."""
    return timedelta(0) if _NONE.fullmatch(text) else parse_duration(text, "grace")
