"""How fast a key may be spent: GCRA, one row a key, one atomic upsert a call (security.md section 12).

A key may burst to its whole minute's allowance and then earns calls back evenly. A refused call
costs nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

WINDOW = 60_000_000
"""A minute, in microseconds."""

_LARGER = {"postgresql": "greatest", "sqlite": "max"}
_CHARGE = """
INSERT INTO keys_pace (bucket, spent_until) VALUES (%(bucket)s, %(now)s + %(cost)s)
ON CONFLICT (bucket) DO UPDATE SET spent_until = {larger}(keys_pace.spent_until, %(now)s) + %(cost)s
WHERE {larger}(keys_pace.spent_until, %(now)s) + %(cost)s - %(now)s <= %(window)s
RETURNING spent_until
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the throttle said: whether the call was granted, and the state of the key's minute after it."""

    granted: bool
    limit: int
    remaining: int
    resets_at: int
    """Unix second at which the whole allowance is there again."""
    retry_after: int
    """Seconds until one more call would be granted; 0 if it was."""

    def headers(self) -> dict[str, str]:
        """The triple every metered answer carries (protocol.md section 3.4)."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.resets_at),
        }


def charge(bucket: UUID, limit: int, now: datetime) -> Allowance:
    """Spend one call of `bucket`, which may make `limit` a minute. Atomic across threads and processes."""
    moment, cost = int(now.timestamp() * 1_000_000), -(-WINDOW // limit)
    # Rounded up, and so is the window: a cost rounded down would let more than `limit` calls in.
    window = cost * limit
    spent_until = _upsert(bucket, moment, cost, window)
    granted = spent_until is not None
    if spent_until is None:
        spent_until = _spent_until(bucket)
    ahead = max(0, spent_until - moment)
    return Allowance(
        granted=granted,
        limit=limit,
        remaining=max(0, (window - ahead) // cost) if granted else 0,
        resets_at=_seconds_up(max(spent_until, moment)),
        retry_after=0 if granted else max(1, _seconds_up(ahead + cost - window)),
    )


def _upsert(bucket: UUID, moment: int, cost: int, window: int) -> int | None:
    statement = _CHARGE.format(larger=_LARGER[connection.vendor])
    values = {"bucket": _stored(bucket), "now": moment, "cost": cost, "window": window}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _spent_until(bucket: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT spent_until FROM keys_pace WHERE bucket = %s", [_stored(bucket)])
        return int(cursor.fetchone()[0])


def _stored(bucket: UUID) -> UUID | str:
    """As this engine's uuid column holds it."""
    return bucket if connection.features.has_native_uuid_field else bucket.hex


def _seconds_up(microseconds: int) -> int:
    return -(-microseconds // 1_000_000)
