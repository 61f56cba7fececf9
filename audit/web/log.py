"""The audit log page."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit.requests import TenantRequest
from audit.search.filter_form import PLACES, FilterForm
from audit.search.live import arrived, parse_position
from audit.web.log_page import LogQuery, look
from audit.web.time_zones import COOKIE, in_readers_zone, to_utc
from core.errors import Invalid
from core.query_timeout import query_timeout


@require_GET
@in_readers_zone
def timeline(request: TenantRequest) -> HttpResponse:
    """The events and requests of an app that match the filters, newest first."""
    picked = COOKIE in request.GET
    form = FilterForm(to_utc(request.GET) if picked else request.GET)
    if form.held_a_secret or (picked and not form.data["q"]):
        return HttpResponseRedirect(request.path + form.address(q=form.data["q"]))
    typed = form.with_typed(request.app.id)
    if typed is not form:
        return HttpResponseRedirect(request.path + typed.address())
    query = LogQuery(*(request.GET.get(name, "") for name in PLACES))
    context = look(form, request.actor, request.app.id, query)
    return render(request, "audit/log.html", context, status=422 if form.errors else 200)


@require_GET
def live(request: TenantRequest) -> HttpResponse:
    """How much has come since the reader's place, as server-sent events: at once, and the browser asks again."""
    form, position = (
        FilterForm(request.GET),
        request.headers.get("Last-Event-ID") or request.GET.get("after", ""),
    )
    if not form.is_valid():
        raise Invalid(*next((name, str(errors[0])) for name, errors in form.errors.items()))
    with query_timeout():
        body = arrived(form.filters(request.app.id), parse_position(position))
    return HttpResponse(body, content_type="text/event-stream")
