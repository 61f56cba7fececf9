"""Nonces that signed calls have used: each passes once for its key, across threads and processes.

PostgreSQL keeps them out of its log (migration 0002): a crash empties the table, and then a call signed in
the last five minutes could be repeated once. SQLite keeps them like everything else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from keys.models import Nonce

RETENTION = timedelta(minutes=15)
"""Longer than the two skews during which a signature can pass."""
SWEEP_LIMIT = 10_000

_ON_POSTGRES = """
INSERT INTO keys_nonce (id, seen_at) SELECT id, %s FROM unnest(%s::text[]) AS new (id) ORDER BY id
ON CONFLICT DO NOTHING RETURNING id
"""
_ON_SQLITE = "INSERT INTO keys_nonce (id, seen_at) VALUES (%s, %s) ON CONFLICT DO NOTHING"


def spend(key_id: UUID, nonce: str, now: datetime) -> bool:
    """Use up `nonce` for a key. False: it has been used before. One atomic insert."""
    return spend_all([name_of(key_id, nonce)], now)[0]


def spend_all(names: Sequence[str], now: datetime, db: BaseDatabaseWrapper = connection) -> list[bool]:
    """Use up nonces, and say of each whether it is the first to be. Of two alike the first one is."""
    if not names:
        return []
    fresh = _insert(dict.fromkeys(names), now, db)
    firsts = []
    for name in names:
        firsts.append(name in fresh)
        fresh.discard(name)
    return firsts


def name_of(key_id: UUID, nonce: str) -> str:
    """What a key's nonce is kept under."""
    return f"{key_id.hex}:{nonce}"


def sweep(now: datetime) -> int:
    """Forget those that no signature could use again; return how many. Two sweeps at once share the work."""
    old = (
        Nonce.objects.filter(seen_at__lt=now - RETENTION)
        .order_by("seen_at")
        .select_for_update(skip_locked=True)
    )
    forgotten, _ = Nonce.objects.filter(pk__in=old.values("pk")[:SWEEP_LIMIT]).delete()
    return forgotten


def _insert(names: dict[str, None], now: datetime, db: BaseDatabaseWrapper) -> set[str]:
    """Those of `names` that were not there yet. In one order, so that two batches do not wait in a ring."""
    with db.cursor() as cursor:
        if db.vendor == "postgresql":
            cursor.execute(_ON_POSTGRES, [now, sorted(names)])
            return {name for (name,) in cursor.fetchall()}
        moment, fresh = db.ops.adapt_datetimefield_value(now), set()
        for name in names:
            cursor.execute(_ON_SQLITE, [name, moment])
            if cursor.rowcount == 1:
                fresh.add(name)
        return fresh
