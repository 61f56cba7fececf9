"""The context of the audit log page: entries, histogram, facets, saved views."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from audit.actors import Actor
from audit.integrity.sealing.sealer import sealed_to
from audit.models import Call, SavedView
from audit.search import search
from audit.search.check_names import OUTCOME_NAMES
from audit.search.completions import completions
from audit.search.facets import Facet, facets
from audit.search.filter_form import RANGES, FilterForm
from audit.search.histogram import histogram
from audit.search.live import position_of
from audit.search.saved_views import views_for
from audit.search.search import Entry, Filters, Page
from core.errors import Invalid, TooBroad
from core.pagination.cursors import parse_cursor
from core.query_timeout import none_if_too_broad, query_timeout

TABS: tuple[tuple[str, dict[str, str]], ...] = (
    ("All", {"outcome": "", "action": ""}),
    ("Denied", {"outcome": "denied", "action": ""}),
    ("Key changes", {"outcome": "", "action": "key"}),
)
NOTHING = Page([], None, None)
CONTROLS = ("q", "range", "since", "until")
"""Filters that have a control of their own. The others are chips."""


class Row(NamedTuple):
    """An entry, and the refusals right after it that are like it in all but their time."""

    entry: Entry
    alike: list[Entry]

    @property
    def since(self) -> datetime:
        """When the first of them was."""
        return self.alike[-1].at


class Choice(NamedTuple):
    """A facet's value as a link: it adds the filter, or takes it away if it is in force."""

    says: str
    number: int
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which part of the timeline is wanted: at the newest entry, or on one side of a place."""

    before: str = ""
    after: str = ""
    first: str = "1"
    """The number of the first entry there, counted from the newest."""

    @property
    def number(self) -> int:
        """The same as a number; 1 if it is none."""
        return (
            max(int(self.first), 1)
            if self.first.isascii() and self.first.isdigit() and len(self.first) < 10
            else 1
        )


def look(form: FilterForm, actor: Actor, app_id: UUID, query: LogQuery) -> dict[str, Any]:
    """Everything the page shows. What cannot be read, or takes too long, is said on `form`."""
    page = find_page(form, app_id, query)
    filters = form.filters(app_id) if form.is_valid() else None
    newest = not (query.before or query.after)
    return {
        "form": form,
        "hidden": [form[name] for name in form.in_force() if name not in CONTROLS],
        "rows": list(_rows(page.entries)),
        "page": page,
        "unsealed": search.unsealed(page.entries),
        "sealed_to": sealed_to(app_id),
        "nearest": _nearest(filters, page),
        "live": position_of(page) if filters and newest and not filters.until else None,
        **_addresses(form, page, query),
        **_views(form, actor, app_id),
        **_figures(form, filters),
    }


def find_page(form: FilterForm, app_id: UUID | None, query: LogQuery) -> Page:
    """The entries asked for; none if the form or the place cannot be read, or it takes too long."""
    with errors_on(form):
        before, after = (parse_cursor(position) for position in (query.before, query.after))
        if form.is_valid():
            return search.timeline(form.filters(app_id), before=before, after=after)
    return NOTHING


@contextmanager
def errors_on(form: FilterForm) -> Iterator[None]:
    """Say on `form` what cannot be read, or takes too long."""
    try:
        with query_timeout():
            yield
    except Invalid as invalid:
        form.add_error(None, invalid.why)
    except TooBroad as refusal:
        form.add_error(None, f"{refusal.message} {refusal.hint}")


def _nearest(filters: Filters | None, page: Page) -> Entry | None:
    if filters is None or page.entries:
        return None
    return none_if_too_broad(lambda: search.nearest_older(filters))


def _rows(entries: Iterable[Entry]) -> Iterator[Row]:
    for _, same in groupby(entries, key=_likeness):
        first, *alike = same
        yield Row(first, alike)


def _likeness(entry: Entry) -> tuple[Any, ...]:
    """The same for refusals that say the same on one day. An act, or a call that passed, is like no other."""
    if not isinstance(entry, Call) or entry.allowed:
        return (entry.id,)
    return (
        entry.at.date(),
        entry.key_id,
        entry.method,
        entry.path,
        entry.code,
        entry.detail,
        entry.ip,
        entry.caller,
    )


def _addresses(form: FilterForm, page: Page, query: LogQuery) -> dict[str, Any]:
    first = 1 if not (query.before or query.after) else query.number
    older, newer = str(first + len(page.entries)), str(max(first - search.PAGE_SIZE, 1))
    return {
        "first": first,
        "last": first + len(page.entries) - 1,
        "newest": form.address(),
        "sought_by": form.address().removesuffix("?"),
        "is_paged": bool(query.before or query.after),
        "older": form.address(before=str(page.older), **{"from": older}) if page.older else "",
        "newer": form.address(after=str(page.newer), **{"from": newer}) if page.newer else "",
        "all_time": form.address(range="", since="", until=""),
        "shorter": [(label, form.address(range=name, since="", until="")) for name, label in RANGES[1:5]],
        "permalink": form.permalink() if form.is_valid() else "",
    }


def _views(form: FilterForm, actor: Actor, app_id: UUID) -> dict[str, Any]:
    """The tabs: those that everyone has, which keep the other filters, and the views that are kept."""
    views = list(views_for(actor, app_id))
    here = form.address().removeprefix("?")
    open_view = next((view for view in views if view.query == here and here), None)
    built_in = [(label, form.address(**only), not open_view and _is_open(form, only)) for label, only in TABS]
    return {
        "tabs": [*built_in, *(_tab(view, open_view) for view in views)],
        "open_view": open_view,
        "query": here,
    }


def _tab(view: SavedView, open_view: SavedView | None) -> tuple[str, str, bool]:
    return view.name, f"?{view.query}", view == open_view


def _is_open(form: FilterForm, only: dict[str, str]) -> bool:
    return all(form.data[name] == value for name, value in only.items())


def _figures(form: FilterForm, filters: Filters | None) -> dict[str, Any]:
    """What stands above the entries and beside them. None: it takes too long, and is left out."""
    results = none_if_too_broad(lambda: facets(filters)) if filters else None
    drawn = none_if_too_broad(lambda: histogram(filters)) if filters else None
    if results and drawn and not drawn.capped_at:
        results = results.with_outcomes(allowed=drawn.allowed, denied=drawn.denied, event=drawn.events)
    named = [facet for facet in results.facets if facet.name in ("key_id", "agent")] if results else []
    names = {value.value: value.says for facet in named for value in facet.values}
    return {
        "is_read": filters is not None,
        "facets": results and [(facet, list(_choices(form, facet))) for facet in results.facets],
        "facets_capped": bool(results and results.capped),
        "active": [(name, names.get(value, value), without) for name, value, without in form.active()],
        "histogram": drawn,
        "total": drawn.calls + drawn.events if drawn and not drawn.capped_at else None,
        "outcome_links": {name: form.address(outcome=name) for name in OUTCOME_NAMES},
        "completions": completions(results),
        "narrower": _open_ended(form.address(range="", since="", until="")),
    }


def _open_ended(address: str) -> str:
    return address if address == "?" else f"{address}&"


def _choices(form: FilterForm, facet: Facet) -> Iterator[Choice]:
    for value in facet.values:
        chosen = form.data[facet.name] == value.value
        address = form.address(**{facet.name: "" if chosen else value.value})
        yield Choice(value.says, value.number, address, chosen)
