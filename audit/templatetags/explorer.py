"""Links that renew the log in place where htmx is there, and are plain links where it is not."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.search.facets import MOST_ROWS

register = template.Library()


@register.simple_tag
def renews(address: str) -> SafeString:
    """`<a {% renews address %}>`: where it leads, and that the log alone comes from there."""
    return format_html(
        'href="{0}" hx-get="{0}" hx-target="#log" hx-select="#log" hx-swap="outerHTML" hx-push-url="true"',
        address,
    )


@register.filter
def counted(number: int) -> str:
    """How often, if no more than 2,000 were looked at: `1,204`, `2,000+`."""
    return f"{MOST_ROWS:,}+" if number > MOST_ROWS else f"{number:,}"
