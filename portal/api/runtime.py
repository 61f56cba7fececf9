"""What is done around each call to the runtime API: it is judged, carried out, recorded and answered.

What the call did and the record of it are one transaction: if either fails, neither is there.
"""

import time

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import ResolverMatch

from core.errors import NotFound, Refusal
from keys.admission import runtime_auth
from keys.admission.runtime_auth import Needs, RuntimeCall
from portal.api import json_responses, runtime_routes
from portal.api.json_responses import NoRoute
from portal.error_responses import respond

DOCUMENT = "/sdk/openapi.json"


def serve(request: HttpRequest) -> HttpResponseBase:
    """The answer to a request below /sdk/."""
    return json_responses.guarded(request, document if request.path_info == DOCUMENT else _call)


def document(request: HttpRequest) -> HttpResponseBase:
    """GET /sdk/openapi.json, for anyone. Named in portal/urls.py; answered before it comes to that."""
    return json_responses.show(request, runtime_routes.openapi())


def _call(request: HttpRequest) -> HttpResponseBase:
    started = time.perf_counter_ns()
    match, needs, missing = _routed(request)
    if missing and not runtime_auth.presented_key(request):
        raise missing
    call = runtime_auth.admit(request, needs, match.kwargs if match else {}, started)
    if refusal := call.decision.verdict.refusal:
        response: HttpResponseBase = respond(request, refusal)
    else:
        response = _carry_out(request, call, match, needs, missing)
    for name, value in call.decision.headers().items():
        response[name] = value
    return response


def _carry_out(
    request: HttpRequest,
    call: RuntimeCall,
    match: ResolverMatch | None,
    needs: Needs | None,
    missing: NoRoute | None,
) -> HttpResponseBase:
    with transaction.atomic():
        before = transaction.savepoint()
        if match is None or needs is None:
            response: HttpResponseBase = (missing or NoRoute(NotFound())).answer(request)
        else:
            runtime_auth.set_actor(request, call, needs)
            response = _answered(request, match)
        if response.status_code >= 400:
            transaction.savepoint_rollback(before)
        runtime_auth.record(call, response.status_code, getattr(request, "refusal", None))
    return response


def _answered(request: HttpRequest, match: ResolverMatch) -> HttpResponseBase:
    """What the view says, if the query has only what it takes."""
    try:
        json_responses.require_names(request, runtime_routes.query_names()[match.route, str(request.method)])
    except Refusal as refusal:
        return json_responses.refuse(request, refusal)
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response


def _routed(request: HttpRequest) -> tuple[ResolverMatch | None, Needs | None, NoRoute | None]:
    """Where a request leads and what that needs, or why it leads nowhere."""
    try:
        return *json_responses.find(request, runtime_routes.NEEDS), None
    except NoRoute as missing:
        return None, None, missing
