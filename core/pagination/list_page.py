"""The list of a page: 50 rows, total, sortable columns, search, and bulk actions.

A view names the columns and hands over the rows that match its filters:

    COLUMNS = (
        Column("name", "Agent", sort=by_name("name"), css="lead"),
        Column("created", "Created", sort=("created_at",), descending=True),
    )
    page = ListPage.from_query(rows, request.GET, COLUMNS, id="agents", sort="name", selectable=may_suspend)
    return render(request, "agents/agents.html", {"list": page, "filters": filters})

`?sort=name` and `?sort=-name` sort, `?page=2` is the second page. A filter form (core.forms.QueryForm) knows both
names already. The template draws the parts. Roles, labels, checkboxes and sort links come from the tags:

    {% load lists %}
    <section class="sheet" id="{{ list.id }}" aria-labelledby="list-h">
      {% toolbar list filters "Filter agents" %}
      {% table list "Agents of checkout" %}
        {% for agent in list.rows %}
          {% row agent.id agent.name ended=agent.revoked_at %}
            {% cell "name" %}<a href="…">{{ agent.name }}</a>{% endcell %}
            {% cell "created" %}{% when agent.created_at %}{% endcell %}
          {% endrow %}
        {% endfor %}
      {% endtable %}
      {% foot list %}<button formaction="{% url "agents-suspend" app.id %}">Suspend…</button>{% endfoot %}
    </section>

`css` of a column: `lead` (the row's heading), `state`, `num`, `more` (the row's menu), `minor` (left out on cards).
A table without pages takes its heads as text: `{% table "Device:lead, Address, Requests:num" "Open sessions" %}`, and
its cells name them: `{% cell "Device" %}`. A list without filters leaves out the toolbar, one without actions
on its rows writes `{% foot list %}{% endfoot %}`.

The form in the foot sends `id=…` for each selected row, or `all=1` and the filters for all that match, by GET, to the
`formaction` of the button: a page that shows what will happen and asks once more (keys/web/agent_bulk_views.py), where
selected_rows() reads it. The filter form then knows `also = (*LIST_NAMES, "id", "all")`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet, Subquery
from django.db.models.expressions import Expression, OrderBy
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode

from core.errors import Invalid

PAGE_SIZE = 50
SELECTION = ("id", "all")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list."""

    name: str
    label: str
    sort: Sequence[str | Expression | Subquery] = ()
    """What rows are sorted by; nothing: the column cannot be sorted."""
    css: str = ""
    descending: bool = False
    """Whether the first click sorts from the largest, as for times."""

    @classmethod
    def from_labels(cls, labels: str) -> "tuple[Column, ...]":
        """The columns of a table that is not sorted: `Device:lead, Address, Requests:num`."""
        parts = (label.strip().partition(":") for label in labels.split(","))
        return tuple(cls(label, label, css=css) for label, _, css in parts)


ACTIONS = Column("actions", "Actions", css="more")
"""The column of a row's menu."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of rows and the query it was asked for with."""

    page: Page[Any]
    filters: list[tuple[str, str]]
    """The query without the page, as names and values."""
    columns: Sequence[Column] = ()
    sort: str = ""
    id: str = "list"
    """Of the element that a link of this list replaces."""
    selectable: bool = False
    kept: list[tuple[str, str]] = field(default_factory=list)
    """The filters without the order."""

    @classmethod
    def from_query(
        cls,
        rows: QuerySet[Any] | Sequence[Any],
        query: MultiValueDict[str, str],
        columns: Sequence[Column] = (),
        *,
        id: str = "list",
        sort: str = "",
        selectable: bool = False,
    ) -> "ListPage":
        """The page that `query` asks for, or the nearest there is. Raises Invalid for an unknown order.

        `sort` is the order where `query` says none; without it the rows stay in their own.
        """
        order = query.get("sort") or sort
        if order and isinstance(rows, QuerySet):
            rows = _sorted(rows, columns, order)
        filters = [(name, value) for name, values in query.lists() if name != "page" for value in values]
        page = Paginator(rows, PAGE_SIZE).get_page(query.get("page"))
        other_filters = [(name, value) for name, value in filters if name != "sort"]
        return cls(page, filters, columns, order, id, selectable, other_filters)

    @property
    def query(self) -> str:
        """The filters and the order as they stand in the address, for links between pages."""
        return urlencode(self.filters)

    @property
    def rows(self) -> list[Any]:
        """The rows of this page."""
        return list(self.page.object_list)

    @property
    def total(self) -> int:
        """How many rows match, on all pages."""
        return int(self.page.paginator.count)

    @property
    def total_text(self) -> str:
        """The total as it is written: `1,999`."""
        return f"{self.total:,}"

    @property
    def range(self) -> str:
        """Which rows are shown: `1–50 of 1,999`."""
        return f"{self.page.start_index():,}–{self.page.end_index():,} of {self.total:,}"

    def direction(self, column: Column) -> str:
        """How the rows are sorted by `column`, as aria-sort says it."""
        if self.sort.removeprefix("-") != column.name:
            return "none"
        return "descending" if self.sort.startswith("-") else "ascending"

    def sort_query(self, column: Column) -> str:
        """The query that sorts by `column`, or turns its order round."""
        now = self.direction(column)
        descending = column.descending if now == "none" else now == "ascending"
        return urlencode([*self.kept, ("sort", f"-{column.name}" if descending else column.name)])


def without_selection(query: MultiValueDict[str, str]) -> MultiValueDict[str, str]:
    """`query` without what was selected: the filters of the list, and its order."""
    return MultiValueDict({name: values for name, values in query.lists() if name not in SELECTION})


def selected_rows(rows: QuerySet[Any], query: MultiValueDict[str, str]) -> QuerySet[Any]:
    """Of the rows that match, those selected in a list: all, or those whose ids are in `query`. Raises Invalid."""
    if query.get("all", "") not in ("", "1"):
        raise Invalid("all", "Use all=1, or omit it.")
    if query.get("all"):
        return rows
    try:
        return rows.filter(pk__in=[UUID(text) for text in query.getlist("id")])
    except ValueError:
        raise Invalid("id", "This is not an ID.") from None


def _sorted(rows: QuerySet[Any], columns: Sequence[Column], order: str) -> QuerySet[Any]:
    """`rows` sorted by a column. Rows without a value come last, and rows that are equal keep their places."""
    sortable = {column.name: column for column in columns if column.sort}
    column = sortable.get(order.removeprefix("-"))
    if column is None:
        raise Invalid("sort", f"Cannot sort by “{order}”. Sort by: {', '.join(sortable) or 'nothing here'}.")
    terms = (F(term) if isinstance(term, str) else term for term in column.sort)
    return rows.order_by(*(_order_by(term, order.startswith("-")) for term in terms), "pk")


def _order_by(term: F | Expression | Subquery, descending: bool) -> OrderBy:
    return OrderBy(term, descending=descending, nulls_last=True)
