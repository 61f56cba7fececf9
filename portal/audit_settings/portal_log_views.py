"""The portal log: entries that belong to no app, such as users, sign-ins, settings, and requests with unknown keys."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit.models import Event
from audit.requests import PortalRequest
from audit.search import search
from audit.search.differences import differences
from audit.search.explain import remedy_of
from audit.search.filter_form import FilterForm
from audit.search.search import Entry, Filters
from audit.web.log_page import LogQuery, errors_on, find_page

MAX_COUNTED = 10_000


@require_GET
def log(request: PortalRequest) -> HttpResponse:
    """Events and requests of no app, newest first, filtered."""
    form = FilterForm(request.GET)
    form.fields["q"].widget.attrs["placeholder"] = "actor: action: outcome: ip: route: request:"
    if form.held_a_secret:
        return HttpResponseRedirect(request.path + form.address(q=form.data["q"]))
    typed = form.with_typed(None)
    if typed is not form:
        return HttpResponseRedirect(request.path + typed.address())
    context = _context(form, request.GET.get("before", ""), request.GET.get("after", ""))
    return render(
        request, "portal/audit_settings/portal_log.html", context, status=422 if form.errors else 200
    )


def _context(form: FilterForm, before: str, after: str) -> dict[str, Any]:
    """A page of the entries and their number. Invalid filters and searches that take too long are errors on `form`."""
    page, total = find_page(form, None, LogQuery(before, after)), 0
    with errors_on(form):
        total = _count(form.filters(None)) if form.is_valid() else 0
    return {
        "form": form,
        "active": form.active(),
        "hidden": [form[name] for name in form.in_force() if name not in ("range", "since", "until")],
        "rows": [_row(entry) for entry in page.entries],
        "total": min(total, MAX_COUNTED),
        "is_more": total > MAX_COUNTED,
        "older": form.address(before=str(page.older)) if page.older else "",
        "newer": form.address(after=str(page.newer)) if page.newer else "",
    }


def _row(entry: Entry) -> dict[str, Any]:
    """An entry and the details of its row: what changed, or the remedy of a denied request."""
    if isinstance(entry, Event):
        return {"entry": entry, "changes": differences(entry.changes)}
    remedy, offers = ("", []) if entry.allowed else remedy_of(entry)
    return {"entry": entry, "remedy": remedy, "offers": offers}


def _count(filters: Filters) -> int:
    """How many entries match, up to one more than are counted."""
    limit = MAX_COUNTED + 1
    return sum(rows.order_by()[:limit].count() for rows in search.rows(filters))
