"""The rate limit of keys: GCRA with one row for each bucket, charged for many calls in one statement.

A key may burst to its whole minute's allowance and then earns calls back evenly. A denied call costs nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from agents.models import MAX_RATE_LIMIT_RPM
from core import pg_arrays
from keys.models import RateBucket

WINDOW = 60_000_000
"""Microseconds in which a limit's calls may be made."""
MAX_BURST_US = WINDOW + MAX_RATE_LIMIT_RPM
"""The largest burst of any limit: the window, and what rounding up adds to each of its calls."""
IDLE_AFTER = timedelta(days=1)
SWEEP_LIMIT = 5_000
_LOCK = """
SELECT bucket::text, spent_until_us FROM keys_ratebucket WHERE bucket = ANY(%s::uuid[]) ORDER BY bucket FOR UPDATE
"""
_CREATE = """
INSERT INTO keys_ratebucket (bucket, spent_until_us) SELECT * FROM unnest(%s::uuid[], %s::bigint[]) AS new
ORDER BY 1 ON CONFLICT (bucket) DO NOTHING RETURNING bucket::text, spent_until_us
"""
# They are all there by then. INSERT finds each by the index; for UPDATE the planner would read a small table whole.
_SPEND = """
INSERT INTO keys_ratebucket (bucket, spent_until_us) SELECT * FROM unnest(%s::uuid[], %s::bigint[]) AS new
ON CONFLICT (bucket) DO UPDATE SET spent_until_us = excluded.spent_until_us
"""


class Allowance(NamedTuple):
    """Whether the rate limit granted a call, and the state of the bucket after it."""

    granted: bool
    limit: int
    remaining: int
    resets_at: int
    """Unix second at which the whole allowance is there again."""
    retry_after: int
    """Seconds until one more call would be granted; 0 if it was."""

    def headers(self) -> dict[str, str]:
        """The three headers that every metered answer carries."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.resets_at),
        }


ASSUMED_GRANTED = Allowance(True, 0, 0, 0, 0)
"""A stand-in for a call whose charge is still to be made: judge() reads no more of it than that it was granted."""


class Charge(NamedTuple):
    """One call to be spent from `bucket`, which may make `limit` a minute."""

    bucket: str
    """The bucket's id with hyphens: as a dictionary key a text is faster than a UUID."""
    limit: int
    cost: int
    """Microseconds that a call takes of the window, rounded up: rounded down it would grant more than `limit`."""
    burst_us: int
    """Microseconds that the bucket may be ahead of now: the cost of all calls of a minute."""

    @classmethod
    def for_bucket(cls, bucket: UUID, limit: int) -> "Charge":
        """A charge of `bucket`, whose limit is `limit` calls a minute."""
        cost = -(-WINDOW // limit)
        return cls(str(bucket), limit, cost, cost * limit)


def charge(bucket: UUID, limit: int, now: datetime) -> Allowance:
    """Spend one call of `bucket`. Atomic across threads and processes."""
    with transaction.atomic():
        return charge_all([Charge.for_bucket(bucket, limit)], now)[0]


def charge_all(
    charges: Sequence[Charge], now: datetime, db: BaseDatabaseWrapper = connection
) -> list[Allowance]:
    """Spend a call for each charge, in their order; within a transaction, which holds the buckets until it ends."""
    if not charges:
        return []
    moment = to_microseconds(now)
    ends = dict(_lock_buckets(sorted({each.bucket for each in charges}), moment, db))
    before = dict(ends)
    allowances = [spend(ends, each, moment) for each in charges]
    changed = {bucket: until for bucket, until in ends.items() if until != before[bucket]}
    if changed:
        _write(changed, db)
    return allowances


def spend(ends: dict[str, int], call: Charge, moment: int) -> Allowance:
    """Take one call from its bucket. `ends` maps each bucket to its GCRA end in microseconds, and is updated."""
    bucket, limit, cost, burst_us = call
    # Only a clock that was set back since can have written an end further ahead than any limit allows. The bound is not
    # `burst_us`: keys of one rotation line may have different limits, and the slower one must forgive nothing of what
    # the other spent.
    if ends[bucket] > moment + MAX_BURST_US:
        ends[bucket] = min(ends[bucket], moment + burst_us)
    start = max(ends[bucket], moment)
    until = start + cost
    if until - moment <= burst_us:
        ends[bucket] = until
        return Allowance(True, limit, (burst_us - until + moment) // cost, _seconds_up(until), 0)
    return Allowance(False, limit, 0, _seconds_up(start), max(1, _seconds_up(until - moment - burst_us)))


def to_microseconds(now: datetime) -> int:
    """Microseconds since 1970."""
    return int(now.timestamp() * 1_000_000)


def sweep(now: datetime) -> int:
    """Delete buckets that nobody has charged for a day and return how many. A new one is as full."""
    idle = RateBucket.objects.filter(spent_until_us__lt=to_microseconds(now - IDLE_AFTER))
    free = idle.select_for_update(skip_locked=True).values("pk")[:SWEEP_LIMIT]
    return RateBucket.objects.filter(pk__in=free).delete()[0]


def _lock_buckets(buckets: Sequence[str], moment: int, db: BaseDatabaseWrapper) -> Mapping[str, int]:
    """Lock the buckets, in sorted order, until the transaction ends. Their ends; missing ones are created."""
    if db.vendor != "postgresql":
        return _read_on_sqlite(buckets, moment, db)
    with db.cursor() as cursor:
        cursor.execute(_LOCK, [pg_arrays.text_array(buckets)])
        spent_until = _read(cursor)
        if missing := [bucket for bucket in buckets if bucket not in spent_until]:
            cursor.execute(
                _CREATE, [pg_arrays.text_array(missing), pg_arrays.number_array([0] * len(missing))]
            )
            spent_until |= _read(cursor)
        if missing := [
            bucket for bucket in missing if bucket not in spent_until
        ]:  # made by another meanwhile
            cursor.execute(_LOCK, [pg_arrays.text_array(missing)])
            spent_until |= _read(cursor)
    return spent_until


def _read(cursor: CursorWrapper) -> dict[str, int]:
    return dict(cursor.fetchall())


def _read_on_sqlite(buckets: Sequence[str], moment: int, db: BaseDatabaseWrapper) -> Mapping[str, int]:
    """SQLite's transaction has locked everything already."""
    with db.cursor() as cursor:
        placeholders = ", ".join(["%s"] * len(buckets))
        cursor.execute(
            f"SELECT bucket, spent_until_us FROM keys_ratebucket WHERE bucket IN ({placeholders})",
            [_hex(b) for b in buckets],
        )
        spent_until = _read(cursor)
    return {bucket: spent_until.get(_hex(bucket), 0) for bucket in buckets}


def _write(ends: Mapping[str, int], db: BaseDatabaseWrapper) -> None:
    with db.cursor() as cursor:
        if db.vendor == "postgresql":
            cursor.execute(
                _SPEND,
                [pg_arrays.text_array(ends), pg_arrays.number_array(ends.values())],
            )
        else:
            cursor.executemany(
                "INSERT INTO keys_ratebucket (bucket, spent_until_us) VALUES (%s, %s) "
                "ON CONFLICT (bucket) DO UPDATE SET spent_until_us = excluded.spent_until_us",
                [(_hex(bucket), until) for bucket, until in ends.items()],
            )


def _hex(bucket: str) -> str:
    """As SQLite keeps it."""
    return bucket.replace("-", "")


def _seconds_up(microseconds: int) -> int:
    return -(-microseconds // 1_000_000)
