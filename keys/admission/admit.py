"""The door: may calls made with keys pass? Three steps, look up, judge, record; only then may an answer leave.

Calls that arrive together are treated together: keys/admission/batching/queue.py. /verify asks and answers at once
(gateway.py). The runtime API asks, does what the call wants, and records it with what came of it (runtime_auth.py).
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
from agents.callers import Claim
from agents.models import Agent
from audit import calls
from audit.actors import Origin
from core.clock import now
from core.errors import Refusal
from core.text import keepable
from keys.admission import lookup, nonces, rate_limit
from keys.admission.lookup import KNOWN, Read
from keys.admission.rate_limit import Allowance, Charge
from keys.admission.verdict import Asking, Standing, Verdict, judge, judge_charged

NO_CLAIM = Claim()
NO_KEY = {"app_id": None, "key_id": None, "key_name": "", "agent_id": None, "agent_name": ""}


class Question(NamedTuple):
    """A call someone wants to let pass. The key itself is gone: its hash and its prefix are left."""

    asking: Asking
    hashed: bytes
    prefix: str
    origin: Origin
    method: str
    path: str
    refusal: Refusal | None = None
    """Set when the question itself cannot be taken, whatever the key."""
    claim: Claim = NO_CLAIM
    """Who the caller says it is; looked at only if its word is signed."""


class Outcome(NamedTuple):
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

    def prefix_header(self) -> dict[str, str]:
        """Which key was refused, for a gateway's log. Empty if the caller may not know that there is such a key."""
        return {"X-Alter-Key-Prefix": self.key.prefix} if self.key and self._may_know_its_state else {}

    @property
    def is_unfinished(self) -> bool:
        """Whether it was granted its call, and its signed word on who calls has still to be looked up."""
        signature = self.asking.signature
        return bool(self.allowance and self.allowance.granted and signature and signature.covers_identity)

    @property
    def _may_know_its_state(self) -> bool:
        """A key's state is told to whoever holds it, signs with it if asked to, and only while it has not ended."""
        return self.verdict.failed not in ("format", "known", "signature") and not (
            self.key and self.key.revoked
        )


def settle(
    questions: Sequence[Question], db: BaseDatabaseWrapper = connection, spent: Container[int] = ()
) -> list[Outcome]:
    """Look up and judge questions together; spend their nonces and their places in the minute, in their order.

    Part of the caller's transaction. Whoever asks records them. A caller whose name has to be looked up is not
    known yet: `named()` finishes those. `spent` has the places of those whose nonce they have used up already.
    """
    outcomes = first_look(questions, now(), db)
    _spend_nonces(outcomes, spent, db)
    _charge(outcomes, db)
    return outcomes


def first_look(
    questions: Sequence[Question], moment: datetime, db: BaseDatabaseWrapper, read: Read | None = None
) -> list[Outcome]:
    """Look up the keys and judge as far as the throttle: nothing is spent by this."""
    keys = lookup.look_up({one.hashed for one in questions if one.asking.well_formed}, db, read)
    return [_first_look(one, keys.get(one.hashed), moment) for one in questions]


def nonce_of(outcome: Outcome) -> str:
    """What the nonce that a call uses up is kept under; empty if it uses up none.

    Only if its signature held, or anyone could use up the nonces of another.
    """
    key, signature = outcome.key, outcome.asking.signature
    if key is None or signature is None or signature.absent or "signature" not in outcome.verdict.passed:
        return ""
    return nonces.name_of(key.id, signature.nonce)


@lru_cache(KNOWN)
def charge_of(key: Standing) -> Charge:
    """What a call with this key spends."""
    return Charge.of(key.bucket, key.rate_limit)


def charged(key: Standing, outcome: Outcome, allowance: Allowance) -> Outcome:
    """A call that passed so far, judged to the end with what the throttle said."""
    return Outcome(
        key,
        judge_charged(key, outcome.asking, outcome.at, allowance),
        allowance,
        outcome.asking,
        outcome.origin,
        outcome.at,
    )


def named(question: Question, outcome: Outcome) -> Outcome:
    """The outcome once the caller is known whom a signed question names. Asks the database only if it names one."""
    key = outcome.key
    if key is None or not outcome.is_unfinished:
        return outcome
    outcome = _name_caller(outcome, key, question.claim)
    return outcome._replace(verdict=judge(key, outcome.asking, outcome.at, outcome.allowance))


def record(question: Question, outcome: Outcome, took_us: int) -> None:
    """Write one call down. Raises what the database raises, and then there is no answer."""
    calls.write([line_of(question, outcome, took_us)])


def line_of(question: Question, outcome: Outcome, took_us: int) -> dict[str, Any]:
    """What the record keeps of a question and its outcome: the columns of a call."""
    verdict = outcome.verdict
    return {
        "at": outcome.at,
        "method": question.method,
        "path": question.path,
        "status": verdict.refusal.status if verdict.refusal else outcome.status,
        "allowed": verdict.allowed,
        "code": verdict.refusal.code if verdict.refusal else "",
        "check_failed": verdict.failed,
        "detail": keepable(verdict.detail, 300) if verdict.detail else "",
        "scopes": keepable(str(question.asking.scopes), 500) if question.asking.scopes else "",
        "took_us": took_us,
        **outcome.origin.columns(),
        **(_whose(outcome.key, outcome.agent) if outcome.key else {**NO_KEY, "key_prefix": question.prefix}),
    }


def _whose(key: Standing, agent: Agent | None) -> dict[str, Any]:
    """The columns of a call that name its key, and the agent it counts as: the one named, or the key's own."""
    return {**_own(key), "agent_id": str(agent.id), "agent_name": agent.name} if agent else _own(key)


@lru_cache(KNOWN)
def _own(key: Standing) -> dict[str, Any]:
    return {
        "app_id": str(key.app_id),
        "key_id": str(key.id),
        "key_prefix": key.prefix,
        "key_name": key.name,
        "agent_id": str(key.agent_id) if key.agent_id else None,
        "agent_name": key.agent_name,
    }


def _first_look(question: Question, key: Standing | None, moment: datetime) -> Outcome:
    verdict = _unasked(question) or judge(key, question.asking, moment)
    return Outcome(key, verdict, None, question.asking, question.origin, moment)


def _spend_nonces(outcomes: list[Outcome], spent: Container[int], db: BaseDatabaseWrapper) -> None:
    used = [
        (place, nonce)
        for place, one in enumerate(outcomes)
        if place not in spent and (nonce := nonce_of(one))
    ]
    if not used:
        return
    firsts = nonces.spend_all([nonce for _, nonce in used], outcomes[0].at, db)
    for (place, _), first in zip(used, firsts, strict=True):
        if not first:
            outcomes[place] = _replayed(outcomes[place])


def _replayed(outcome: Outcome) -> Outcome:
    asking = outcome.asking
    signature = replace(asking.signature, replayed=True) if asking.signature else None
    asking = asking._replace(signature=signature)
    return outcome._replace(asking=asking, verdict=judge(outcome.key, asking, outcome.at))


def _charge(outcomes: list[Outcome], db: BaseDatabaseWrapper) -> None:
    """Spend a call for each that passed so far, and judge those to the end."""
    passed = [(place, one.key) for place, one in enumerate(outcomes) if one.key and one.verdict.allowed]
    if not passed:
        return
    charges = [charge_of(key) for _, key in passed]
    allowances = rate_limit.charge_all(charges, outcomes[0].at, db)
    for (place, key), allowance in zip(passed, allowances, strict=True):
        outcomes[place] = charged(key, outcomes[place], allowance)


def _name_caller(outcome: Outcome, key: Standing, claim: Claim) -> Outcome:
    try:
        caller, agent = callers.resolve(
            claim, key.app_id, key.agent_id, speaks_for_agents=key.speaks_for_agents
        )
    except Refusal as stranger:
        return outcome._replace(asking=outcome.asking._replace(stranger=stranger))
    told = outcome.origin.caller
    named = replace(caller, context=told.context, trace_id=told.trace_id)
    return outcome._replace(origin=outcome.origin._replace(caller=named), agent=agent)


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
