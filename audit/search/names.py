"""Finds keys and agents by name or prefix, from the events that named them."""

from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from audit.models import Event
from core import folding
from core.folding import equals_folded
from keyformat.grammar import KEY_PREFIX

MAX_KEYS = 200
"""A text that fits more prefixes than this is not looked up key by key."""

NAMING = ("key.mint", "key.rotate", "key.derive", "key.rename")
"""The acts that give a key its prefix or its name."""


class KeyName(NamedTuple):
    """A key as it was known at one time."""

    id: UUID
    prefix: str
    name: str


def keys_like(app_id: UUID | None, text: str) -> list[KeyName]:
    """The keys whose prefix holds `text` or that were called so, as the acts say that gave them either.

    One more than 200 at the most.
    """
    whole = KEY_PREFIX.fullmatch(text)
    fits = holding(text) if whole else holding(text) | Q(equals_folded("key_name", text))
    events = Event.objects.filter(fits, app_id=app_id, action__in=NAMING).order_by()
    columns = ("key_id", "key_prefix", "key_name")
    return [KeyName(*row) for row in events.values_list(*columns).distinct()[: MAX_KEYS + 1]]


def agents_called(app_id: UUID | None, name: str) -> set[UUID]:
    """The ids of the agents that go by `name`, in any case; 200 at the most."""
    events = Event.objects.filter(
        equals_folded("agent_name", name), app_id=app_id, agent_id__isnull=False
    ).order_by()
    return {row[0] for row in events.values_list("agent_id").distinct()[:MAX_KEYS] if row[0]}


def holding(text: str) -> Q:
    """Rows whose prefix is `text` or holds it."""
    if KEY_PREFIX.fullmatch(text):
        return Q(key_prefix=text)
    return folding.holding(text, "key_prefix")
