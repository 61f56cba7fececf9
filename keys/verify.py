"""GET or POST /verify: any service asks here whether a call made with a key may pass (protocol.md sections 2 to 4, 8).

It works as the target of nginx `auth_request`, Traefik `forwardAuth` and Caddy `forward_auth`.
"""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.views.decorators.csrf import csrf_exempt

from audit.addresses import parse_address
from audit.origins import origin_of
from audit.refusals import BadRequest, Internal, Invalid, MethodNotAllowed, Refusal, amounts_to
from audit.text import keepable, path_of
from keys import plaintext, refusals
from keys.batch import gathering
from keys.door import Outcome, Question
from keys.scopes import ScopeSet, parse_scopes
from keys.verdict import Asking, Standing

log = logging.getLogger(__name__)
ADDRESSES = ("QUERY_STRING", "HTTP_X_ORIGINAL_URI", "HTTP_X_FORWARDED_URI")
"""Where a key may have been put by mistake: in our own address, or in that of the service behind the gateway."""


class Answer(NamedTuple):
    """What is sent back: a status, headers, and JSON."""

    status: int
    headers: dict[str, str]
    body: bytes


@csrf_exempt
def verify(request: HttpRequest) -> HttpResponseBase:
    """GET or POST /verify: may the call that carries this `x-api-key` pass?"""
    told = answer(request.META)
    return HttpResponse(told.body, status=told.status, headers=told.headers)


def answer(meta: Mapping[str, Any]) -> Answer:
    """The answer to a request to /verify, from its WSGI environment alone. Raises nothing."""
    started = time.perf_counter_ns()
    if meta.get("REQUEST_METHOD") not in ("GET", "POST"):
        return _json(MethodNotAllowed(), {"Allow": "GET, POST"})
    try:
        question = read(meta, _scopes(str(meta.get("QUERY_STRING", ""))))
    except TooManyFieldsSent:
        return _json(BadRequest(), {})
    headers = {"X-Request-Id": question.origin.request_id}
    try:
        outcome = gathering.ask(question, started, whole=True)
    except Exception as error:
        refusal = amounts_to(error)
        if refusal is None:
            log.exception("the door failed at request %s", question.origin.request_id)
        return _json(refusal or Internal(), headers)
    headers |= _headers(outcome)
    return _json(outcome.verdict.refusal or _facts(outcome), headers)


def _scopes(query: str) -> list[str]:
    """The scopes a query asks for, read as Django reads one."""
    return QueryDict(query.encode("latin-1", "replace")).getlist("scope") if query else []


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
    key = outcome.key
    identity = _identity(key) if key and outcome.verdict.allowed else {}
    return {**outcome.headers(), **identity}


def _identity(key: Standing) -> dict[str, str]:
    agent = {"X-Alter-Agent-Id": str(key.agent_id)} if key.agent_id else {}
    return {
        "X-Alter-Key-Id": str(key.id),
        "X-Alter-Key-Prefix": key.prefix,
        "X-Alter-App-Id": str(key.app_id),
        **agent,
        "X-Alter-Scopes": str(key.effective_scopes),
    }


def _json(what: Refusal | dict[str, Any], headers: dict[str, str]) -> Answer:
    told = {"Content-Type": "application/json", "Cache-Control": "no-store", **headers}
    if isinstance(what, Refusal):
        return Answer(what.status, told | what.headers(), json.dumps(what.body()).encode())
    return Answer(200, told, json.dumps(what).encode())
