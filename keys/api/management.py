"""Keys in the management API: each view fetches, parses, calls one verb and returns a schema."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from django.db.models import QuerySet
from ninja import Query
from ninja.responses import Status

from agents.api.management import describe_agent
from agents.api.management_schemas import AgentCreated, AgentDetail, ReasonRequest
from agents.api.runtime_schemas import NewAgent
from agents.models import Agent, App
from agents.requests import AppRequest, agent_in, id_of
from audit.search import usage
from audit.search.recent_calls import summarize_calls
from core.choices import parse_choice
from core.durations import parse_duration, parse_end, parse_since
from core.errors import Invalid
from core.pagination.cursors import PartOfList, paginate
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
from keys.catalogue.builtin import AGENT_DEFAULT
from keys.catalogue.store import catalogue_of
from keys.idempotency import Caller, IssueResult, canonical, make_once, next_step
from keys.models import ApiKey
from keys.networks import parse_networks
from keys.replacements import replacements
from keys.requests import IdempotencyKey, key_of
from keys.scopes import ScopeSet
from keys.web import presenters

STATUSES = ("active", "revoked")
OfStatus = Annotated[SearchText, Query("", description="Only these: active or revoked. Default: all.")]
OfKind = Annotated[SearchText, Query("", description="Only this kind: app, agent or derived. Default: all.")]
OfAgent = Annotated[SearchText, Query("", description="Only keys of this agent.")]
CalledSince = Annotated[SearchText, Query("30d", description="ISO 8601, or a duration before now: 24h, 30d.")]
MAX_CALLERS = 200
KINDS = tuple(ApiKey.Kind.values)
_NONE = re.compile(r"0[smhdw]?")


def list_keys(
    request: AppRequest, part: PartOfList, status: OfStatus = "", kind: OfKind = "", agent: OfAgent = ""
) -> KeyPage:
    """The app's keys, newest first. `active` includes keys in their grace period."""
    status, kind = parse_choice(status, "status", STATUSES), parse_choice(kind, "kind", KINDS)
    keys = ApiKey.objects.filter(app=request.app).with_kin()
    if status:
        keys = keys.active() if status == "active" else keys.filter(revoked_at__isnull=False)
    if kind:
        keys = keys.filter(kind=kind)
    if agent:
        keys = keys.filter(agent=id_of(agent))
    return _list(keys, part)


def key_statistics(request: AppRequest) -> KeyStatistics:
    """The numbers of the app's keys, and the maximum."""
    quota = presenters.quota(request.app)
    return KeyStatistics(
        active=quota.active,
        rotated_in_grace=quota.rotated_in_grace,
        total=quota.total,
        max_allowed=quota.max_allowed,
    )


def mint_key(
    request: AppRequest, body: KeyMintRequest, idempotency_key: IdempotencyKey = ""
) -> Status[KeyMinted]:
    """Mint a key. Repeated with the same Idempotency-Key: 200 without the plaintext."""
    if body.agent_id and body.key_type != "agent":
        raise Invalid("agent_id", "Use key_type agent for a key of an agent.")
    agent = agent_in(request.app.id, body.agent_id) if body.agent_id else None
    return _mint(request, body, agent, idempotency_key, kind="agent" if body.key_type == "agent" else "app")


def mint_agent_key(
    request: AppRequest,
    agent_id: str,
    body: AgentKeyMintRequest | None = None,
    idempotency_key: IdempotencyKey = "",
) -> Status[KeyMinted]:
    """Mint a key for an agent. Default: a numbered key with the default scopes of agents."""
    agent = agent_in(request.app.id, id_of(agent_id))
    return _mint(request, body or AgentKeyMintRequest(), agent, idempotency_key, kind="agent")


def get_key(request: AppRequest, key_id: str) -> KeyInfo:
    """A key."""
    return describe_key(key_of(request, id_of(key_id)))


def list_key_callers(request: AppRequest, key_id: str, since: CalledSince = "30d") -> KeyCallerList:
    """The clients that use a key, with their IP address, User-Agent, number of requests and last request."""
    key, start = key_of(request, id_of(key_id)), parse_since(since)
    summary = summarize_calls(start, limit=MAX_CALLERS, key_id=key.id)
    callers = [KeyCaller(**caller._asdict()) for caller in summary.callers]
    return KeyCallerList(items=callers, since=start, calls=summary.calls, capped_at=summary.capped_at)


def rename_key(request: AppRequest, key_id: str, body: KeyRenameRequest) -> KeyInfo:
    """Rename a key. Its secret stays the same."""
    key = key_of(request, id_of(key_id))
    lifecycle.rename(request.actor, key, body.name)
    return describe_key(key)


def narrow_key(request: AppRequest, key_id: str, body: KeyNarrowRequest) -> KeyInfo:
    """Remove permissions from a key. Applies immediately, including derived keys."""
    key = key_of(request, id_of(key_id))
    lifecycle.narrow(
        request.actor,
        key,
        scopes=_scopes(request.app, body.scopes),
        networks=None if body.cidr_allowlist is None else parse_networks(body.cidr_allowlist),
        rate_limit_rpm=body.rate_limit_rpm,
        expires_at=parse_end(None, body.expires_at),
        reason=body.reason,
    )
    return describe_key(key)


def rotate_key(
    request: AppRequest,
    key_id: str,
    body: KeyRotateRequest | None = None,
    idempotency_key: IdempotencyKey = "",
) -> Status[KeyMinted]:
    """Rotate a key. An app or agent key gets a replacement; a derived key gets a new secret."""
    key, body = key_of(request, id_of(key_id)), body or KeyRotateRequest()
    choices: dict[str, Any] = {
        "grace": _grace(body.grace),
        "scopes": _scopes(request.app, body.scopes),
        "reason": body.reason,
    }
    made = make_once(
        request.actor,
        request.app,
        idempotency_key,
        canonical(choices | {"verb": "rotate", "key": key.id, "reason": None}),
        lambda: lifecycle.rotate(request.actor, key, **choices),
    )
    return _minted(request, "rotate", made)


def deprecate_key(request: AppRequest, key_id: str, body: ReasonRequest | None = None) -> KeyInfo:
    """Deprecate a key. It keeps working, and every response says that it is deprecated."""
    key = key_of(request, id_of(key_id))
    lifecycle.deprecate(request.actor, key, body.reason if body else "")
    return describe_key(key)


def undeprecate_key(request: AppRequest, key_id: str, body: ReasonRequest | None = None) -> KeyInfo:
    """Undo a deprecation. During a grace period this cancels the rotation."""
    key = key_of(request, id_of(key_id))
    lifecycle.undeprecate(request.actor, key, body.reason if body else "")
    return describe_key(key)


def revoke_key(request: AppRequest, key_id: str, body: KeyRevokeRequest | None = None) -> KeyInfo:
    """Revoke a key and all keys derived from it. An agent's only active key needs `force`."""
    key, body = key_of(request, id_of(key_id)), body or KeyRevokeRequest()
    lifecycle.revoke(request.actor, key, reason=body.reason, force=body.force)
    return describe_key(key)


def create_agent(
    request: AppRequest, body: NewAgent, idempotency_key: IdempotencyKey = ""
) -> Status[AgentCreated]:
    """Create an agent and its first key. Repeated with the same Idempotency-Key: 200 without the plaintext."""
    options = body.model_dump() | {"display_name": body.display_name or ""}
    made = enrolment.enrol(request.actor, request.app, options, idempotency_key)
    api_key = made.plaintext.take() if made.plaintext else None
    detail = describe_agent(made.agent).model_dump()
    revoke = f"POST /api/v1/apps/{request.app.id}/agents/{made.agent.id}/revoke"
    hint = None if api_key else enrolment.next_step(revoke)
    created = AgentCreated(**detail, key_id=made.key_id, api_key=api_key, hint=hint)
    return Status(201 if api_key else 200, created)


def revoke_agent(request: AppRequest, agent_id: str, body: ReasonRequest | None = None) -> AgentDetail:
    """Revoke an agent and all its keys."""
    agent = agent_in(request.app.id, id_of(agent_id))
    lifecycle.revoke_agent(request.actor, agent, reason=body.reason if body else "")
    return describe_agent(agent)


def list_agent_keys(request: AppRequest, agent_id: str, part: PartOfList) -> KeyPage:
    """The keys of an agent, newest first, derived and revoked ones included."""
    agent = agent_in(request.app.id, id_of(agent_id))
    return _list(agent.keys.with_kin(), part)


def describe_key(key: ApiKey) -> KeyInfo:
    """`key` as the management API shows it."""
    return KeyInfo.from_model(key, usage.use_of(key.id), replacements([key]).get(key.id))


def _list(keys: QuerySet[ApiKey], part: PartOfList) -> KeyPage:
    items, page = paginate(keys, part)
    used, replaced_by = usage.uses([key.id for key in items]), replacements(items)
    described = [KeyInfo.from_model(key, used.get(key.id), replaced_by.get(key.id)) for key in items]
    return KeyPage(items=described, **page)


def _mint(
    request: AppRequest, body: AgentKeyMintRequest, agent: Agent | None, idempotency_key: str, *, kind: str
) -> Status[KeyMinted]:
    options: dict[str, Any] = {
        "name": body.name,
        "scopes": _scopes(request.app, body.scopes) or _agent_default(request.app),
        "networks": parse_networks(body.cidr_allowlist or ()),
        "rate_limit_rpm": body.rate_limit_rpm,
        "expires_at": parse_end(body.expires_in, body.expires_at),
        "metadata": body.metadata,
    }
    fingerprint = options | {
        "verb": "mint",
        "kind": kind,
        "agent": agent and agent.id,
        "expires_at": _expiry_of(body),
    }
    made = make_once(
        request.actor,
        request.app,
        idempotency_key,
        canonical(fingerprint),
        lambda: lifecycle.mint(
            request.actor, request.app, agent=agent, kind=kind, reason=body.reason, **options
        ),
    )
    return _minted(request, "mint", made)


def _expiry_of(body: AgentKeyMintRequest) -> timedelta | datetime | None:
    """The expiry as it was sent: a duration stays a duration, so that a repeated request is the same."""
    if body.expires_in is not None:
        return parse_duration(body.expires_in)
    return parse_end(None, body.expires_at)


def _minted(request: AppRequest, verb: str, made: IssueResult) -> Status[KeyMinted]:
    if made.plaintext:
        return Status(201, KeyMinted.from_model(made.key, api_key=made.plaintext.take()))
    return Status(200, _repeated(request, verb, made.key))


def _repeated(request: AppRequest, verb: str, key: ApiKey) -> KeyMinted:
    """A key that was minted before, without its plaintext, and the next step."""
    hint = next_step(verb, key, _way, Caller(request.actor.may(REVOKE, key)))
    return KeyMinted(**describe_key(key).model_dump(), api_key=None, hint=hint)


def _way(verb: str, key: ApiKey) -> str:
    """How a verb is body for here."""
    return f"POST /api/v1/apps/{key.app_id}/keys/{key.id}/{verb}"


def _scopes(app: App, names: list[str] | None) -> ScopeSet | None:
    return None if names is None else catalogue_of(app).parse(names)


def _agent_default(app: App) -> ScopeSet:
    """What agents' keys may do unless told otherwise, as far as `app` has these scopes."""
    catalogue = catalogue_of(app)
    return catalogue.parse(catalogue.known(AGENT_DEFAULT))


def _grace(text: str) -> timedelta:
    """How long an old secret works on; `0s` is not at all."""
    return timedelta(0) if _NONE.fullmatch(text) else parse_duration(text, "grace")
