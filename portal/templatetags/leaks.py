"""Leaked-key reports of a key, for its page: the keys package does not know of reports."""

from django import template

from keys.models import ApiKey
from portal.models import LeakReport

register = template.Library()
MAX_REPORTS = 5


@register.simple_tag
def leaks_of(key: ApiKey) -> list[LeakReport]:
    """`{% leaks_of key as leaks %}`: its newest leaked-key reports."""
    return list(LeakReport.objects.filter(key_id=key.id)[:MAX_REPORTS])
