"""How fast a key may be spent: GCRA, one row a key, charged for many calls at once (security.md section 12).

A key may burst to its whole minute's allowance and then earns calls back evenly. A refused call
costs nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from agents.models import MOST_CALLS_A_MINUTE
from core import pg_arrays
from keys.models import Pace

WINDOW = 60_000_000
"""A minute, in microseconds."""
MAX_ROOM = WINDOW + MOST_CALLS_A_MINUTE
"""More than any key may be ahead: its minute, and what rounding adds to each of its calls."""
IDLE = timedelta(days=1)
MOST_SWEPT = 5_000
_READ = "SELECT bucket::text, spent_until FROM keys_pace WHERE bucket = ANY(%s::uuid[]) ORDER BY bucket FOR UPDATE"
_MAKE = """
INSERT INTO keys_pace (bucket, spent_until) SELECT * FROM unnest(%s::uuid[], %s::bigint[]) AS new (bucket, moment)
ORDER BY 1 ON CONFLICT (bucket) DO NOTHING RETURNING bucket::text, spent_until
"""
# They are all there by then. INSERT finds each by the index; for UPDATE the planner would read a small table whole.
_SPEND = """
INSERT INTO keys_pace (bucket, spent_until) SELECT * FROM unnest(%s::uuid[], %s::bigint[]) AS new (bucket, moment)
ON CONFLICT (bucket) DO UPDATE SET spent_until = excluded.spent_until
"""


class Allowance(NamedTuple):
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


PRESUMED = Allowance(True, 0, 0, 0, 0)
"""Of a call that is taken to be granted: enough for judge(), which asks no more of one than that."""


class Charge(NamedTuple):
    """One call to be spent from `bucket`, which may make `limit` a minute."""

    bucket: str
    """The id of whose minute it is, written with hyphens: texts are found faster than ids."""
    limit: int
    cost: int
    """Microseconds that a call takes of its key's minute. Rounded down it would let more than `limit` in."""
    room: int
    """Microseconds that a key may be ahead: all its calls of a minute."""

    @classmethod
    def of(cls, bucket: UUID, limit: int) -> "Charge":
        """One of a bucket that may be spent from so often."""
        cost = -(-WINDOW // limit)
        return cls(str(bucket), limit, cost, cost * limit)


def charge(bucket: UUID, limit: int, now: datetime) -> Allowance:
    """Spend one call of `bucket`. Atomic across threads and processes."""
    with transaction.atomic():
        return charge_all([Charge.of(bucket, limit)], now)[0]


def charge_all(
    charges: Sequence[Charge], now: datetime, db: BaseDatabaseWrapper = connection
) -> list[Allowance]:
    """Spend a call for each charge, in their order; within a transaction, which holds the buckets until it ends."""
    if not charges:
        return []
    moment = micros(now)
    spent = dict(_hold(sorted({one.bucket for one in charges}), moment, db))
    before = dict(spent)
    allowances = [spend(spent, one, moment) for one in charges]
    changed = {bucket: until for bucket, until in spent.items() if until != before[bucket]}
    if changed:
        _keep(changed, db)
    return allowances


def spend(spent: dict[str, int], one: Charge, moment: int) -> Allowance:
    """Take one call from what its bucket has left. `spent` says until when each bucket is spent."""
    bucket, limit, cost, room = one
    # Further ahead than any key may be can only be written by a clock that has been set back since. Not `room`: keys of
    # one rotation line may have different limits, and the slower one must forgive nothing of what the other spent.
    if spent[bucket] > moment + MAX_ROOM:
        spent[bucket] = min(spent[bucket], moment + room)
    start = max(spent[bucket], moment)
    until = start + cost
    if until - moment <= room:
        spent[bucket] = until
        return Allowance(True, limit, (room - until + moment) // cost, _seconds_up(until), 0)
    return Allowance(False, limit, 0, _seconds_up(start), max(1, _seconds_up(until - moment - room)))


def micros(now: datetime) -> int:
    """A moment as the throttle counts: microseconds since 1970."""
    return int(now.timestamp() * 1_000_000)


def sweep(now: datetime) -> int:
    """Delete what is left of buckets that nobody has spent from for a day; return how many. A new one is as full."""
    idle = Pace.objects.filter(spent_until__lt=micros(now - IDLE))
    free = idle.select_for_update(skip_locked=True).values("pk")[:MOST_SWEPT]
    return Pace.objects.filter(pk__in=free).delete()[0]


def _hold(buckets: Sequence[str], moment: int, db: BaseDatabaseWrapper) -> Mapping[str, int]:
    """Until when each bucket is spent, locked in one order until the transaction ends. New ones are made."""
    if db.vendor != "postgresql":
        return _read_on_sqlite(buckets, moment, db)
    with db.cursor() as cursor:
        cursor.execute(_READ, [pg_arrays.of_words(buckets)])
        found = _read(cursor)
        if missing := [bucket for bucket in buckets if bucket not in found]:
            cursor.execute(_MAKE, [pg_arrays.of_words(missing), pg_arrays.of_numbers([0] * len(missing))])
            found |= _read(cursor)
        if missing := [bucket for bucket in missing if bucket not in found]:  # made by another meanwhile
            cursor.execute(_READ, [pg_arrays.of_words(missing)])
            found |= _read(cursor)
    return found


def _read(cursor: CursorWrapper) -> dict[str, int]:
    return dict(cursor.fetchall())


def _read_on_sqlite(buckets: Sequence[str], moment: int, db: BaseDatabaseWrapper) -> Mapping[str, int]:
    """SQLite's transaction has locked everything already."""
    with db.cursor() as cursor:
        places = ", ".join(["%s"] * len(buckets))
        cursor.execute(
            f"SELECT bucket, spent_until FROM keys_pace WHERE bucket IN ({places})",
            [_hex(b) for b in buckets],
        )
        found = _read(cursor)
    return {bucket: found.get(_hex(bucket), 0) for bucket in buckets}


def _keep(spent: Mapping[str, int], db: BaseDatabaseWrapper) -> None:
    with db.cursor() as cursor:
        if db.vendor == "postgresql":
            cursor.execute(_SPEND, [pg_arrays.of_words(spent), pg_arrays.of_numbers(spent.values())])
        else:
            cursor.executemany(
                "INSERT INTO keys_pace (bucket, spent_until) VALUES (%s, %s) "
                "ON CONFLICT (bucket) DO UPDATE SET spent_until = excluded.spent_until",
                [(_hex(bucket), until) for bucket, until in spent.items()],
            )


def _hex(bucket: str) -> str:
    """As SQLite keeps it."""
    return bucket.replace("-", "")


def _seconds_up(microseconds: int) -> int:
    return -(-microseconds // 1_000_000)
