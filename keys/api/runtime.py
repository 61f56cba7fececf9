"""Keys at the runtime API: what a program does with the key it holds (docs/sdk.md)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import Q
from ninja.responses import Status

from agents.models import App
from agents.requests import id_of
from audit import models, spans
from audit.search import usage
from core.documents import parse_document
from core.errors import Invalid
from core.schemas import Flag
from core.text import sanitize
from keys import errors, lifecycle
from keys.admission import call_errors
from keys.api.runtime_schemas import (
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
from keys.catalogue.catalogue import Catalogue
from keys.idempotency import Caller, canonical, make_once, next_step
from keys.lifecycle import Minted
from keys.models import ApiKey, ApiKeyQuerySet
from keys.networks import parse_networks
from keys.requests import IdempotencyKey, KeyedRequest, authority_of
from keys.rules import DEFAULT_GRACE
from keys.scopes import Scope

MAX_LIFETIME_SECONDS = 3650 * 24 * 3600
"""Seconds; no app allows more, and a number beyond this is not worth adding to a date."""


def list_scopes(request: KeyedRequest) -> ScopeCatalog:
    """The scopes of the key's app. The cheapest way to try a key."""
    return describe_catalogue(request.key.catalogue)


def describe_catalogue(catalogue: Catalogue) -> ScopeCatalog:
    """A catalogue in the words of the runtime API."""
    return ScopeCatalog(
        scope_version=catalogue.version,
        resources={resource.name: Resource(verbs=list(resource.verbs)) for resource in catalogue.resources},
        action_verbs=[action.name for action in catalogue.actions],
        deprecated=[name for name, definition in catalogue.definitions.items() if definition.deprecated],
    )


def derive_key(
    request: KeyedRequest, body: DeriveKey, idempotency_key: IdempotencyKey = ""
) -> Status[MintedKey]:
    """Hand out a narrower, short-lived key. Its plaintext is in this answer and nowhere else."""
    parent = ApiKey.objects.with_kin().get(id=request.key.id)
    values: dict[str, Any] = {
        "scopes": request.key.catalogue.parse(body.scopes),
        "within": request.granted,
        "expires_in": timedelta(seconds=min(body.expires_in, MAX_LIFETIME_SECONDS)),
        "networks": parse_networks(body.cidr_allowlist or ()),
        "name": body.name or "",
        "metadata": body.metadata,
    }
    return _issue_once(
        request,
        parent.app,
        idempotency_key,
        canonical(values | {"verb": "derive", "within": None}),
        lambda: lifecycle.derive(request.actor, parent, **values),
    )


def rotate_key(
    request: KeyedRequest,
    key_id: str,
    body: RotateKey | None = None,
    idempotency_key: IdempotencyKey = "",
) -> Status[MintedKey]:
    """A new secret: a successor of an app or agent key, or the same derived key under another secret."""
    key, body = _key_of(request, key_id), body or RotateKey(overlap_days=DEFAULT_GRACE.days)
    grace = timedelta(days=body.overlap_days)
    return _issue_once(
        request,
        key.app,
        idempotency_key,
        {"verb": "rotate", "key": str(key.id), **body.model_dump()},
        lambda: lifecycle.rotate(request.actor, key, grace=grace, within=authority_of(request)),
    )


def revoke_key(request: KeyedRequest, key_id: str, force: Flag = False) -> APIKeyInfo:
    """End a key and all derived from it, for ever. An agent's last active key is ended only by `force`."""
    key = _key_of(request, key_id)
    lifecycle.revoke(request.actor, key, force=force, within=authority_of(request))
    return APIKeyInfo.from_model(key, usage.use_of(key.id))


def emit_spans(request: KeyedRequest, body: SpanBatch) -> EmitSpansResult:
    """Keep steps of a program's own telling. A trace has each span id once."""
    return EmitSpansResult(accepted=spans.emit(_row(request, span) for span in body.spans))


def resolve_identity(request: KeyedRequest, body: ResolveIdentity | None = None) -> IdentityContext:
    """Whom this call speaks for: the app, the agent, and the caller it names."""
    if body and (body.user_token is not None or body.app_user_id is not None):
        raise call_errors.NoUserDirectory
    context = request.actor.origin.caller.context
    trace = Trace(run_id=context.get("run_id"), thread_id=context.get("thread_id"))
    return IdentityContext(
        app_id=request.app_id,
        agent_id=request.agent_id,
        actor_id=request.actor.origin.caller.id,
        app_user_id=None,
        group_ids=[],
        trace=trace if trace.run_id or trace.thread_id else None,
    )


def _issue_once(
    request: KeyedRequest,
    app: App,
    idempotency_key: str,
    request_values: dict[str, Any],
    make: Callable[[], Minted],
) -> Status[MintedKey]:
    result = make_once(request.actor, app, idempotency_key, request_values, make)
    needed = Scope("keys", "admin", str(result.key.id))
    hint = next_step(
        request_values["verb"],
        result.key,
        request_line,
        Caller(request.granted.covers(needed), request.key.id),
    )
    return Status(result.status, MintedKey.from_result(result, hint))


def request_line(verb: str, key: ApiKey) -> str:
    """How a verb is asked for here."""
    return f"DELETE /sdk/keys/{key.id}" if verb == "revoke" else f"POST /sdk/keys/{key.id}/rotate"


def _key_of(request: KeyedRequest, key_id: str) -> ApiKey:
    key = _within_reach(request).filter(id=id_of(key_id)).first()
    if key is None:
        raise errors.KeyNotFound
    return key


def _within_reach(request: KeyedRequest) -> ApiKeyQuerySet:
    """An app's key reaches the app's keys, an agent's only its agent's, one of no agent its family and successor."""
    keys, own = ApiKey.objects.with_kin().filter(app=request.app_id), request.key
    if not own.speaks_for_agents:
        return keys
    if own.agent_id:
        return keys.filter(agent=own.agent_id)
    return keys.filter(Q(id=own.root_id) | Q(parent=own.root_id) | Q(replaces=own.id))


def _row(request: KeyedRequest, span: Span) -> models.Span:
    return models.Span(
        app_id=request.app_id,
        key_id=request.key.id,
        agent_id=request.agent_id,
        caller_id=request.actor.origin.caller.id,
        trace_id=_sanitized("trace_id", span.trace_id, 255),
        span_id=_sanitized("span_id", span.span_id, 32),
        parent_span_id=_sanitized("parent_span_id", span.parent_span_id, 32),
        name=_sanitized("name", span.name, 255),
        started_at=span.start_time,
        ended_at=span.end_time,
        attributes=parse_document(span.attributes, "attributes"),
    )


def _sanitized(field: str, text: str | None, max_length: int) -> str:
    """`text` fit to keep; empty if there was none. Raises Invalid if nothing of it is left."""
    clean = sanitize(text or "", max_length)
    if text and not clean:
        raise Invalid(f"spans.{field}", "Use visible characters.")
    return clean
