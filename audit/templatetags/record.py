"""Makes the values of an event readable on a page."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def listed(value: Any) -> list[Any]:
    """`value` as a list, whatever it was."""
    return list(value) if isinstance(value, list) else [value]
