"""The timeline of the record, as a page. Nothing here writes."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit import search
from audit.faces import TenantRequest
from audit.forms import FilterForm
from audit.refusals import Invalid

TABS: tuple[tuple[str, dict[str, str]], ...] = (
    ("Everything", {"outcome": "", "action": ""}),
    ("Refusals", {"outcome": "refused", "action": ""}),
    ("Changes to keys", {"outcome": "", "action": "key"}),
)

UNSHOWN = ("key_id", "agent", "caller", "actor", "code", "path", "request")
"""Filters that come from links and have no control of their own, until there is something to say about them."""


@require_GET
def timeline(request: TenantRequest) -> HttpResponse:
    """Every act and every call of an app, newest first, as far as the filters let through."""
    form = FilterForm(request.GET)
    if form.held_a_secret:
        return HttpResponseRedirect(request.path + form.address())
    page = _page(request, form)
    filters = form.filters(request.app.id) if form.is_valid() else None
    context = {
        "form": form,
        "page": page,
        "active": form.active(),
        "unshown": [form[name] for name in UNSHOWN if form.data[name]],
        "all_time": form.address(range="", since="", until=""),
        "tabs": [(says, form.address(**only), _is_open(form, only)) for says, only in TABS],
        "older": form.address(before=str(page.older)) if page.older else "",
        "newer": form.address(after=str(page.newer)) if page.newer else "",
        "newest": form.address(),
        "is_paged": bool(request.GET.get("before") or request.GET.get("after")),
        "nearest": search.nearest_older(filters) if filters and not page.entries else None,
    }
    return render(request, "audit/timeline.html", context, status=422 if form.errors else 200)


def _page(request: TenantRequest, form: FilterForm) -> search.Page:
    """The entries asked for; none if the form or the place cannot be read, which the form then says."""
    try:
        before = search.parse_cursor(request.GET.get("before", ""))
        after = search.parse_cursor(request.GET.get("after", ""))
    except Invalid as invalid:
        form.add_error(None, invalid.why)
    if not form.is_valid():
        return search.Page([], None, None)
    return search.timeline(form.filters(request.app.id), before=before, after=after)


def _is_open(form: FilterForm, only: dict[str, str]) -> bool:
    return all(form.data[name] == value for name, value in only.items())
