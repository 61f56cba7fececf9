"""The gate of the runtime API: reads a signed request, asks the door, and says who acts (protocol.md section 2).

A call is admitted in one transaction: its nonce and its place in the minute are spent, whatever comes of it.
What it asks for is done in a second one, together with the record of the call.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db import close_old_connections, connection
from django.http import HttpRequest

from agents import callers
from agents.callers import Claim
from agents.errors import CallerInvalid
from audit.actions import Action
from audit.actors import Actor, Caller, Origin
from audit.origins import origin_of
from core.addresses import parse_address
from core.errors import REFUSED, PayloadTooLarge, Refusal
from core.text import HTTP_WHITESPACE, keepable, path_of
from keyformat import grammar
from keys import errors, plaintext
from keys.admission import admit as door
from keys.admission import constraints, lookup, request_target, signatures
from keys.admission.admit import Outcome, Question
from keys.admission.batching.queue import gathering
from keys.admission.signatures import Signature
from keys.admission.verdict import Asking, Standing, Verdict, granted
from keys.requests import KeyedRequest
from keys.scopes import ScopeSet, parse_scope

LARGEST_BODY = 64 * 1024
ABOUT = {"agents": "agent_id", "keys": "key_id"}
"""The part of an address that names the one thing a scope of this resource may be limited to."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of a call: the action it is for and the scope that goes with it."""

    action: Action
    scope: str = ""
    implies: tuple[Action, ...] = ()
    """What else is done on the way, and needs no further scope."""
    manages_agents: bool = False
    even_suspended: bool = False

    @property
    def scope_set(self) -> ScopeSet:
        """The scope as a set, empty if none is needed."""
        return ScopeSet((parse_scope(self.scope),) if self.scope else ())

    def instance(self, named: Mapping[str, Any]) -> str:
        """The id of the one thing that a call to this route is about, from what its address names."""
        return str(named.get(ABOUT.get(self.scope.partition(":")[0], ""), ""))


@dataclass(slots=True)
class Arrival:
    """A call on its way: what it asks, and what came of it so far."""

    question: Question
    outcome: Outcome
    started: int


def admit(request: HttpRequest, needs: Needs | None, named: Mapping[str, Any], started: int) -> Arrival:
    """Judge a call to a route that `needs` something; None stands for an address that is none.

    If the verdict is no, the call is on record when this returns. `started` is perf_counter_ns at its arrival.
    """
    question = read(request, needs, named)
    outcome = gathering.ask(
        lambda: question,
        lambda _, outcome: outcome,
        started,
        whole=False,
        within=connection.in_atomic_block,
    )
    if outcome.is_unfinished:
        outcome = door.named(question, outcome)
        if outcome.verdict.refusal:
            door.record(question, outcome, _since(started))
    return Arrival(question, outcome, started)


def let_in(request: HttpRequest, arrival: Arrival, needs: Needs) -> None:
    """Put on `request` what the view of an admitted call may know."""
    known, outcome, key = cast(KeyedRequest, request), arrival.outcome, _key(arrival.outcome)
    known.actor = _actor(key, outcome.origin, needs)
    known.app_id, known.key = key.app_id, key
    known.agent_id = outcome.agent.id if outcome.agent else key.agent_id
    known.granted = granted(key, outcome.asking)


def record(arrival: Arrival, status: int, refusal: Refusal | None) -> None:
    """Write down what came of an admitted call: its answer's status, and the refusal if it was one."""
    if refusal:
        verdict = Verdict(refusal, "act", refusal.message.rstrip("."), arrival.outcome.verdict.passed)
        arrival.outcome = arrival.outcome._replace(verdict=verdict)
    arrival.outcome = arrival.outcome._replace(status=status)
    door.record(arrival.question, arrival.outcome, _since(arrival.started))


def presented(request: HttpRequest) -> str:
    """The key a request carries; empty if it carries none."""
    return _presented(request.META)


def _presented(meta: Mapping[str, Any]) -> str:
    return str(meta.get("HTTP_X_API_KEY", "")).strip(HTTP_WHITESPACE)


def is_known(meta: Mapping[str, Any]) -> bool:
    """Whether a request carries a key that exists, by its WSGI environment: only then is a slow body waited for."""
    key = _presented(meta)
    if not grammar.is_key(key):
        return False
    try:
        return bool(lookup.look_up([plaintext.sha256(key)]))
    finally:
        close_old_connections()


def is_too_large(meta: Mapping[str, Any]) -> bool:
    """Whether a body says it is longer than any request needs, or says nonsense: then it is not read."""
    told = str(meta.get("CONTENT_LENGTH") or "0")
    return not re.fullmatch("[0-9]{1,9}", told) or int(told) > LARGEST_BODY


def read(request: HttpRequest, needs: Needs | None, named: Mapping[str, Any]) -> Question:
    """The question that a call to the runtime API asks. The key goes no further than here."""
    key, meta = presented(request), request.META
    exposed = plaintext.find_in_address(f"{request.path_info} {meta.get('QUERY_STRING', '')}")
    refusal = meta.get(REFUSED) or (
        errors.KeyInUrl() if exposed else PayloadTooLarge() if is_too_large(meta) else None
    )
    signature = None if refusal else _signature(request, key)
    believed = bool(signature and signature.covers_identity)
    claim, stranger = _claim(request.headers) if believed else (Claim(), None)
    narrowed, flaw = constraints.read(request.headers)
    origin = origin_of(meta, "sdk")
    asking = Asking(
        presented=bool(key),
        well_formed=grammar.is_key(key),
        address=parse_address(origin.ip),
        scopes=needs.scope_set if needs else ScopeSet(()),
        instance=needs.instance(named) if needs else "",
        signature=signature or Signature(),
        constraints=narrowed,
        flaw=flaw,
        stranger=stranger,
        manages_agents=bool(needs and needs.manages_agents),
        even_suspended=bool(needs and needs.even_suspended),
    )
    return Question(
        asking=asking,
        hashed=plaintext.sha256(key),
        prefix=grammar.prefix_of(key),
        origin=_with_context(origin, request.headers, believed),
        method=keepable(str(request.method), 16),
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
    told = [headers.get(f"X-Alter-{name}", "") for name in ("Caller", "Caller-Type", "Actor-ID")]
    try:
        return callers.parse_claim(*told), None
    except CallerInvalid as invalid:
        return Claim(), invalid


def _with_context(origin: Origin, headers: Mapping[str, str], believed: bool) -> Origin:
    """`origin` with what the call says it is part of. The trace is never signed: it is good for joining, no more."""
    context = callers.parse_context(headers.get("X-Alter-Context", "")) if believed else {}
    trace_id = callers.trace_of(headers.get("traceparent", ""))
    return origin._replace(caller=Caller(context=context, trace_id=trace_id))


def _actor(key: Standing, origin: Origin, needs: Needs) -> Actor:
    """A key may do what its route is for, and nothing else."""
    may = frozenset(action.name for action in (needs.action, *needs.implies))
    return Actor("key", str(key.id), f"{key.name} ({key.prefix})", may, origin, key.app_id)


def _since(started: int) -> int:
    """Microseconds from a moment of perf_counter_ns until now."""
    return (time.perf_counter_ns() - started) // 1000


def _key(outcome: Outcome) -> Standing:
    if outcome.key is None:
        raise TypeError("a call without a key is never admitted")
    return outcome.key
