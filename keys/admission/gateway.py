"""/verify: any service asks here whether a call made with a key may pass (protocol.md sections 2 to 4, 8).

It works as the target of nginx `auth_request`, Traefik `forwardAuth` and Caddy `forward_auth`.
"""

import json
import logging
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.exceptions import TooManyFieldsSent
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.views.decorators.csrf import csrf_exempt

from audit.origins import origin_of, request_id
from core.addresses import parse_address
from core.choices import strangers
from core.errors import REFUSED, BadRequest, Internal, Invalid, MethodNotAllowed, Refusal, amounts_to
from core.text import HTTP_WHITESPACE, keepable, path_of
from keyformat import grammar
from keys import errors, plaintext
from keys.admission import constraints, request_target, signatures
from keys.admission.admit import Outcome, Question
from keys.admission.batching.pending_call import Deliver, Ticket
from keys.admission.batching.queue import gathering
from keys.admission.lookup import KNOWN
from keys.admission.verdict import Asking, Standing, granted
from keys.gateways import call_facts
from keys.gateways.call_facts import CallFacts
from keys.scopes import ScopeSet, parse_scopes

log = logging.getLogger(__name__)
METHODS = ("GET", "HEAD", "POST")
ADDRESSES = ("QUERY_STRING", *call_facts.ADDRESSES)
"""Where a key may have been put by mistake: in our own address, or in that of the service, whoever says so."""
PARAMETERS = ("scope", "signature")
"""What a gateway may ask for in the query. What it asks for by another name would not be looked at, and let pass."""
MAX_SCOPES_LENGTH = 2048
"""Characters of the header X-Alter-Scopes: gateways keep all headers of an answer in one small buffer."""


TOLD = {name: f"HTTP_{name.upper().replace('-', '_')}" for name in signatures.EVERY}
"""The headers of a signature, and what a WSGI environment calls them."""
SIGNED = tuple(TOLD[name] for name in signatures.HEADERS)


class Answer(NamedTuple):
    """What is sent back: a status, headers, and JSON."""

    status: int
    headers: dict[str, str]
    body: bytes


@csrf_exempt
def verify(request: HttpRequest) -> HttpResponseBase:
    """GET, HEAD or POST /verify: may the call that carries this `x-api-key` pass?"""
    told = answer(request.META, within=connection.in_atomic_block)
    return HttpResponse(told.body, status=told.status, headers=told.headers)


def answer(meta: Mapping[str, Any], *, within: bool = False) -> Answer:
    """The answer to a request to /verify, from its WSGI environment alone. Raises nothing.

    `within`: whether whoever asks is in a transaction.
    """
    started = time.perf_counter_ns()
    try:
        told: Answer = gathering.ask(lambda: read(meta), tell, started, whole=True, within=within)
    except Exception as error:
        return failed(meta, error)
    return told


def submit(meta: Mapping[str, Any], started: int, deliver: Deliver) -> Ticket | Answer:
    """The same for an event loop, which must not wait: `deliver` gets the ticket, and `came()` its answer.

    An Answer, if there is one already. Raises nothing.
    """
    try:
        return gathering.submit(lambda: read(meta), tell, started, deliver)
    except Exception as error:
        return failed(meta, error)


def came(ticket: Ticket, meta: Mapping[str, Any]) -> Answer:
    """The answer to a call that was submitted, once it was delivered. Raises nothing."""
    try:
        told: Answer = ticket.came()
    except Exception as error:
        return failed(meta, error)
    return told


def failed(meta: Mapping[str, Any], error: Exception) -> Answer:
    """The answer to a call that could not be judged or not be recorded."""
    refusal, headers = amounts_to(error), {"X-Request-Id": request_id(meta)}
    if refusal is None:
        log.error("the door failed at request %s", headers["X-Request-Id"], exc_info=error)
    return _json(refusal or Internal(), headers)


def tell(question: Question, outcome: Outcome) -> Answer:
    """The answer, once its row is on disk."""
    headers = {"X-Request-Id": question.origin.request_id, **outcome.headers()}
    refusal, key = outcome.verdict.refusal, outcome.key
    if isinstance(refusal, MethodNotAllowed):
        headers["Allow"] = ", ".join(METHODS)
    if refusal or key is None:
        return _json(refusal or Internal(), {**headers, **outcome.prefix_header()})
    asking = outcome.asking
    identity, body = _yes(key) if asking.constraints is None else _yes_with(key, granted(key, asking))
    return Answer(200, {**headers, **identity}, body)


def read(meta: Mapping[str, Any]) -> Question:
    """The question a request asks. Raises Unavailable."""
    addresses = "".join([f"{meta[name]} " for name in ADDRESSES if name in meta])
    exposed = plaintext.find_in_address(addresses)
    presented = exposed or _presented(meta)
    wanted, must_sign, refusal = _wanted(str(meta.get("QUERY_STRING", "")))
    origin = origin_of(meta, "door")
    called = call_facts.read(meta)
    asking = Asking(bool(presented), grammar.is_key(presented), parse_address(origin.ip), wanted)
    if must_sign or any(name in meta for name in SIGNED):
        asking = _with_signature(asking, meta, called, presented)._replace(must_sign=must_sign)
    return Question(
        asking=asking,
        hashed=plaintext.sha256(presented),
        prefix=grammar.prefix_of(presented),
        origin=origin,
        method=keepable(called.method, 16),
        path=path_of(called.target or str(meta.get("PATH_INFO", ""))),
        refusal=meta.get(REFUSED)
        or (errors.KeyInUrl() if exposed else called.refusal or _method(meta) or refusal),
    )


def _method(meta: Mapping[str, Any]) -> Refusal | None:
    return None if meta.get("REQUEST_METHOD") in METHODS else MethodNotAllowed()


def _with_signature(asking: Asking, meta: Mapping[str, Any], called: CallFacts, key: str) -> Asking:
    """`asking` with what the call's signature comes to. What was signed is the call that a gateway asks about, if one
    does, and not that to us."""
    headers = {name: str(meta[told]) for name, told in TOLD.items() if told in meta}
    target = (
        request_target.parse_service(called.target) if called.target else request_target.from_environ(meta)
    )
    request = signatures.Request(called.method, target.path, target.query, None, headers, target.ambiguous)
    narrowed, flaw = constraints.read(headers)
    return asking._replace(signature=signatures.read(request, key), constraints=narrowed, flaw=flaw)


def _presented(meta: Mapping[str, Any]) -> str:
    bearer = str(meta.get("HTTP_AUTHORIZATION", ""))
    bearer = bearer[7:] if bearer[:7].lower() == "bearer " else ""
    return str(meta.get("HTTP_X_API_KEY", "") or bearer).strip(HTTP_WHITESPACE)


def _wanted(query: str) -> tuple[ScopeSet, bool, Refusal | None]:
    """The scopes asked for, whether a signature is, or why they cannot be taken: then the gateway's set-up is at fault,
    not the caller. A query is read as Django reads one."""
    if not query:
        return ScopeSet(()), False, None
    try:
        told = QueryDict(query.encode("latin-1", "replace"))
        if flaws := strangers({**dict(told.lists()), "scope": []}, PARAMETERS):
            raise Invalid(*flaws[0])
        scopes, signature = told.getlist("scope"), told.getlist("signature")
        if signature and set(signature) != {"required"}:
            raise Invalid("signature", "Say signature=required, or leave it out.")
        return parse_scopes(scopes) if scopes else ScopeSet(()), bool(signature), None
    except TooManyFieldsSent:
        return ScopeSet(()), False, BadRequest()
    except Invalid as invalid:
        return ScopeSet(()), False, invalid


@lru_cache(KNOWN)
def _yes(key: Standing) -> tuple[dict[str, str], bytes]:
    """What is told of a key that passes, in headers and in JSON. It follows from the key alone."""
    return _yes_with(key, key.effective_scopes)


def _yes_with(key: Standing, scopes: ScopeSet) -> tuple[dict[str, str], bytes]:
    """The same of a call that may do no more than `scopes`."""
    agent = {"X-Alter-Agent-Id": str(key.agent_id)} if key.agent_id else {}
    told = str(scopes)
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Alter-Key-Id": str(key.id),
        "X-Alter-Key-Prefix": key.prefix,
        "X-Alter-App-Id": str(key.app_id),
        **agent,
        # None rather than a part: whoever reads the header would take the part for the whole.
        **({"X-Alter-Scopes": told} if len(told) <= MAX_SCOPES_LENGTH else {}),
    }
    body = {
        "allowed": True,
        "key_id": str(key.id),
        "key_prefix": key.prefix,
        "app_id": str(key.app_id),
        "agent_id": str(key.agent_id) if key.agent_id else None,
        "scopes": scopes.names(),
    }
    return headers, json.dumps(body).encode()


def _json(refusal: Refusal, headers: dict[str, str]) -> Answer:
    # The code in a header, too: nginx's auth_request drops the body.
    told = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Refusal-Code": refusal.code,
        **headers,
        **refusal.headers(),
    }
    return Answer(refusal.status, told, json.dumps(refusal.body()).encode())
