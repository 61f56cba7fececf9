"""A key as a row of a list: its state in words, its use and what stands on it, read once for the whole page."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import (
    Count,
)

from audit.search import usage
from audit.search.usage import Use
from audit.time_words import relative_words
from core.clock import now
from keys.models import EXPIRING, ApiKey
from keys.replacements import replacements


@dataclass(frozen=True, slots=True)
class Row:
    """A key in a list."""

    key: ApiKey
    state: str
    says: str
    use: Use | None
    days: list[tuple[int, int]]
    children: int
    note: str

    @property
    def has_ended(self) -> bool:
        """Whether it no longer works, and for good."""
        return self.state in ("revoked", "expired")

    @property
    def short_prefix(self) -> str:
        """The last characters of its prefix, which tell keys of one name apart."""
        return self.key.prefix[-8:]

    @property
    def scope_count(self) -> str:
        """How many scopes it has, in words."""
        count = len(self.key.scopes)
        return f"{count} scope{'' if count == 1 else 's'}"

    @property
    def calls(self) -> str:
        """The spark line in words."""
        allowed, refused = (sum(day[i] for day in self.days) for i in (0, 1))
        return f"Last 7 days: {allowed + refused:,} requests" + (f", {refused:,} denied" if refused else "")


def rows(keys: Iterable[ApiKey]) -> list[Row]:
    """Keys as list rows, in four more queries however many they are."""
    keys = list(keys)
    ids = [key.id for key in keys]
    days = usage.daily({key.app_id for key in keys}, ids)
    used, children = usage.uses(ids), _active_children(ids)
    replaced_by, idle = replacements(keys), [(0, 0)] * 7
    return [
        Row(
            key,
            *state_of(key, replaced_by[key.id].prefix if key.id in replaced_by else ""),
            used.get(key.id),
            days.get(key.id, idle),
            children.get(key.id, 0),
            _note(key),
        )
        for key in keys
    ]


def state_of(key: ApiKey, replacement: str = "") -> tuple[str, str]:
    """The word for a key's state and what its pill says. `replacement` is the prefix of the key it rotates to."""
    status, moment = key.status, now()
    if status == "revoked":
        return "revoked", "Revoked"
    if status in ("expired", "ended"):
        return "expired", "Expired" if status == "expired" else "Rotated"
    if key.agent and key.agent.suspended_at:
        return "suspended", "Agent suspended"
    if status == "rotating" and key.grace_ends_at:
        return "rotating", f"Rotating to {replacement[-8:]}" if replacement else "Rotating"
    if status == "deprecated":
        return "deprecated", "Deprecated"
    if key.expires_at and key.expires_at - moment <= EXPIRING and key.parent_id is None:
        return "expiring", f"Expires {relative_words(key.expires_at - moment)}"
    return "active", "Active"


def _active_children(ids: list[UUID]) -> dict[UUID, int]:
    counted = ApiKey.objects.filter(parent_id__in=ids).active().order_by().values("parent_id")
    return {row["parent_id"]: row["n"] for row in counted.annotate(n=Count("id"))}


def _note(key: ApiKey) -> str:
    if key.status == "rotating" and key.grace_ends_at:
        return f"Old secret ends {relative_words(key.grace_ends_at - now())}"
    if key.parent:
        return f"Derived from {key.parent.name}"
    if key.enrolled_by:
        return f"Minted with {key.enrolled_by.name}"
    return f"Replaces {key.replaced.prefix[-8:]}" if key.replaced else ""
