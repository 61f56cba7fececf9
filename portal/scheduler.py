"""The timed work: what the clock asks for, whoever is looking. Threads of the server do it, or `manage.py tick`.

Any number of processes may tick: each work has a lease, so that one of them does it, and it is due by what the
database says of the last time. What watches the record obeys nothing that the database says: each process looks for
itself, by its own clock.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections, connection

from audit import leases
from audit.forwarding import deliveries
from audit.integrity import partitions
from audit.integrity.checking import indexes
from audit.integrity.sealing import sealer
from audit.integrity.witnesses import sender
from audit.models import Pending
from audit.retention import policy
from core.clock import now
from keys.admission import nonces, rate_limit
from keys.models import Nonce
from portal.auth import attempt_counts
from portal.leaks import reports, response
from portal.mail import outbox, sending
from portal.notifications import alarms, from_log, scheduled

log = logging.getLogger(__name__)
PAUSE = 1.0
"""Seconds between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Work:
    """Something to do every so often. `do` does a bounded piece and returns how much it was; 0: that was all."""

    name: str
    every: timedelta
    do: Callable[[], int]
    is_wanted: Callable[[], bool] = lambda: True
    """A cheap look at whether there is anything to do, so that an idle portal writes nothing."""
    has_lease: bool = True
    """False: every process does it, whoever else does."""


WORKS = (
    Work("seal", timedelta(seconds=settings.SEAL_EVERY), sealer.seal_all, Pending.objects.exists),
    Work("witness", timedelta(seconds=30), sender.tell, sender.is_wanted),
    Work("indexes", timedelta(minutes=1), indexes.watch, has_lease=False),
    Work("alarms", timedelta(seconds=30), alarms.look, has_lease=False),
    Work("partitions", timedelta(hours=6), partitions.make_ahead, partitions.are_ours),
    Work("forward", timedelta(seconds=2), deliveries.forward, deliveries.is_wanted),
    Work("purge", timedelta(hours=1), policy.purge),
    Work(scheduled.WORK, timedelta(minutes=10), scheduled.tell_of_ends),
    Work("still-called", timedelta(hours=6), scheduled.tell_of_calls),
    Work("told-from-record", timedelta(seconds=5), from_log.follow, from_log.is_behind),
    Work("mail", timedelta(seconds=2), sending.send, sending.is_wanted),
    Work("mail-kept", timedelta(hours=1), outbox.purge),
    Work("leaks", timedelta(seconds=1), response.deal_with_waiting, reports.are_waiting),
    Work("leaks-kept", timedelta(hours=1), reports.purge),
    Work("paces", timedelta(hours=6), lambda: rate_limit.sweep(now())),
    Work("counters", timedelta(hours=1), attempt_counts.sweep),
    Work("nonces", timedelta(minutes=1), lambda: nonces.sweep(now()), Nonce.objects.exists),
)


_due_at: dict[str, float] = {}
"""When this process does again what has no lease, by the clock that nobody sets."""


def tick(stop: Callable[[], bool] = lambda: False, works: Sequence[Work] | None = None) -> int:
    """Do every work that is due, to its end or until `stop` says so; return how many were done.

    A work that fails is told of in the log and tried again when it is due: the others are done all the same.
    """
    done, by = 0, leases.holder()
    for work in WORKS if works is None else works:
        try:
            done += not stop() and _is_due(work) and _carry_out(work, by, stop)
        except Exception:
            log.exception("the timed work %s failed", work.name)
    return done


def run(stop: threading.Event, works: Sequence[Work]) -> None:
    """Tick until `stop` is set. What fails, a lost database included, is tried again."""
    while not stop.is_set():
        close_old_connections()
        tick(stop.is_set, works)
        stop.wait(PAUSE)
    connection.close()


def start(stop: threading.Event) -> list[threading.Thread]:
    """Tick in threads of this process, until it ends or the event is set.

    Each work has a thread of its own: a receiver that is slow to answer must not keep rows from being sealed.
    """
    threads = [
        threading.Thread(target=run, args=(stop, (work,)), name=f"tick {work.name}", daemon=True)
        for work in WORKS
    ]
    for thread in threads:
        thread.start()
    return threads


def _is_due(work: Work) -> bool:
    if not work.is_wanted():
        return False
    if not work.has_lease:
        return _due_at.get(work.name, 0) <= time.monotonic()
    last, moment = leases.last_done(work.name), now()
    return last is None or last + work.every <= moment or last > moment  # the clock was set back


def _carry_out(work: Work, by: str, stop: Callable[[], bool]) -> bool:
    """Do the work piece by piece, keeping the lease meanwhile. False: someone else has it."""
    if not work.has_lease:
        try:
            while not stop() and work.do():
                pass
        finally:
            # One that fails waits, too. Spread, so that processes that started together do not look together.
            spread = 0.8 + secrets.randbelow(40) / 100
            _due_at[work.name] = time.monotonic() + work.every.total_seconds() * spread
        return True
    while leases.take(work.name, by):
        if stop() or not work.do():
            leases.finish(work.name, by)
            return True
    return False
