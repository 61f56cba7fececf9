"""The door: may a call made with a key pass? Three steps, look up, judge, record; only then may the answer leave.

/verify asks it and answers at once (keys/verify.py). The runtime API asks it, does what the call wants, and
records the call with what came of it (keys/gate.py).
"""

import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.http import http_date

from agents import callers
from agents.callers import Claim
from agents.models import Agent, App
from audit import calls
from audit.actors import Origin
from audit.clock import now
from audit.models import Call
from audit.refusals import Refusal
from audit.text import keepable
from keys import nonces, plaintext, throttle
from keys.models import ApiKey
from keys.throttle import Allowance
from keys.verdict import Asking, Standing, Verdict, judge


@dataclass(frozen=True, slots=True)
class Question:
    """A call someone wants to let pass. The key itself is gone: its hash and its prefix are left."""

    asking: Asking
    hashed: bytes
    prefix: str
    origin: Origin
    method: str
    path: str
    refusal: Refusal | None = None
    """Set when the question itself cannot be taken, whatever the key."""
    claim: Claim = field(default_factory=Claim)
    """Who the caller says it is; looked at only if its word is signed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question."""

    key: Standing | None
    verdict: Verdict
    allowance: Allowance | None
    asking: Asking
    origin: Origin
    """The question's own, with the caller that its claim turned out to mean."""
    at: datetime
    agent: Agent | None = None
    """The agent the caller named itself as."""
    status: int = 200
    """Of the answer, if it is no refusal."""

    def headers(self) -> dict[str, str]:
        """What every answer to the key carries: its allowance, the caller's id, and that it is on its way out."""
        caller = self.origin.caller.id
        return {
            **(self.allowance.headers() if self.allowance else {}),
            **({"X-Alter-Actor-ID": str(caller)} if caller else {}),
            **(_deprecation(self.key) if self.key and self._may_know_its_state else {}),
        }

    @property
    def _may_know_its_state(self) -> bool:
        """A key's state is told to whoever holds it, signs with it if asked to, and only while it has not ended."""
        return self.verdict.failed not in ("format", "known", "signature") and not (
            self.key and self.key.revoked
        )


def answer(question: Question, started: int) -> Outcome:
    """Look up, judge and record one question. `started` is perf_counter_ns at its arrival."""
    with transaction.atomic():
        outcome = admit(question)
        record(question, outcome, started)
    return outcome


def admit(question: Question) -> Outcome:
    """Look up and judge one question; spend its nonce and its place in the minute. Whoever asks records it."""
    moment, asking = now(), question.asking
    key = look_up(question.hashed) if asking.well_formed else None
    verdict = _unasked(question) or judge(key, asking, moment)
    outcome = Outcome(key, verdict, None, asking, question.origin, moment)
    if key and asking.signature and "signature" in outcome.verdict.passed:
        outcome = _spend_nonce(outcome, key)
    if key and outcome.verdict.allowed:
        outcome = _charge(outcome, key, question.claim)
    return outcome


def look_up(hashed: bytes) -> Standing | None:
    """What is known of the key with this SHA-256, its agent and its parent, in one read."""
    found = (
        ApiKey.objects.filter(digest__in=plaintext.digests(hashed))
        .select_related("app", "agent", "parent", "parent__app", "parent__agent")
        .first()
    )
    if found is None:
        return None
    if found.pepper != plaintext.current_pepper():
        _redigest(found, hashed)
    return standing(found)


def standing(key: ApiKey) -> Standing:
    """What judge() needs to know of `key`."""
    return Standing(
        id=key.id,
        app_id=key.app_id,
        app_name=key.app.name,
        agent_id=key.agent_id,
        agent_name=key.agent.name if key.agent else "",
        name=key.name,
        kind=key.kind,
        prefix=key.prefix,
        scopes=key.scope_set,
        networks=key.network_list,
        rate_limit=key.rate_limit,
        revoked=key.revoked_at is not None,
        expires_at=key.expires_at,
        deprecated_at=key.deprecated_at,
        grace_ends_at=key.grace_ends_at,
        scope_version=key.scope_version,
        must_sign=key.app.signing == App.Signing.REQUIRED,
        agent_suspended=bool(key.agent and key.agent.suspended_at),
        agent_revoked=bool(key.agent and key.agent.revoked_at),
        parent=standing(key.parent) if key.parent else None,
    )


def record(question: Question, outcome: Outcome, started: int) -> None:
    """Write the call down. Raises what the database raises, and then there is no answer."""
    calls.write([call_of(question, outcome, (time.perf_counter_ns() - started) // 1000)])


def call_of(question: Question, outcome: Outcome, took_us: int) -> Call:
    """What the record keeps of a question and its outcome."""
    verdict = outcome.verdict
    return Call(
        at=outcome.at,
        method=question.method,
        path=question.path,
        status=verdict.refusal.status if verdict.refusal else outcome.status,
        allowed=verdict.allowed,
        code=verdict.refusal.code if verdict.refusal else "",
        check_failed=verdict.failed,
        detail=keepable(verdict.detail, 300),
        scopes=keepable(str(question.asking.scopes), 500),
        took_us=took_us,
        **outcome.origin.columns(),
        **(_whose(outcome.key, outcome.agent) if outcome.key else {"key_prefix": question.prefix}),
    )


def _whose(key: Standing, agent: Agent | None) -> dict[str, Any]:
    """The columns of a call that name its key, and the agent it counts as: the one named, or the key's own."""
    return {
        "app_id": key.app_id,
        "key_id": key.id,
        "key_prefix": key.prefix,
        "key_name": key.name,
        "agent_id": agent.id if agent else key.agent_id,
        "agent_name": agent.name if agent else key.agent_name,
    }


def _spend_nonce(outcome: Outcome, key: Standing) -> Outcome:
    """Only after the signature held, or anyone could use up the nonces of another."""
    signature = outcome.asking.signature
    if signature is None or signature.absent or nonces.spend(key.id, signature.nonce, outcome.at):
        return outcome
    asking = replace(outcome.asking, signature=replace(signature, replayed=True))
    return replace(outcome, asking=asking, verdict=judge(key, asking, outcome.at))


def _charge(outcome: Outcome, key: Standing, claim: Claim) -> Outcome:
    """Spend a call, find out who the caller is, and judge to the end."""
    allowance = throttle.charge(key.bucket, key.rate_limit, outcome.at)
    outcome = replace(outcome, allowance=allowance)
    if allowance.granted and outcome.asking.signature and outcome.asking.signature.covers_identity:
        outcome = _name_caller(outcome, key, claim)
    return replace(outcome, verdict=judge(key, outcome.asking, outcome.at, allowance))


def _name_caller(outcome: Outcome, key: Standing, claim: Claim) -> Outcome:
    try:
        caller, agent = callers.resolve(
            claim, key.app_id, key.agent_id, speaks_for_agents=key.speaks_for_agents
        )
    except Refusal as stranger:
        return replace(outcome, asking=replace(outcome.asking, stranger=stranger))
    told = outcome.origin.caller
    named = replace(caller, context=told.context, trace_id=told.trace_id)
    return replace(outcome, origin=replace(outcome.origin, caller=named), agent=agent)


def _redigest(key: ApiKey, hashed: bytes) -> None:
    """Move a key to the current pepper, unless someone changed its digest meanwhile. Not an act: no one acted."""
    pepper = plaintext.current_pepper()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE keys_apikey SET digest = %s, pepper = %s WHERE digest = %s",
            [plaintext.digest(hashed, pepper), pepper, plaintext.digest(hashed, key.pepper)],
        )


def _unasked(question: Question) -> Verdict | None:
    refusal = question.refusal
    return Verdict(refusal, "question", refusal.message) if refusal else None


def _deprecation(key: Standing) -> dict[str, str]:
    """Ours, and the standards' (RFC 9745 and RFC 8594)."""
    if key.deprecated_at is None:
        return {}
    ends = [end for end in (key.grace_ends_at, key.expires_at) if end]
    sunset = {"Sunset": http_date(min(ends).timestamp())} if ends else {}
    return {
        "X-Alter-Key-Deprecated": "true",
        "Deprecation": f"@{int(key.deprecated_at.timestamp())}",
        **sunset,
    }
