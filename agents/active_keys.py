"""The one definition of a living key, in SQL and in Python: whatever counts, lists or guards keys asks here.

A key lives while it would pass the door: not revoked, not expired, its grace not over, and the same of every key it
stands on: the one it was derived from, and the one by which it was enrolled. Agents know no keys: this knows columns.
"""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

STANDS_ON = ("parent__", "enrolled_by__", "enrolled_by__parent__")
"""The keys a key may stand on. A derived key derives none, and neither does an enrolled one: so the line ends here."""


def living(moment: datetime, prefix: str = "") -> Q:
    """Keys that authenticate at `moment`. `prefix` leads to them from another table: `keys__`."""
    alive = _by_itself(moment, prefix)
    for above in STANDS_ON:
        alive &= _by_itself(
            moment, prefix + above
        )  # of no row there, every column is NULL: that bars nothing
    return alive


def is_living(key: Any, moment: datetime) -> bool:
    """The same of a row at hand."""
    while key is not None:
        ends = (key.expires_at, key.grace_ends_at)
        if key.revoked_at is not None or any(end is not None and end <= moment for end in ends):
            return False
        key = key.parent or key.enrolled_by
    return True


def living_keys(moment: datetime) -> models.Count:
    """An agent's own living keys, to annotate agents with."""
    return models.Count("keys", filter=Q(keys__parent=None) & living(moment, "keys__"))


def _by_itself(moment: datetime, prefix: str) -> Q:
    def over(end: str) -> Q:
        return Q(**{f"{prefix}{end}": None}) | Q(**{f"{prefix}{end}__gt": moment})

    return Q(**{f"{prefix}revoked_at": None}) & over("expires_at") & over("grace_ends_at")
