"""Authentication of the runtime API: reads a signed request, has it judged, and makes its key the actor.

A call is admitted in one transaction, in which its nonce and its rate limit are spent whatever happens next. It is
carried out in a second one, together with its row in the audit log.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db import close_old_connections, connection
from django.http import HttpRequest

from agents import callers
from agents.callers import NO_CLAIM, Claim
from agents.errors import CallerInvalid
from audit.actions import Action
from audit.actors import Actor, Caller, Origin
from audit.origins import origin_of
from core.addresses import parse_address
from core.errors import REFUSED, PayloadTooLarge, Refusal
from core.text import HTTP_WHITESPACE, path_of, sanitize
from keyformat import grammar
from keys import plaintext
from keys.admission import admit as admission
from keys.admission import call_errors, constraints, lookup, request_target, signatures
from keys.admission.admit import CallRequest, Decision
from keys.admission.batching.queue import call_queue
from keys.admission.signatures import Signature
from keys.admission.verdict import CheckInput, KeySnapshot, Verdict, granted_scopes
from keys.requests import KeyedRequest
from keys.scopes import ScopeSet, parse_required

MAX_BODY = 64 * 1024
INSTANCE_PARAMETERS = {"agents": "agent_id", "keys": "key_id"}
"""The path parameter with the id that a scope of this resource may be limited to."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route requires of a call: the action it is for and the scope that goes with it."""

    action: Action
    scope: str = ""
    implies: tuple[Action, ...] = ()
    """Further actions that the route performs, which need no further scope."""
    manages_agents: bool = False
    even_suspended: bool = False

    @property
    def scope_set(self) -> ScopeSet:
        """The scope as a set, empty if none is needed."""
        return parse_required([self.scope] if self.scope else [])

    def instance(self, path_parameters: Mapping[str, Any]) -> str:
        """The id that a call to this route is about, from its path parameters."""
        return str(path_parameters.get(INSTANCE_PARAMETERS.get(self.scope.partition(":")[0], ""), ""))


@dataclass(slots=True)
class RuntimeCall:
    """A call to the runtime API: its request, and the decision so far."""

    call_request: CallRequest
    decision: Decision
    started: int


def admit(
    request: HttpRequest, needs: Needs | None, path_parameters: Mapping[str, Any], started: int
) -> RuntimeCall:
    """Judge a call to a route with these `needs`; None: there is no such route.

    A refused call is recorded when this returns. `started` is perf_counter_ns at its arrival.
    """
    call_request = read_request(request, needs, path_parameters)
    decision = call_queue.submit_and_wait(
        lambda: call_request,
        lambda _, decision: decision,
        started,
        record_in_batch=False,
        in_transaction=connection.in_atomic_block,
    )
    if decision.needs_caller:
        decision = admission.resolve_caller(call_request, decision)
        if decision.verdict.refusal:
            admission.record(call_request, decision, _microseconds_since(started))
    return RuntimeCall(call_request, decision, started)


def set_actor(request: HttpRequest, call: RuntimeCall, needs: Needs) -> None:
    """Put on `request` the actor, the key and what it may do, for the view of an admitted call."""
    known, decision, key = cast(KeyedRequest, request), call.decision, _key(call.decision)
    known.actor = _actor(key, decision.origin, needs)
    known.app_id, known.key = key.app_id, key
    known.agent_id = decision.agent.id if decision.agent else key.agent_id
    known.granted = granted_scopes(key, decision.check_input)


def record(call: RuntimeCall, status: int, refusal: Refusal | None) -> None:
    """Record an admitted call with its answer's status, and the refusal if it was one."""
    if refusal:
        verdict = Verdict(refusal, "act", refusal.message.rstrip("."), call.decision.verdict.passed)
        call.decision = call.decision._replace(verdict=verdict)
    call.decision = call.decision._replace(status=status)
    admission.record(call.call_request, call.decision, _microseconds_since(call.started))


def presented_key(request: HttpRequest) -> str:
    """The key a request carries; empty if it carries none."""
    return _presented(request.META)


def _presented(meta: Mapping[str, Any]) -> str:
    return str(meta.get("HTTP_X_API_KEY", "")).strip(HTTP_WHITESPACE)


def is_known(meta: Mapping[str, Any]) -> bool:
    """Whether a request carries a key that exists, by its WSGI environment: a slow body is awaited only then."""
    key = _presented(meta)
    if not grammar.is_key(key):
        return False
    try:
        return bool(lookup.look_up([plaintext.sha256(key)]))
    finally:
        close_old_connections()


def is_too_large(meta: Mapping[str, Any]) -> bool:
    """Whether the announced length of the body is above MAX_BODY or no number: then it is not read."""
    length = str(meta.get("CONTENT_LENGTH") or "0")
    return not re.fullmatch("[0-9]{1,9}", length) or int(length) > MAX_BODY


def read_request(
    request: HttpRequest, needs: Needs | None, path_parameters: Mapping[str, Any]
) -> CallRequest:
    """The call request of a call to the runtime API. The presented key goes no further than here."""
    key, meta = presented_key(request), request.META
    exposed = plaintext.find_in_address(f"{request.path_info} {meta.get('QUERY_STRING', '')}")
    refusal = meta.get(REFUSED) or (
        call_errors.KeyInUrl() if exposed else PayloadTooLarge() if is_too_large(meta) else None
    )
    signature = None if refusal else _signature(request, key)
    is_identity_signed = bool(signature and signature.covers_identity)
    claim, caller_error = _claim(request.headers) if is_identity_signed else (NO_CLAIM, None)
    narrowed, constraints_error = constraints.read(request.headers)
    origin = origin_of(meta, "sdk")
    check_input = CheckInput(
        presented=bool(key),
        well_formed=grammar.is_key(key),
        address=parse_address(origin.ip),
        scopes=needs.scope_set if needs else ScopeSet(()),
        instance=needs.instance(path_parameters) if needs else "",
        signature=signature or Signature(),
        constraints=narrowed,
        constraints_error=constraints_error,
        caller_error=caller_error,
        manages_agents=bool(needs and needs.manages_agents),
        even_suspended=bool(needs and needs.even_suspended),
    )
    return CallRequest(
        check_input=check_input,
        key_hash=plaintext.sha256(key),
        prefix=grammar.prefix_of(key),
        origin=_with_context(origin, request.headers, is_identity_signed),
        method=sanitize(str(request.method), 16),
        path=path_of(request.path_info),
        refusal=refusal,
        claim=claim,
    )


def _signature(request: HttpRequest, key: str) -> Signature:
    target = request_target.from_environ(request.META)
    signed = signatures.Request(
        method=str(request.META.get("REQUEST_METHOD", "")),  # as it was sent: Django writes it large
        path=target.path,
        query=target.query,
        body=request.body,
        headers=request.headers,
        ambiguous=target.ambiguous,
    )
    return signatures.read(signed, key)


def _claim(headers: Mapping[str, str]) -> tuple[Claim, Refusal | None]:
    values = [headers.get(f"X-Alter-{name}", "") for name in ("Caller", "Caller-Type", "Actor-ID")]
    try:
        return callers.parse_claim(*values), None
    except CallerInvalid as invalid:
        return NO_CLAIM, invalid


def _with_context(origin: Origin, headers: Mapping[str, str], is_identity_signed: bool) -> Origin:
    """`origin` with the call's context, if signed, and its trace id, which never is: good for correlation only."""
    context = callers.parse_context(headers.get("X-Alter-Context", "")) if is_identity_signed else {}
    trace_id = callers.trace_of(headers.get("traceparent", ""))
    return origin._replace(caller=Caller(context=context, trace_id=trace_id))


def _actor(key: KeySnapshot, origin: Origin, needs: Needs) -> Actor:
    """The key as an actor, permitted the actions of its route and nothing else."""
    may = frozenset(action.name for action in (needs.action, *needs.implies))
    return Actor("key", str(key.id), f"{key.name} ({key.prefix})", may, origin, key.app_id)


def _microseconds_since(started: int) -> int:
    """Microseconds from a moment of perf_counter_ns until now."""
    return (time.perf_counter_ns() - started) // 1000


def _key(decision: Decision) -> KeySnapshot:
    if decision.key is None:
        raise TypeError("a call without a key is never admitted")
    return decision.key
