"""Nonces that signed calls have used: each passes once for its key, across threads and processes.

PostgreSQL keeps them out of its log (migration 0002): a crash empties the table, and then a call signed in
the last five minutes could be repeated once. SQLite keeps them like everything else.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from keys.models import Nonce

KEPT = timedelta(minutes=15)
"""Longer than the two skews during which a signature can pass."""
SWEEP_EVERY = 256

_SPEND = "INSERT INTO keys_nonce (id, seen_at) VALUES (%s, %s) ON CONFLICT DO NOTHING"


def spend(key_id: UUID, nonce: str, now: datetime) -> bool:
    """Use up `nonce` for a key. False: it has been used before. One atomic insert."""
    if secrets.randbelow(SWEEP_EVERY) == 0:
        sweep(now)
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, [f"{key_id.hex}:{nonce}", connection.ops.adapt_datetimefield_value(now)])
        return bool(cursor.rowcount == 1)


def sweep(now: datetime) -> None:
    """Forget those that no signature could use again. Two sweeps at once do not wait for each other."""
    old = Nonce.objects.filter(seen_at__lt=now - KEPT).select_for_update(skip_locked=True)
    Nonce.objects.filter(pk__in=old.values("pk")).delete()
