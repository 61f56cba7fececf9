"""The pages of the record: an app's timeline, one act, one call. Nothing here writes."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit import search
from audit.faces import TenantRequest
from audit.forms import FilterForm
from audit.models import Call, Event
from audit.refusals import Invalid, NotFound

TABS: tuple[tuple[str, dict[str, str]], ...] = (
    ("Everything", {}),
    ("Refusals", {"outcome": "refused"}),
    ("Acts", {"outcome": "act"}),
)

UNSHOWN = ("agent", "actor", "code", "path", "request")
"""Filters that come from links and have no control of their own."""


@require_GET
def timeline(request: TenantRequest) -> HttpResponse:
    """Every act and every call of an app, newest first, as far as the filters let through."""
    form = FilterForm(request.GET)
    page, status = search.Page([], None, None), 422
    if form.is_valid():
        try:
            page, status = _page(request, form), 200
        except Invalid as invalid:
            form.add_error(None, invalid.why)
    filters = form.filters(request.app.id) if status == 200 else None
    return render(
        request,
        "audit/timeline.html",
        {
            "form": form,
            "page": page,
            "active": form.active(),
            "kept": [(name, form.data[name]) for name in UNSHOWN if form.data.get(name)],
            "all_time": form.address(range="", since="", until=""),
            "tabs": [
                (says, form.address(**{"outcome": "", **only}), _is_open(form, only)) for says, only in TABS
            ],
            "older": form.address(before=str(page.older)) if page.older else "",
            "newer": form.address(after=str(page.newer)) if page.newer else "",
            "newest": form.address(),
            "nearest": search.nearest_older(filters) if filters and not page.entries else None,
        },
        status=status,
    )


@require_GET
def event(request: TenantRequest, event_id: UUID) -> HttpResponse:
    """One act: who, what, why, before and after, what brought it about and what it brought about."""
    found = Event.objects.filter(app_id=request.app.id, id=event_id).first()
    if found is None:
        raise NotFound
    context = {
        "event": found,
        "changes": [(name, *pair) for name, pair in found.changes.items()],
        "cause": Event.objects.filter(app_id=request.app.id, id=found.cause_id).first()
        if found.cause_id
        else None,
        "followed": Event.objects.filter(app_id=request.app.id, cause_id=found.id).order_by("at", "id")[:100],
    }
    return render(request, "audit/event.html", context)


@require_GET
def call(request: TenantRequest, call_id: UUID) -> HttpResponse:
    """One call: what was asked, what was answered and why, and its neighbours by the same key."""
    found = Call.objects.filter(app_id=request.app.id, id=call_id).first()
    if found is None:
        raise NotFound
    return render(request, "audit/call.html", {"call": found, "around": search.around(found)})


def _page(request: TenantRequest, form: FilterForm) -> search.Page:
    before = search.parse_cursor(request.GET.get("before", ""))
    after = search.parse_cursor(request.GET.get("after", ""))
    return search.timeline(form.filters(request.app.id), before=before, after=after)


def _is_open(form: FilterForm, only: dict[str, str]) -> bool:
    return str(form.data.get("outcome", "")) == only.get("outcome", "")
