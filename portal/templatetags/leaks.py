"""What was reported of a key, for its page: keys themselves know of no reports."""

from django import template

from keys.models import ApiKey
from portal.models import LeakReport

register = template.Library()
MOST = 5


@register.simple_tag
def leaks_of(key: ApiKey) -> list[LeakReport]:
    """`{% leaks_of key as leaks %}`: the newest reports that it was found where it does not belong."""
    return list(LeakReport.objects.filter(key_id=key.id)[:MOST])
