"""The pages of the record: an app's timeline, one act, one call. Nothing here writes."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit import search
from audit.explorer import Asked, look
from audit.faces import TenantRequest
from audit.forms import FilterForm
from audit.live import arrived, parse_place
from audit.models import Call, Event
from audit.patience import patience
from audit.refusals import Invalid, NotFound


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
    return render(request, "audit/timeline.html", context, status=422 if form.errors else 200)


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


@require_GET
def event(request: TenantRequest, event_id: UUID) -> HttpResponse:
    """One act: who, what, why, before and after, what brought it about and what it brought about."""
    acts = Event.objects.filter(app_id=request.app.id)
    found = acts.filter(id=event_id).first()
    if found is None:
        raise NotFound
    context = {
        "event": found,
        "changes": [(name, *pair) for name, pair in found.changes.items()],
        "cause": acts.filter(id=found.cause_id).first() if found.cause_id else None,
        "followed": acts.filter(cause_id=found.id).order_by("at", "id")[:100],
    }
    return render(request, "audit/event.html", context)


@require_GET
def call(request: TenantRequest, call_id: UUID) -> HttpResponse:
    """One call: what was asked, what was answered and why, and its neighbours by the same key."""
    found = Call.objects.filter(app_id=request.app.id, id=call_id).first()
    if found is None:
        raise NotFound
    return render(request, "audit/call.html", {"call": found, "around": search.around(found)})
