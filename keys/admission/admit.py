"""Admission: decides whether calls made with keys pass. Look up, judge, record; only then may an answer leave.

Calls that arrive together are decided together: keys/admission/batching/queue.py. /verify decides and answers at once
(gateway.py). The runtime API decides, carries the call out and records it with its result (runtime_auth.py).
"""

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.http import http_date

from agents import callers
from agents.callers import NO_CLAIM, Claim
from agents.models import Agent
from audit import calls
from audit.actors import Origin
from core.clock import now
from core.errors import Refusal
from core.text import sanitize
from keys.admission import lookup, nonces, rate_limit
from keys.admission.lookup import SNAPSHOT_CACHE_SIZE, ReadRows
from keys.admission.rate_limit import Allowance, Charge
from keys.admission.verdict import CheckInput, KeySnapshot, Verdict, judge, judge_charged

NO_KEY_COLUMNS = {"app_id": None, "key_id": None, "key_name": "", "agent_id": None, "agent_name": ""}


class CallRequest(NamedTuple):
    """A call to be judged. It holds the SHA-256 and the prefix of the presented key, never the key itself."""

    check_input: CheckInput
    key_hash: bytes
    prefix: str
    origin: Origin
    method: str
    path: str
    refusal: Refusal | None = None
    """Set when the request cannot be judged, whatever the key."""
    claim: Claim = NO_CLAIM
    """Who the caller says it is; looked at only if the signature covers it."""


class Decision(NamedTuple):
    """The decision on a call request, with what its answer and its row in the audit log need."""

    key: KeySnapshot | None
    verdict: Verdict
    allowance: Allowance | None
    check_input: CheckInput
    origin: Origin
    """The request's own, with the caller that its claim resolved to."""
    at: datetime
    agent: Agent | None = None
    """The agent the caller named itself as."""
    status: int = 200
    """HTTP status of the answer, if it is no refusal."""

    def headers(self) -> dict[str, str]:
        """The headers of every answer: the allowance, the caller's id, and the key's deprecation."""
        caller = self.origin.caller.id
        return {
            **(self.allowance.headers() if self.allowance else {}),
            **({"X-Alter-Actor-ID": str(caller)} if caller else {}),
            **(_deprecation(self.key) if self.key and self._may_know_its_state else {}),
        }

    def prefix_header(self) -> dict[str, str]:
        """The refused key's prefix, for a gateway's log. Empty if the caller may not know that the key exists."""
        return {"X-Alter-Key-Prefix": self.key.prefix} if self.key and self._may_know_its_state else {}

    @property
    def needs_caller(self) -> bool:
        """Whether the call was charged, and the caller that its signature covers is still to be resolved."""
        signature = self.check_input.signature
        return bool(self.allowance and self.allowance.granted and signature and signature.covers_identity)

    @property
    def _may_know_its_state(self) -> bool:
        """Whether the caller proved to hold the key, so that its state may be in the answer. Not of a revoked key."""
        return self.verdict.failed not in ("format", "known", "signature") and not (
            self.key and self.key.revoked
        )


def decide(
    requests: Sequence[CallRequest], db: BaseDatabaseWrapper = connection, spent: Container[int] = ()
) -> list[Decision]:
    """Look up and judge requests together; spend their nonces and charge their buckets, in their order.

    Runs in the caller's transaction, which records the decisions. Those that `needs_caller` are finished by
    `resolve_caller()`. `spent` holds the indexes of requests whose nonce is in the database already.
    """
    decisions = check_uncharged(requests, now(), db)
    _spend_nonces(decisions, spent, db)
    _charge(decisions, db)
    return decisions


def check_uncharged(
    requests: Sequence[CallRequest], moment: datetime, db: BaseDatabaseWrapper, read: ReadRows | None = None
) -> list[Decision]:
    """Look up the keys and run the checks before the rate limit. Spends nothing."""
    keys = lookup.look_up(
        {request.key_hash for request in requests if request.check_input.well_formed}, db, read
    )
    return [_check_uncharged(request, keys.get(request.key_hash), moment) for request in requests]


def nonce_to_spend(decision: Decision) -> str:
    """The id of the nonce that a call spends; empty if it spends none.

    Only a valid signature spends its nonce, or anyone could spend the nonces of others.
    """
    key, signature = decision.key, decision.check_input.signature
    if key is None or signature is None or signature.absent or "signature" not in decision.verdict.passed:
        return ""
    return nonces.name_of(key.id, signature.nonce)


@lru_cache(SNAPSHOT_CACHE_SIZE)
def charge_of(key: KeySnapshot) -> Charge:
    """The charge of a call with this key."""
    return Charge.for_bucket(key.bucket, key.rate_limit)


def apply_allowance(key: KeySnapshot, decision: Decision, allowance: Allowance) -> Decision:
    """The final decision on a call that passed the checks before the rate limit, with what that said."""
    return Decision(
        key,
        judge_charged(key, decision.check_input, decision.at, allowance),
        allowance,
        decision.check_input,
        decision.origin,
        decision.at,
    )


def resolve_caller(request: CallRequest, decision: Decision) -> Decision:
    """The decision once the signed caller claim is resolved. Reads the database only if there is one."""
    key = decision.key
    if key is None or not decision.needs_caller:
        return decision
    decision = _with_caller(decision, key, request.claim)
    return decision._replace(verdict=judge(key, decision.check_input, decision.at, decision.allowance))


def record(request: CallRequest, decision: Decision, took_us: int) -> None:
    """Record one call. Raises what the database raises, and then there is no answer."""
    calls.write([row_of(request, decision, took_us)])


def row_of(request: CallRequest, decision: Decision, took_us: int) -> dict[str, Any]:
    """The row in the audit log: the columns of a Call, of which `took_us` is the duration in microseconds."""
    verdict = decision.verdict
    return {
        "at": decision.at,
        "method": request.method,
        "path": request.path,
        "status": verdict.refusal.status if verdict.refusal else decision.status,
        "allowed": verdict.allowed,
        "code": verdict.refusal.code if verdict.refusal else "",
        "check_failed": verdict.failed,
        "detail": sanitize(verdict.detail, 300) if verdict.detail else "",
        "facts": verdict.facts or None,
        "scopes": sanitize(str(request.check_input.scopes), 500) if request.check_input.scopes else "",
        "took_us": took_us,
        **decision.origin.columns(),
        **_key_and_agent_columns(request, decision),
    }


def _key_and_agent_columns(request: CallRequest, decision: Decision) -> dict[str, Any]:
    """The columns that name the key and the agent: the one the caller named, or the key's own."""
    key, agent = decision.key, decision.agent
    if key is None:
        return {**NO_KEY_COLUMNS, "key_prefix": request.prefix}
    if agent is None:
        return _key_columns(key)
    return {**_key_columns(key), "agent_id": str(agent.id), "agent_name": agent.name}


@lru_cache(SNAPSHOT_CACHE_SIZE)
def _key_columns(key: KeySnapshot) -> dict[str, Any]:
    return {
        "app_id": str(key.app_id),
        "key_id": str(key.id),
        "key_prefix": key.prefix,
        "key_name": key.name,
        "agent_id": str(key.agent_id) if key.agent_id else None,
        "agent_name": key.agent_name,
    }


def _check_uncharged(request: CallRequest, key: KeySnapshot | None, moment: datetime) -> Decision:
    verdict = _request_verdict(request) or judge(key, request.check_input, moment)
    return Decision(key, verdict, None, request.check_input, request.origin, moment)


def _spend_nonces(decisions: list[Decision], spent: Container[int], db: BaseDatabaseWrapper) -> None:
    used = [
        (place, nonce)
        for place, decision in enumerate(decisions)
        if place not in spent and (nonce := nonce_to_spend(decision))
    ]
    if not used:
        return
    firsts = nonces.spend_all([nonce for _, nonce in used], decisions[0].at, db)
    for (place, _), first in zip(used, firsts, strict=True):
        if not first:
            decisions[place] = _replayed(decisions[place])


def _replayed(decision: Decision) -> Decision:
    check_input = decision.check_input
    signature = replace(check_input.signature, replayed=True) if check_input.signature else None
    check_input = check_input._replace(signature=signature)
    return decision._replace(check_input=check_input, verdict=judge(decision.key, check_input, decision.at))


def _charge(decisions: list[Decision], db: BaseDatabaseWrapper) -> None:
    """Charge each call that passed so far, and decide those finally."""
    passed = [
        (place, decision.key)
        for place, decision in enumerate(decisions)
        if decision.key and decision.verdict.allowed
    ]
    if not passed:
        return
    charges = [charge_of(key) for _, key in passed]
    allowances = rate_limit.charge_all(charges, decisions[0].at, db)
    for (place, key), allowance in zip(passed, allowances, strict=True):
        decisions[place] = apply_allowance(key, decisions[place], allowance)


def _with_caller(decision: Decision, key: KeySnapshot, claim: Claim) -> Decision:
    try:
        caller, agent = callers.resolve(
            claim, key.app_id, key.agent_id, speaks_for_agents=key.speaks_for_agents
        )
    except Refusal as caller_error:
        return decision._replace(check_input=decision.check_input._replace(caller_error=caller_error))
    claimed = decision.origin.caller
    resolved_caller = replace(caller, context=claimed.context, trace_id=claimed.trace_id)
    return decision._replace(origin=decision.origin._replace(caller=resolved_caller), agent=agent)


def _request_verdict(request: CallRequest) -> Verdict | None:
    refusal = request.refusal
    return Verdict(refusal, "question", refusal.message) if refusal else None


def _deprecation(key: KeySnapshot) -> dict[str, str]:
    """Our deprecation header, and the standard ones (RFC 9745 and RFC 8594)."""
    if key.deprecated_at is None:
        return {}
    ends = [end for end in (key.grace_ends_at, key.expires_at) if end]
    sunset = {"Sunset": http_date(min(ends).timestamp())} if ends else {}
    return {
        "X-Alter-Key-Deprecated": "true",
        "Deprecation": f"@{int(key.deprecated_at.timestamp())}",
        **sunset,
    }
