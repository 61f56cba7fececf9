"""The door: any service asks here whether a call made with a key may pass (protocol.md sections 2 to 4, and 8).

Three steps, look up, judge, record; only then may the answer leave. It works as the target of nginx
`auth_request`, Traefik `forwardAuth` and Caddy `forward_auth`.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt

from audit import calls
from audit.actors import Origin
from audit.addresses import parse_address
from audit.clock import now
from audit.models import Call
from audit.origins import origin_of
from audit.refusals import Invalid, MethodNotAllowed, Refusal, amounts_to
from audit.text import keepable, path_of
from keys import plaintext, refusals, throttle
from keys.models import ApiKey
from keys.scopes import ScopeSet, parse_scopes
from keys.throttle import Allowance
from keys.verdict import Asking, Standing, Verdict, judge

ADDRESSES = ("QUERY_STRING", "HTTP_X_ORIGINAL_URI", "HTTP_X_FORWARDED_URI")
"""Where a key may have been put by mistake: in our own address, or in that of the service behind the gateway."""


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question."""

    key: Standing | None
    verdict: Verdict
    allowance: Allowance | None


@csrf_exempt
def verify(request: HttpRequest) -> HttpResponseBase:
    """GET or POST /verify: may the call that carries this `x-api-key` pass?"""
    started = time.perf_counter_ns()
    if request.method not in ("GET", "POST"):
        return _json(MethodNotAllowed(), {"Allow": "GET, POST"})
    question = read(request.META, request.GET.getlist("scope"))
    try:
        outcome = answer(question, started)
    except Exception as error:
        if refusal := amounts_to(error):
            return _json(refusal, {})
        raise
    headers = {"X-Request-Id": question.origin.request_id, **_headers(outcome)}
    if outcome.verdict.refusal:
        return _json(outcome.verdict.refusal, headers)
    return _json(_facts(outcome), headers)


def read(meta: Mapping[str, Any], scopes: Sequence[str]) -> Question:
    """The question a request asks. `scopes` are required of the key."""
    exposed = plaintext.find(unquote_plus(" ".join(str(meta.get(name, "")) for name in ADDRESSES)))
    presented = exposed or _presented(meta)
    wanted, refusal = _wanted(scopes)
    origin = origin_of(meta, "door")
    return Question(
        asking=Asking(bool(presented), plaintext.is_well_formed(presented), parse_address(origin.ip), wanted),
        hashed=plaintext.sha256(presented),
        prefix=plaintext.prefix_of(presented),
        origin=origin,
        method=keepable(
            _first(meta, "HTTP_X_ORIGINAL_METHOD", "HTTP_X_FORWARDED_METHOD", "REQUEST_METHOD"), 16
        ),
        path=path_of(_first(meta, "HTTP_X_ORIGINAL_URI", "HTTP_X_FORWARDED_URI", "PATH_INFO")),
        refusal=refusals.KeyInUrl() if exposed else refusal,
    )


def answer(question: Question, started: int) -> Outcome:
    """Look up, judge and record one question. `started` is perf_counter_ns at its arrival."""
    moment = now()
    key = look_up(question.hashed) if question.asking.well_formed else None
    verdict, allowance = _unasked(question), None
    with transaction.atomic():
        if verdict is None:
            verdict = judge(key, question.asking, moment)
        if verdict.allowed and key:
            allowance = throttle.charge(key.bucket, key.rate_limit, moment)
            verdict = judge(key, question.asking, moment, allowance)
        outcome = Outcome(key, verdict, allowance)
        record(question, outcome, moment, started)
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
        agent_suspended=bool(key.agent and key.agent.suspended_at),
        agent_revoked=bool(key.agent and key.agent.revoked_at),
        parent=standing(key.parent) if key.parent else None,
    )


def record(question: Question, outcome: Outcome, moment: datetime, started: int) -> None:
    """Write the call down. Raises what the database raises, and then there is no answer."""
    calls.write([call_of(question, outcome, moment, (time.perf_counter_ns() - started) // 1000)])


def call_of(question: Question, outcome: Outcome, moment: datetime, took_us: int) -> Call:
    """What the record keeps of a question and its outcome."""
    key, verdict = outcome.key, outcome.verdict
    known = (
        {
            "app_id": key.app_id,
            "key_id": key.id,
            "key_prefix": key.prefix,
            "key_name": key.name,
            "agent_id": key.agent_id,
            "agent_name": key.agent_name,
        }
        if key
        else {"key_prefix": question.prefix}
    )
    return Call(
        at=moment,
        via=question.origin.via,
        ip=question.origin.ip,
        user_agent=question.origin.user_agent,
        request_id=question.origin.request_id,
        method=question.method,
        path=question.path,
        status=verdict.refusal.status if verdict.refusal else 200,
        allowed=verdict.allowed,
        code=verdict.refusal.code if verdict.refusal else "",
        check_failed=verdict.failed,
        detail=keepable(verdict.detail, 300),
        scopes=keepable(str(question.asking.scopes), 500),
        took_us=took_us,
        **known,
    )


def _redigest(key: ApiKey, hashed: bytes) -> None:
    """Move a key to the current pepper, unless someone changed its digest meanwhile. Not an act: no one acted."""
    pepper = plaintext.current_pepper()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE keys_apikey SET digest = %s, pepper = %s WHERE digest = %s",
            [plaintext.digest(hashed, pepper), pepper, plaintext.digest(hashed, key.pepper)],
        )


def _presented(meta: Mapping[str, Any]) -> str:
    bearer = str(meta.get("HTTP_AUTHORIZATION", ""))
    bearer = bearer[7:] if bearer[:7].lower() == "bearer " else ""
    return str(meta.get("HTTP_X_API_KEY", "") or bearer).strip()


def _wanted(scopes: Sequence[str]) -> tuple[ScopeSet, Refusal | None]:
    """The scopes asked for, or why they cannot be taken: then the gateway's set-up is at fault, not the caller."""
    try:
        return (parse_scopes(scopes) if scopes else ScopeSet(())), None
    except Invalid as invalid:
        return ScopeSet(()), invalid


def _unasked(question: Question) -> Verdict | None:
    refusal = question.refusal
    return Verdict(refusal, "question", refusal.message) if refusal else None


def _first(meta: Mapping[str, Any], *names: str) -> str:
    return next((str(meta[name]) for name in names if meta.get(name)), "")


def _facts(outcome: Outcome) -> dict[str, Any]:
    key = outcome.key
    if key is None:
        raise TypeError("a call without a key is never allowed")
    return {
        "allowed": True,
        "key_id": str(key.id),
        "key_prefix": key.prefix,
        "app_id": str(key.app_id),
        "agent_id": str(key.agent_id) if key.agent_id else None,
        "scopes": key.effective_scopes.names(),
    }


def _headers(outcome: Outcome) -> dict[str, str]:
    key, verdict = outcome.key, outcome.verdict
    headers = outcome.allowance.headers() if outcome.allowance else {}
    if key is None or key.revoked:
        return headers
    if verdict.allowed:
        headers |= _identity(key)
    if key.deprecated_at:
        headers |= _deprecation(key, key.deprecated_at)
    return headers


def _identity(key: Standing) -> dict[str, str]:
    agent = {"X-Alter-Agent-Id": str(key.agent_id)} if key.agent_id else {}
    return {
        "X-Alter-Key-Id": str(key.id),
        "X-Alter-Key-Prefix": key.prefix,
        "X-Alter-App-Id": str(key.app_id),
        **agent,
        "X-Alter-Scopes": str(key.effective_scopes),
    }


def _deprecation(key: Standing, since: datetime) -> dict[str, str]:
    """Ours, and the standards' (RFC 9745 and RFC 8594)."""
    ends = [end for end in (key.grace_ends_at, key.expires_at) if end]
    sunset = {"Sunset": http_date(min(ends).timestamp())} if ends else {}
    return {"X-Alter-Key-Deprecated": "true", "Deprecation": f"@{int(since.timestamp())}", **sunset}


def _json(what: Refusal | dict[str, Any], headers: dict[str, str]) -> HttpResponseBase:
    if isinstance(what, Refusal):
        status, body, headers = what.status, what.body(), {**headers, **what.headers()}
    else:
        status, body = 200, what
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store", **headers})
