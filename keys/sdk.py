"""Keys at the runtime API: what a program does with the key it holds (protocol.md section 7)."""

from datetime import timedelta

from agents.faces import id_of
from audit import models, spans
from audit.documents import parse_document
from audit.exploring import usage
from audit.refusals import Invalid
from audit.text import keepable
from audit.wire import Flag
from keys import lifecycle, refusals, scopes
from keys.faces import KeyedRequest, authority_of
from keys.models import ApiKey, ApiKeyQuerySet
from keys.networks import parse_networks
from keys.scopes import parse_scopes
from keys.wire import (
    APIKeyInfo,
    DeriveKey,
    EmitSpansResult,
    IdentityContext,
    MintedKey,
    ResolveIdentity,
    Resource,
    RotateKey,
    ScopeCatalog,
    Span,
    SpanBatch,
    Trace,
)

LONGEST_LIFE = 3650 * 24 * 3600
"""Seconds; no app allows more, and a number beyond this is not worth adding to a date."""


def list_scopes(request: KeyedRequest) -> ScopeCatalog:
    """The scopes there are. The cheapest way to try a key."""
    return ScopeCatalog(
        scope_version=scopes.VERSION,
        resources={name: Resource(verbs=list(scopes.TIERS)) for name in scopes.RESOURCES},
        action_verbs=list(scopes.ACTIONS),
        deprecated=[],
    )


def derive_key(request: KeyedRequest, asked: DeriveKey) -> MintedKey:
    """Hand out a narrower, short-lived key. Its plaintext is in this answer and nowhere else."""
    parent = ApiKey.objects.with_kin().get(id=request.key.id)
    minted = lifecycle.derive(
        request.actor,
        parent,
        scopes=parse_scopes(asked.scopes),
        within=request.granted,
        expires_in=timedelta(seconds=min(asked.expires_in, LONGEST_LIFE)),
        networks=parse_networks(asked.cidr_allowlist or ()),
        name=asked.name or "",
        metadata=asked.metadata,
    )
    return MintedKey.taken(minted)


def rotate_key(request: KeyedRequest, key_id: str, asked: RotateKey | None = None) -> MintedKey:
    """A new secret: a successor of an app or agent key, or the same derived key under another secret."""
    grace = timedelta(days=asked.overlap_days) if asked else lifecycle.DEFAULT_GRACE
    minted = lifecycle.rotate(
        request.actor, _key_of(request, key_id), grace=grace, within=authority_of(request)
    )
    return MintedKey.taken(minted)


def revoke_key(request: KeyedRequest, key_id: str, force: Flag = False) -> APIKeyInfo:
    """End a key and all derived from it, for ever. An agent's last active key is ended only by `force`."""
    key = _key_of(request, key_id)
    lifecycle.revoke(request.actor, key, force=force, within=authority_of(request))
    return APIKeyInfo.of(key, usage.last_calls([key.id]).get(key.id))


def emit_spans(request: KeyedRequest, asked: SpanBatch) -> EmitSpansResult:
    """Keep steps of a program's own telling. A trace has each span id once."""
    return EmitSpansResult(accepted=spans.emit(_row(request, span) for span in asked.spans))


def resolve_identity(request: KeyedRequest, asked: ResolveIdentity | None = None) -> IdentityContext:
    """Whom this call speaks for: the app, the agent, and the caller it names."""
    if asked and (asked.user_token is not None or asked.app_user_id is not None):
        raise refusals.NoUserDirectory
    context = request.actor.origin.caller.context
    told = Trace(run_id=context.get("run_id"), thread_id=context.get("thread_id"))
    return IdentityContext(
        app_id=request.app_id,
        agent_id=request.agent_id,
        actor_id=request.actor.origin.caller.id,
        app_user_id=None,
        group_ids=[],
        trace=told if told.run_id or told.thread_id else None,
    )


def _key_of(request: KeyedRequest, key_id: str) -> ApiKey:
    found = _within_reach(request).filter(id=id_of(key_id)).first()
    if found is None:
        raise refusals.KeyNotFound
    return found


def _within_reach(request: KeyedRequest) -> ApiKeyQuerySet:
    """An app's key reaches the app's keys, an agent's only its agent's, and one of no agent its own family."""
    keys, own = ApiKey.objects.with_kin().filter(app=request.app_id), request.key
    if not own.speaks_for_agents:
        return keys
    return keys.filter(agent=own.agent_id) if own.agent_id else keys.family(own.root_id)


def _row(request: KeyedRequest, span: Span) -> models.Span:
    return models.Span(
        app_id=request.app_id,
        key_id=request.key.id,
        agent_id=request.agent_id,
        caller_id=request.actor.origin.caller.id,
        trace_id=_kept("trace_id", span.trace_id, 255),
        span_id=_kept("span_id", span.span_id, 32),
        parent_span_id=_kept("parent_span_id", span.parent_span_id, 32),
        name=_kept("name", span.name, 255),
        started_at=span.start_time,
        ended_at=span.end_time,
        attributes=parse_document(span.attributes, "attributes"),
    )


def _kept(field: str, text: str | None, longest: int) -> str:
    """`text` fit to keep; empty if there was none. Raises Invalid if nothing of it is left."""
    kept = keepable(text or "", longest)
    if text and not kept:
        raise Invalid(f"spans.{field}", "Use visible characters.")
    return kept
