"""Links that update the log in place with htmx, and work as plain links without it."""

import json
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.search.facets import MAX_ROWS

register = template.Library()


@register.simple_tag
def renews(address: str) -> SafeString:
    """`<a {% renews address %}>`: where it leads, and that the log alone comes from there."""
    return format_html(
        'href="{0}" hx-get="{0}" hx-target="#log" hx-select="#log" hx-swap="outerHTML" hx-push-url="true"',
        address,
    )


@register.filter
def as_json(value: Any) -> str:
    """`value` as JSON, for an attribute that a script reads."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@register.filter
def grouped_number(number: int) -> str:
    """`1204` as `1,204`."""
    return f"{number:,}"


@register.filter
def capped_number(number: int) -> str:
    """The same of what is counted among the newest 2,000 alone: `1,204`, `2,000+`."""
    return f"{MAX_ROWS:,}+" if number > MAX_ROWS else grouped_number(number)


@register.inclusion_tag("audit/_zone.html")
def zone_switch() -> dict[str, str]:
    """`{% zone_switch %}`: whether times are shown in UTC or in the reader's time zone."""
    zone = timezone.get_current_timezone_name()
    return {"zone": "" if zone == "UTC" else zone}
