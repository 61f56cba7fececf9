"""Template tags for tables: roles, sort links and checkboxes."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from django import forms, template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

from core.pagination.list_page import Column, ListPage

register = template.Library()
SORT_ICONS = {"none": "arrow-up-down", "ascending": "arrow-up", "descending": "arrow-down"}
SHOWN_FILTERS = 2
"""More filters than this stand folded beside the search field."""
COLUMNS = "table_columns"
LIST = "table_list"
_KEYWORD = re.compile(r"\w+=")
Draw = Callable[..., SafeString]


class Block(template.Node):
    """A tag with an end tag: `draw` gets the context, what is written in the tag, and a callable for what is inside."""

    def __init__(
        self,
        draw: Draw,
        nodelist: NodeList,
        args: list[FilterExpression],
        kwargs: dict[str, FilterExpression],
    ) -> None:
        self.draw, self.nodelist, self.args, self.kwargs = draw, nodelist, args, kwargs

    def render(self, context: template.Context) -> SafeString:
        args = [arg.resolve(context) for arg in self.args]
        kwargs = {name: value.resolve(context) for name, value in self.kwargs.items()}
        return self.draw(context, self.nodelist, *args, **kwargs)


def block_tag(draw: Draw) -> Draw:
    """Register `draw` as the tag of its name, ended by `end` and its name."""
    name = draw.__name__

    def compiled(parser: Parser, token: Token) -> Block:
        bits = token.split_contents()[1:]
        named = next(
            (n for n, bit in enumerate(bits) if bit.partition("=")[0].isidentifier() and "=" in bit),
            len(bits),
        )
        args = [parser.compile_filter(bit) for bit in bits[:named]]
        kwargs = token_kwargs(bits[named:], parser)
        nodelist = parser.parse((f"end{name}",))
        parser.delete_first_token()
        return Block(draw, nodelist, args, kwargs)

    register.tag(name, compiled)
    return draw


@block_tag
def table(
    context: template.Context,
    inside: NodeList,
    of: ListPage | Sequence[Column] | str,
    caption: str,
    *,
    css: str = "",
) -> SafeString:
    """`{% table list "Agents" %}`: a list, columns, or the labels of columns. `css="wide"`: cards below 58rem."""
    page = of if isinstance(of, ListPage) else None
    given = Column.from_labels(of) if isinstance(of, str) else of
    columns = given.columns if isinstance(given, ListPage) else given
    heads = format_html_join("", "{}", ((_head(page, column),) for column in columns))
    with context.push(**{COLUMNS: {column.name: column for column in columns}, LIST: page}):
        rows = inside.render(context)
    return format_html(
        '<div class="ledger-box{}"><table class="ledger{}" role="table"><caption class="said">{}</caption>'
        '<thead role="rowgroup"><tr role="row">{}{}</tr></thead><tbody role="rowgroup">{}</tbody></table></div>',
        f" {css}" if css else "",
        " stuck" if page else "",
        caption,
        _pick_all(page) if page and page.selectable else "",
        heads,
        rows,
    )


@block_tag
def row(
    context: template.Context, inside: NodeList, id: Any = "", label: str = "", *, ended: Any = False
) -> SafeString:
    """`{% row agent.id agent.name %}`: a row, which may be selected by its id. `ended` writes it pale."""
    page: ListPage | None = context.get(LIST)
    return format_html(
        '<tr role="row"{}>{}{}</tr>',
        SafeString(' class="ended"') if ended else "",
        _pick(page, id, label) if page and page.selectable else "",
        inside.render(context),
    )


@block_tag
def cell(context: template.Context, inside: NodeList, name: str, *, css: str = "") -> SafeString:
    """`{% cell "created" %}`: what a row has in a column."""
    column: Column = context[COLUMNS][name]
    css = css or column.css
    element, role = ("th", 'role="rowheader" scope="row"') if "lead" in css.split() else ("td", 'role="cell"')
    return format_html(
        "<{0} {1}{2}{3}>{4}</{0}>",
        element,
        SafeString(role),
        format_html(' class="{}"', css) if css else "",
        format_html(' data-label="{}"', column.label) if "more" not in css.split() else "",
        inside.render(context),
    )


@block_tag
def foot(context: template.Context, inside: NodeList, page: ListPage, action: str = "") -> SafeString:
    """`{% foot list %}buttons{% endfoot %}`: which rows are shown, the pages, and actions on selected rows.

    `action`: where the buttons lead that do not say it themselves.
    """
    buttons = inside.render(context)
    return render_to_string("list_foot.html", {"list": page, "buttons": buttons, "action": action})


@register.inclusion_tag("list_toolbar.html", takes_context=True)
def toolbar(
    context: template.Context, page: ListPage, form: forms.Form, label: str, action: str = ""
) -> dict[str, Any]:
    """`{% toolbar list filters "Filter agents" %}`: search, filters, and what else the address holds.

    `action`: the address of the list, where it is not that of this page.
    """
    others = [field for field in form.visible_fields() if field.name != "q"]
    return {
        "list": page,
        "search": form["q"] if "q" in form.fields else None,
        "others": others,
        "folded": len(others) > SHOWN_FILTERS,
        "chosen": sum(bool(field.value()) for field in others),
        "hidden": [(name, value) for name, value in page.filters if name not in form.fields],
        "label": label,
        "action": action or context["request"].path,
    }


@register.simple_tag
def swaps(page: ListPage, query: str) -> SafeString:
    """`<a {% swaps list query %}>`: a link within a list. htmx takes the list alone."""
    return format_html(
        'href="?{0}" hx-get="?{0}" hx-target="#{1}" hx-select="#{1}" hx-swap="outerHTML" hx-push-url="true"',
        query,
        page.id,
    )


def _head(page: ListPage | None, column: Column) -> SafeString:
    css = format_html(' class="{}"', column.css) if column.css and column.css != "lead" else ""
    label: str = (
        format_html('<span class="said">{}</span>', column.label) if column.css == "more" else column.label
    )
    if page is None or not column.sort:
        return format_html('<th role="columnheader" scope="col"{}>{}</th>', css, label)
    direction = page.direction(column)
    return format_html(
        '<th role="columnheader" scope="col"{} aria-sort="{}"><a id="{}-sort-{}" {}>{}{}</a></th>',
        css,
        direction,
        page.id,
        column.name,
        swaps(page, page.sort_query(column)),
        label,
        _icon(SORT_ICONS[direction]),
    )


def _pick_all(page: ListPage) -> SafeString:
    """Scripts alone can tick what is on a page; the bar in the foot can select all that match without."""
    return format_html(
        '<th role="columnheader" scope="col" class="pick"><span class="said">Selected</span>'
        '<label hidden data-needs-script><input type="checkbox" data-pick-all aria-label="Select all {} on this page">'
        "</label></th>",
        len(page.rows),
    )


def _pick(page: ListPage, id: Any, label: str) -> SafeString:
    return format_html(
        '<td role="cell" class="pick"><label><input type="checkbox" name="id" value="{}" form="{}-bulk" '
        'aria-label="Select {}"></label></td>',
        id,
        page.id,
        label,
    )


def _icon(name: str) -> SafeString:
    return SafeString(lucide(name, size=13, aria_hidden="true"))
