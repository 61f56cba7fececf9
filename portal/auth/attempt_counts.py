"""Counts in a table of the database: Django's cache for django-allauth, which keeps in it how often someone tried.

Django's own would throw out entries when it is full, and with them the count of whoever is being guessed at. Here a
row goes when it is old, and for no other reason (docs/decisions/0037).
"""

import hashlib
import json
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection

from core.clock import now
from portal.models import Counter

MAX_NAME = 255
BATCH_SIZE = 5_000
_SET = """
INSERT INTO portal_counter (name, value, expires_at) VALUES (%s, %s, %s)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
"""
_ADD = _SET + " WHERE portal_counter.expires_at <= %s"


class TableCache(BaseCache):
    """A cache of JSON values, each under its name until it is old. Every operation is one statement, hence atomic."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep `value` unless something is there that is not old; return whether it was kept."""
        row = [self._name(key, version), json.dumps(value), self._end(timeout)]
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [*row, _micros()])
            return bool(cursor.rowcount)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """What is kept under `key`, or `default`."""
        counter = Counter.objects.filter(name=self._name(key, version)).first()
        if counter is None or (counter.expires_at is not None and counter.expires_at <= _micros()):
            return default
        return json.loads(counter.value)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep `value` in place of whatever is there."""
        with connection.cursor() as cursor:
            cursor.execute(_SET, [self._name(key, version), json.dumps(value), self._end(timeout)])

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget `key`; return whether it was there."""
        return bool(Counter.objects.filter(name=self._name(key, version)).delete()[0])

    def clear(self) -> None:
        """Forget everything."""
        Counter.objects.all().delete()

    def _name(self, key: str, version: int | None) -> str:
        name = str(self.make_key(key, version))
        return name if len(name) <= MAX_NAME else hashlib.sha256(name.encode()).hexdigest()

    def _end(self, timeout: Any) -> int | None:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else _micros() + int(seconds * 1_000_000)


def sweep() -> int:
    """Delete what is old, a piece at a time; return how much went."""
    old = Counter.objects.filter(expires_at__lte=_micros()).values_list("pk", flat=True)[:BATCH_SIZE]
    names = list(old)
    return Counter.objects.filter(pk__in=names, expires_at__lte=_micros()).delete()[0] if names else 0


def _micros() -> int:
    return int(now().timestamp() * 1_000_000)
