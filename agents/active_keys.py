"""The one definition of an active key, in SQL and in Python: whatever counts, lists or guards keys asks here.

A key is active while POST /verify would allow it: not revoked, not expired, its grace period not over, and the same of
every key that it depends on: the one it was derived from, and the one by which it was enrolled. This package does not
import keys, so it speaks of columns alone.
"""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

DEPENDS_ON = ("parent__", "enrolled_by__", "enrolled_by__parent__")
"""The keys a key may depend on. A derived key derives none, and neither does an enrolled one: so the line ends here."""


def active_filter(moment: datetime, prefix: str = "") -> Q:
    """Keys that authenticate at `moment`. `prefix` leads to them from another table: `keys__`."""
    active = _by_itself(moment, prefix)
    for above in DEPENDS_ON:
        active &= _by_itself(
            moment, prefix + above
        )  # of no row there, every column is NULL: that bars nothing
    return active


def is_active(key: Any, moment: datetime) -> bool:
    """Whether `key`, a row at hand, authenticates at `moment`. Reads its parents, so select them with it."""
    while key is not None:
        ends = (key.expires_at, key.grace_ends_at)
        if key.revoked_at is not None or any(end is not None and end <= moment for end in ends):
            return False
        key = key.parent or key.enrolled_by
    return True


def count_active_keys(moment: datetime) -> models.Count:
    """An agent's own active keys, to annotate agents with."""
    return models.Count("keys", filter=Q(keys__parent=None) & active_filter(moment, "keys__"))


def _by_itself(moment: datetime, prefix: str) -> Q:
    def over(end: str) -> Q:
        return Q(**{f"{prefix}{end}": None}) | Q(**{f"{prefix}{end}__gt": moment})

    return Q(**{f"{prefix}revoked_at": None}) & over("expires_at") & over("grace_ends_at")
