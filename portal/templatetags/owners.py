"""The owners of keys, for their pages: keys themselves know the id of a user alone."""

from collections.abc import Iterable
from uuid import UUID

from django import template

from keys.models import ApiKey
from keys.web.key_rows import Row
from portal.models import User

register = template.Library()


@register.simple_tag
def owners_of(rows: Iterable[Row]) -> dict[UUID, User]:
    """`{% owners_of rows as owners %}`: by id, in one query."""
    return User.objects.in_bulk({row.key.owner_id for row in rows if row.key.owner_id})


@register.simple_tag
def owner_of(key: ApiKey) -> User | None:
    """`{% owner_of key as owner %}`: the user who owns a key; None if nobody does."""
    return User.objects.filter(pk=key.owner_id).first() if key.owner_id else None
