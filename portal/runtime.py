"""What is done around each call to the runtime API: it is judged, carried out, recorded and answered.

What the call did and the record of it are one transaction: if either fails, neither is there.
"""

import time
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import Resolver404, ResolverMatch, resolve

from audit.refusals import MethodNotAllowed, NotFound, Refusal
from keys import gate
from keys.gate import Arrival, Needs
from portal import sdk
from portal.json_faces import refusal_of
from portal.refusals import respond

DOCUMENT = "/sdk/openapi.json"


class NoRoute(Exception):
    """There is nothing at this address, or not for this method."""

    def __init__(self, refusal: Refusal, allowed: Mapping[str, Any] | None = None) -> None:
        self.refusal, self.allow = refusal, ", ".join(allowed or ())


def serve(request: HttpRequest) -> HttpResponseBase:
    """The answer to a request below /sdk/."""
    started = time.perf_counter_ns()
    try:
        response = _document(request) if request.path_info == DOCUMENT else _call(request, started)
    except Exception as error:
        response = respond(request, refusal_of(error))
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def document(request: HttpRequest) -> HttpResponseBase:
    """GET /sdk/openapi.json, for anyone. Named in portal/urls.py; answered before it comes to that."""
    return JsonResponse(sdk.openapi())


def _document(request: HttpRequest) -> HttpResponseBase:
    if request.method not in ("GET", "HEAD"):
        return _no_route(request, NoRoute(MethodNotAllowed(), {"GET": None}))
    return document(request)


def _call(request: HttpRequest, started: int) -> HttpResponseBase:
    match, needs, missing = _routed(request)
    if missing and not gate.presented(request):
        return _no_route(request, missing)
    arrival = gate.admit(request, needs, match.kwargs if match else {}, started)
    if refusal := arrival.outcome.verdict.refusal:
        response: HttpResponseBase = respond(request, refusal)
    else:
        response = _carry_out(request, arrival, match, needs, missing)
    for name, value in arrival.outcome.headers().items():
        response[name] = value
    response["X-Request-Id"] = arrival.question.origin.request_id
    return response


def _carry_out(
    request: HttpRequest,
    arrival: Arrival,
    match: ResolverMatch | None,
    needs: Needs | None,
    missing: NoRoute | None,
) -> HttpResponseBase:
    with transaction.atomic():
        before = transaction.savepoint()
        if missing or match is None or needs is None:
            response = _no_route(request, missing or NoRoute(NotFound()))
        else:
            gate.let_in(request, arrival, needs)
            response = match.func(request, *match.args, **match.kwargs)
        if response.status_code >= 400:
            transaction.savepoint_rollback(before)
        gate.record(arrival, response.status_code, getattr(request, "refusal", None))
    return response


def _routed(request: HttpRequest) -> tuple[ResolverMatch | None, Needs | None, NoRoute | None]:
    """Where a request leads and what that needs, or why it leads nowhere."""
    try:
        match = resolve(request.path_info)
        methods = sdk.NEEDS[match.route]
    except (Resolver404, KeyError):
        return None, None, NoRoute(NotFound())
    needs = methods.get(str(request.method))
    return match, needs, None if needs else NoRoute(MethodNotAllowed(), methods)


def _no_route(request: HttpRequest, missing: NoRoute) -> HttpResponseBase:
    request.refusal = missing.refusal  # type: ignore[attr-defined]
    response = respond(request, missing.refusal)
    if missing.allow:
        response["Allow"] = missing.allow
    return response
