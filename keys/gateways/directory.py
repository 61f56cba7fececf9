"""Which gateways there are, kept in the process: knowing one by its secret asks no database.

The copy is read again beside the calls that use it, in a thread of its own: the door's threads never wait for that
read unless the copy is too old to be used. So a secret that was retired or rotated away ends within MAX_AGE in every
process, and at once in the one that did it.
"""

import hmac
import logging
import os
import threading
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

from core.clock import now
from core.errors import Unavailable
from keyformat import grammar
from keys import plaintext
from keys.gateways.models import Gateway, GatewayUse

log = logging.getLogger(__name__)
REFRESH = 2.0
"""Seconds after which the copy is read again."""
MAX_AGE = 5.0
"""Seconds after which nobody uses it."""
TIMEOUT = 10.0
"""Seconds a call waits for a read that it cannot do without."""
USE_INTERVAL = 60.0
"""Seconds between two notes of when a gateway was seen."""
NOTE_DELAY = 1.0
"""Seconds from a gateway's first call to the note of it."""


class Secret(NamedTuple):
    """A secret as it is stored, and when it ends if it is the previous one."""

    digest: bytes
    pepper: int
    ends_at: datetime | None

    def is_of(self, hashed: bytes) -> bool:
        """Whether it is the secret with this SHA-256. In constant time."""
        digest = plaintext.digest(hashed, self.pepper) if self.pepper in settings.PEPPERS else b""
        return hmac.compare_digest(self.digest, digest)

    def is_in_force(self) -> bool:
        """Whether it has not ended."""
        return self.ends_at is None or self.ends_at > now()


class KnownGateway(NamedTuple):
    """A gateway in use, as plain values."""

    id: UUID
    name: str
    pair: str
    secrets: tuple[Secret, ...]


class _SecretCache(NamedTuple):
    """What was found in one copy. It never holds what was found in another: a slower thread may still search that."""

    known: tuple[KnownGateway, ...]
    by_hash: dict[bytes, tuple[KnownGateway, Secret]]


class Directory:
    """The gateways of the portal as one process knows them. `recognize()` from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[KnownGateway, ...] = ()
        self._read_at = float("-inf")
        self._cache = _SecretCache(self._known, {})
        self._reading: threading.Event | None = None
        self._thread: threading.Thread | None = None
        self._failed = False
        self._version = 0
        self._seen_at: dict[tuple[UUID, bytes], datetime] = {}
        self._noted_at = float("-inf")
        self._timer: threading.Timer | None = None

    def recognize(self, presented: str) -> KnownGateway | None:
        """The gateway whose secret was `presented`. None: it is no gateway's.

        Raises Unavailable if that cannot be known, what the database raises within a transaction.
        """
        if not presented.startswith(grammar.STARTS["gateway"]):
            return None
        known, hashed, cache = self._current(), plaintext.sha256(presented), self._cache
        if known is not cache.known:
            self._cache = cache = _SecretCache(known, {})
        gateway, secret = cache.by_hash.get(hashed) or _search(known, presented, hashed)
        if gateway is None or secret is None or not secret.is_in_force():
            return None
        cache.by_hash[hashed] = gateway, secret
        self._seen_at[gateway.id, secret.digest] = now()
        if self._timer is None and monotonic() - self._noted_at >= USE_INTERVAL:
            self._note_soon()
        return gateway

    def forget(self) -> None:
        """Have everything read anew before it is used again."""
        with self._lock:
            self._version += 1
            self._read_at = float("-inf")

    def settle(self) -> None:
        """Wait until nothing is being read or noted."""
        for thread in (self._thread, self._timer):
            if thread:
                thread.join()

    def forget_parent(self) -> None:
        """In a forked process: the thread that was reading for the parent is not here."""
        self.__init__()  # type: ignore[misc]

    def _current(self) -> tuple[KnownGateway, ...]:
        """A copy young enough to be used."""
        age = monotonic() - self._read_at
        if age < REFRESH:
            return self._known
        if connection.in_atomic_block:  # whoever asks within a transaction sees what it has written
            return read()
        if age > MAX_AGE:
            self._wait()
        else:
            self._begin()
        return self._known

    def _wait(self) -> None:
        """Wait until the copy has been read anew. Raises Unavailable."""
        while monotonic() - self._read_at > MAX_AGE:
            if not self._begin().wait(TIMEOUT) or self._failed:
                raise Unavailable

    def _begin(self) -> threading.Event:
        """The read that is under way, which begins now if there is none."""
        with self._lock:
            if self._reading is None:
                self._reading = threading.Event()
                self._thread = threading.Thread(target=self._refresh, args=(self._reading,), daemon=True)
                self._thread.start()
            return self._reading

    def _refresh(self, done: threading.Event) -> None:
        """Read the copy anew. If that fails, the old one grows too old to be used."""
        version, started = self._version, monotonic()
        try:
            known, self._failed = read(), False
            with self._lock:
                if version == self._version:
                    self._known, self._read_at = known, started
        except Exception:  # whatever it is, nobody may wait for this thread
            self._failed = True
            log.warning("the gateways could not be read", exc_info=True)
        finally:
            with self._lock:
                self._reading = None
            done.set()
        with closing(connection):
            self._note_use()

    def _note_soon(self) -> None:
        """Write down in a moment when each was seen, though no other call may come."""
        if connection.in_atomic_block:  # as in a test: another connection would wait for it
            return
        self._timer = threading.Timer(NOTE_DELAY, self._note_later)
        self._timer.daemon = True
        self._timer.start()

    def _note_later(self) -> None:
        with closing(connection):
            self._note_use()
        self._timer = None

    def _note_use(self) -> None:
        """Write down when each was seen, now and then."""
        if not self._seen_at or monotonic() - self._noted_at < USE_INTERVAL:
            return
        self._noted_at = monotonic()
        seen_at, self._seen_at = self._seen_at, {}
        try:
            note_use(list(seen_at.items()))  # a thread that took the old dictionary may still write to it
        except Exception:  # it is told of, and stops nothing
            log.warning("when gateways were seen could not be kept", exc_info=True)


def _search(
    known: tuple[KnownGateway, ...], presented: str, hashed: bytes
) -> tuple[KnownGateway, Secret] | tuple[None, None]:
    """Whose secret was `presented`, among all there are. Only what was found is found faster the next time."""
    if grammar.is_gateway_secret(presented):
        for gateway in known:
            for secret in gateway.secrets:
                if secret.is_of(hashed):
                    return gateway, secret
    return None, None


def read() -> tuple[KnownGateway, ...]:
    """The gateways in use, as the database has them."""
    return tuple(map(_known, Gateway.objects.filter(retired_at=None).order_by("id")))


def note_use(seen_at: Iterable[tuple[tuple[UUID, bytes], datetime]]) -> None:
    """Keep when secrets were seen, by their gateway's id and their digest, unless they count no more."""
    for (gateway_id, digest), moment in seen_at:
        gateway = Gateway.objects.filter(pk=gateway_id).first()
        if gateway is None:
            continue
        previous = bytes(gateway.previous_digest or b"")
        columns = {previous: "previous_seen_at", bytes(gateway.digest): "seen_at"}
        if column := columns.get(digest):
            GatewayUse.objects.update_or_create(gateway=gateway, defaults={column: moment})


def _known(row: Gateway) -> KnownGateway:
    secrets = [Secret(bytes(row.digest), row.pepper, None)]
    if row.previous_digest and row.previous_pepper is not None:
        secrets.append(Secret(bytes(row.previous_digest), row.previous_pepper, row.previous_ends_at))
    return KnownGateway(row.id, row.name, row.pair, tuple(secrets))


directory = Directory()
os.register_at_fork(after_in_child=directory.forget_parent)
