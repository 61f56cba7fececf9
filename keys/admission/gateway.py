"""/verify: tells a service or a gateway whether a call made with a key may pass (docs/verify.md).

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
from core.choices import unknown_names
from core.errors import REFUSED, BadRequest, Internal, Invalid, MethodNotAllowed, Refusal, as_refusal
from core.text import HTTP_WHITESPACE, path_of, sanitize
from keyformat import grammar
from keys import plaintext
from keys.admission import call_errors, constraints, request_target, signatures
from keys.admission.admit import CallRequest, Decision
from keys.admission.batching.pending_call import Deliver, PendingCall
from keys.admission.batching.queue import call_queue
from keys.admission.lookup import SNAPSHOT_CACHE_SIZE
from keys.admission.verdict import CheckInput, KeySnapshot, granted_scopes
from keys.gateways import call_facts
from keys.gateways.call_facts import CallFacts
from keys.scopes import ScopeSet, parse_required

log = logging.getLogger(__name__)
METHODS = ("GET", "HEAD", "POST")
URL_VARIABLES = ("QUERY_STRING", *call_facts.ADDRESSES)
"""Where a key may stand by mistake: in our own URL, or in the one that a gateway forwards."""
QUERY_PARAMETERS = ("scope", "signature")
"""The parameters a gateway may send. Others are refused: ignored, they would let pass what was meant to be checked."""
MAX_SCOPES_LENGTH = 2048
"""Characters of the header X-Alter-Scopes: gateways buffer all headers of an answer in a few KiB."""


VARIABLES = {name: f"HTTP_{name.upper().replace('-', '_')}" for name in signatures.EVERY}
"""Each header of a signature and its name in a WSGI environment."""
SIGNATURE_VARIABLES = tuple(VARIABLES[name] for name in signatures.HEADERS)


class Answer(NamedTuple):
    """The response: status, headers and JSON body."""

    status: int
    headers: dict[str, str]
    body: bytes


@csrf_exempt
def verify(request: HttpRequest) -> HttpResponseBase:
    """GET, HEAD or POST /verify: may the call that carries this `x-api-key` pass?"""
    answered = answer(request.META, in_transaction=connection.in_atomic_block)
    return HttpResponse(answered.body, status=answered.status, headers=answered.headers)


def answer(meta: Mapping[str, Any], *, in_transaction: bool = False) -> Answer:
    """The answer to a request to /verify, from its WSGI environment alone. Raises nothing.

    `in_transaction`: whether the caller is in a transaction, which then holds the row of this call too.
    """
    started = time.perf_counter_ns()
    try:
        answered: Answer = call_queue.submit_and_wait(
            lambda: read_request(meta),
            make_answer,
            started,
            record_in_batch=True,
            in_transaction=in_transaction,
        )
    except Exception as error:
        return failure_answer(meta, error)
    return answered


def submit(meta: Mapping[str, Any], started: int, deliver: Deliver) -> PendingCall | Answer:
    """Enqueue a call for an event loop, which must not block; `deliver` gets it when `result_of()` has its answer.

    Returns an Answer if there is one at once. Raises nothing.
    """
    try:
        return call_queue.submit(lambda: read_request(meta), make_answer, started, deliver)
    except Exception as error:
        return failure_answer(meta, error)


def result_of(pending: PendingCall, meta: Mapping[str, Any]) -> Answer:
    """The answer to a submitted call after its delivery. Raises nothing."""
    try:
        answered: Answer = pending.result()
    except Exception as error:
        return failure_answer(meta, error)
    return answered


def failure_answer(meta: Mapping[str, Any], error: Exception) -> Answer:
    """The answer to a call that could not be judged or not be recorded."""
    refusal, headers = as_refusal(error), {"X-Request-Id": request_id(meta)}
    if refusal is None:
        log.error("the verify endpoint failed at request %s", headers["X-Request-Id"], exc_info=error)
    return _refusal_answer(refusal or Internal(), headers)


def make_answer(request: CallRequest, decision: Decision) -> Answer:
    """The answer to a decided call."""
    headers = {"X-Request-Id": request.origin.request_id, **decision.headers()}
    refusal, key = decision.verdict.refusal, decision.key
    if isinstance(refusal, MethodNotAllowed):
        headers["Allow"] = ", ".join(METHODS)
    if refusal or key is None:
        return _refusal_answer(refusal or Internal(), {**headers, **decision.prefix_header()})
    check_input = decision.check_input
    identity, body = (
        _allowed_answer(key)
        if check_input.constraints is None
        else _allowed_answer_with(key, granted_scopes(key, check_input))
    )
    return Answer(200, {**headers, **identity}, body)


def read_request(meta: Mapping[str, Any]) -> CallRequest:
    """The call request in a WSGI environment. Raises Unavailable."""
    addresses = "".join([f"{meta[name]} " for name in URL_VARIABLES if name in meta])
    exposed = plaintext.find_in_address(addresses)
    presented = exposed or _presented(meta)
    required, must_sign, refusal = _parse_query(str(meta.get("QUERY_STRING", "")))
    origin = origin_of(
        meta, "door"
    )  # sealed in every call's row, so the verify endpoint keeps its first name here
    called = call_facts.read(meta)
    check_input = CheckInput(bool(presented), grammar.is_key(presented), parse_address(origin.ip), required)
    if must_sign or any(name in meta for name in SIGNATURE_VARIABLES):
        check_input = _with_signature(check_input, meta, called, presented)._replace(must_sign=must_sign)
    return CallRequest(
        check_input=check_input,
        key_hash=plaintext.sha256(presented),
        prefix=grammar.prefix_of(presented),
        origin=origin,
        method=sanitize(called.method, 16),
        path=path_of(called.target or str(meta.get("PATH_INFO", ""))),
        refusal=meta.get(REFUSED)
        or (call_errors.KeyInUrl() if exposed else called.refusal or _method(meta) or refusal),
    )


def _method(meta: Mapping[str, Any]) -> Refusal | None:
    return None if meta.get("REQUEST_METHOD") in METHODS else MethodNotAllowed()


def _with_signature(
    check_input: CheckInput, meta: Mapping[str, Any], called: CallFacts, key: str
) -> CheckInput:
    """`check_input` with the call's signature. A gateway's caller signed the call to the service, not that to us."""
    headers = {name: str(meta[variable]) for name, variable in VARIABLES.items() if variable in meta}
    target = (
        request_target.parse_service(called.target) if called.target else request_target.from_environ(meta)
    )
    request = signatures.Request(called.method, target.path, target.query, None, headers, target.ambiguous)
    narrowed, constraints_error = constraints.read(headers)
    return check_input._replace(
        signature=signatures.read(request, key), constraints=narrowed, constraints_error=constraints_error
    )


def _presented(meta: Mapping[str, Any]) -> str:
    bearer = str(meta.get("HTTP_AUTHORIZATION", ""))
    bearer = bearer[7:] if bearer[:7].lower() == "bearer " else ""
    return str(meta.get("HTTP_X_API_KEY", "") or bearer).strip(HTTP_WHITESPACE)


def _parse_query(query: str) -> tuple[ScopeSet, bool, Refusal | None]:
    """The required scopes, whether a signature is required, and the refusal of a query that is wrong.

    A wrong query is the fault of the gateway's configuration, not of the caller."""
    if not query:
        return ScopeSet(()), False, None
    try:
        query_values = QueryDict(query.encode("latin-1", "replace"))
        if errors := unknown_names({**dict(query_values.lists()), "scope": []}, QUERY_PARAMETERS):
            raise Invalid(*errors[0])
        scopes, signature = query_values.getlist("scope"), query_values.getlist("signature")
        if signature and set(signature) != {"required"}:
            raise Invalid("signature", "Use signature=required, or omit it.")
        return parse_required(scopes) if scopes else ScopeSet(()), bool(signature), None
    except TooManyFieldsSent:
        return ScopeSet(()), False, BadRequest()
    except Invalid as invalid:
        return ScopeSet(()), False, invalid


@lru_cache(SNAPSHOT_CACHE_SIZE)
def _allowed_answer(key: KeySnapshot) -> tuple[dict[str, str], bytes]:
    """Headers and body that say yes to a call with this key. They follow from the key alone, hence the cache."""
    return _allowed_answer_with(key, key.effective_scopes)


def _allowed_answer_with(key: KeySnapshot, scopes: ScopeSet) -> tuple[dict[str, str], bytes]:
    """Headers and body that say yes to a call narrowed to `scopes`."""
    agent = {"X-Alter-Agent-Id": str(key.agent_id)} if key.agent_id else {}
    scope_list = str(scopes)
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Alter-Key-Id": str(key.id),
        "X-Alter-Key-Prefix": key.prefix,
        "X-Alter-App-Id": str(key.app_id),
        **agent,
        # Left out rather than cut: a reader would take the part for the whole.
        **({"X-Alter-Scopes": scope_list} if len(scope_list) <= MAX_SCOPES_LENGTH else {}),
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


def _refusal_answer(refusal: Refusal, headers: dict[str, str]) -> Answer:
    # The code in a header, too: nginx's auth_request drops the body.
    all_headers = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Refusal-Code": refusal.code,
        **headers,
        **refusal.headers(),
    }
    return Answer(refusal.status, all_headers, json.dumps(refusal.body()).encode())
