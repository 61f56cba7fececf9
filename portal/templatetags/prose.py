"""Descriptions written in the code, as HTML."""

from django import template
from django.utils.safestring import SafeString

from portal.docs import markdown

register = template.Library()


@register.filter
def prose(description: str) -> SafeString:
    """`{{ operation.description|prose }}`: paragraphs and lists."""
    return markdown.prose(description)


@register.filter
def line(description: str) -> SafeString:
    """`{{ field.description|line }}`: words inside a cell."""
    return markdown.line(description)
