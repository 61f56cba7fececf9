"""The timeline of the record, as a page. Nothing here writes."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit.requests import TenantRequest
from audit.search.filter_form import FilterForm
from audit.search.live import arrived, parse_place
from audit.web.log_page import Asked, look
from core.errors import Invalid
from core.query_timeout import patience


@require_GET
def timeline(request: TenantRequest) -> HttpResponse:
    """Every act and every call of an app, newest first, as far as the filters let through."""
    form = FilterForm(request.GET)
    if form.held_a_secret:
        return HttpResponseRedirect(request.path + form.address(q=form.data["q"]))
    typed = form.with_typed(request.app.id)
    if typed is not form:
        return HttpResponseRedirect(request.path + typed.address())
    asked = Asked(request.GET.get("before", ""), request.GET.get("after", ""))
    context = look(form, request.actor, request.app.id, asked)
    return render(request, "audit/log.html", context, status=422 if form.errors else 200)


@require_GET
def live(request: TenantRequest) -> HttpResponse:
    """How much has come since the reader's place, as server-sent events: at once, and the browser asks again."""
    form, place = (
        FilterForm(request.GET),
        request.headers.get("Last-Event-ID") or request.GET.get("after", ""),
    )
    if not form.is_valid():
        raise Invalid(*next((name, str(errors[0])) for name, errors in form.errors.items()))
    with patience():
        told = arrived(form.filters(request.app.id), parse_place(place))
    return HttpResponse(told, content_type="text/event-stream")
