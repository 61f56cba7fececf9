"""Pieces that pages share: a popover, a menu, breadcrumbs, facts, an app's environment."""

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.templatetags.look import icon

register = template.Library()

ENVIRONMENTS = {"live": "Live", "test": "Test"}


@register.simple_block_tag
def popover(content: str, says: str, title: str = "") -> SafeString:
    """`{% popover "3 scopes" title="Scopes" %}…{% endpopover %}`: floats over the page and moves nothing."""
    heading = format_html('<p class="pop-title">{}</p>', title) if title else ""
    return format_html(
        '<details class="pop" name="float"><summary>{}</summary><div>{}{}</div></details>',
        says,
        heading,
        content,
    )


@register.simple_block_tag
def menu(content: str, says: str = "More", label: str = "") -> SafeString:
    """`{% menu %}<li>…</li>{% endmenu %}`: a button with a menu of links and of forms with one button each.

    `{% menu label="Actions for worker" %}` is the menu of a row: three dots.
    """
    if label:
        face = format_html('<summary><span class="said">{}</span>{}</summary>', label, icon("ellipsis"))
    else:
        face = format_html('<summary class="button">{}{}</summary>', says, icon("chevron-down"))
    return format_html('<details class="menu" name="float">{}<ul>{}</ul></details>', face, content)


@register.simple_tag
def crumb(says: Any, to: str = "", *args: Any) -> SafeString:
    """`{% crumb "Agents" "agents" app.id %}`: a step of the breadcrumbs; without an address it is this page.

    The frame itself writes the app before the first step. `to` is the name of an address, or an address.
    """
    if not to:
        return format_html('<li aria-current="page">{}</li>', says)
    address = to if to.startswith("/") else reverse(to, args=args)
    return format_html('<li><a href="{}">{}</a></li>', address, says)


@register.simple_block_tag
def facts(content: str, narrow: bool = False) -> SafeString:
    """`{% facts %}{% fact "Owner" %}…{% endfact %}{% endfacts %}`: labels and values, one line for each."""
    return format_html('<dl class="facts{}">{}</dl>', " narrow" if narrow else "", content)


@register.simple_block_tag
def fact(content: str, label: str) -> SafeString:
    """One of them. A value that is empty reads None."""
    return format_html("<div><dt>{}</dt> <dd>{}</dd></div>", label, SafeString(content.strip() or "None"))


@register.filter
def matched(text: str, q: str) -> SafeString:
    """`text` with the part that `q` found in <mark>: whole characters, as `ß` is found by `ss` and by `s`."""
    folded, sought = "".join(map(str.casefold, text)), q.casefold()
    begins = folded.find(sought) if q else -1
    if begins < 0:
        return format_html("{}", text)
    # Folding can lengthen a text: which of its characters each folded one comes from.
    origins = [at for at, character in enumerate(text) for _ in character.casefold()]
    first, after = origins[begins], origins[begins + len(sought) - 1] + 1
    return format_html("{}<mark>{}</mark>{}", text[:first], text[first:after], text[after:])


@register.simple_tag
def env_badge(app: Any) -> SafeString:
    """`{% env_badge app %}`: Live or Test; nothing for an app that is marked as neither."""
    environment = getattr(app, "environment", "")
    if environment not in ENVIRONMENTS:
        return SafeString("")
    return format_html('<span class="env {}">{}</span>', environment, ENVIRONMENTS[environment])


@register.simple_tag(takes_context=True)
def nav_link(
    context: Context,
    picture: str,
    says: str,
    to: str,
    *args: Any,
    key: str = "",
    exact: bool = False,
    but: str = "",
) -> SafeString:
    """`{% nav_link "bot" "Agents" "agents" app.id key="a" %}`: a line of the sidebar, opened by G and then `key`.

    It is marked on every page below its address, but not below that of `but`; with `exact=True` on that page alone.
    """
    address = reverse(to, args=args)
    path = context["request"].path
    is_below = not exact and path.startswith(address) and not (but and path.startswith(reverse(but)))
    is_here = path == address or is_below
    return format_html(
        '<li><a href="{}"{}{}>{}{}</a></li>',
        address,
        SafeString(' aria-current="page"') if is_here else "",
        format_html(' data-go="{}"', key) if key else "",
        icon(picture),
        says,
    )
