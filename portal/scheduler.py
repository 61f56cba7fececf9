"""Scheduled jobs. Threads of the server run them, or `manage.py tick`.

Any number of processes may run them: each job has a lease, so that one process does it, and it is due by what the
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
class Job:
    """Something to do at an interval. `do` does a bounded piece and returns how much it was; 0: that was all."""

    name: str
    every: timedelta
    do: Callable[[], int]
    is_wanted: Callable[[], bool] = lambda: True
    """A cheap look at whether there is anything to do, so that an idle portal writes nothing."""
    has_lease: bool = True
    """False: every process does it, whoever else does."""


JOBS = (
    Job("seal", timedelta(seconds=settings.SEAL_EVERY), sealer.seal_all, Pending.objects.exists),
    Job("witness", timedelta(seconds=30), sender.send_all, sender.has_witnesses),
    Job("indexes", timedelta(minutes=1), indexes.watch, has_lease=False),
    Job("alarms", timedelta(seconds=30), alarms.look, has_lease=False),
    Job("partitions", timedelta(hours=6), partitions.make_ahead, partitions.are_ours),
    Job("forward", timedelta(seconds=2), deliveries.forward, deliveries.has_work),
    Job("purge", timedelta(hours=1), policy.purge),
    Job(scheduled.JOB, timedelta(minutes=10), scheduled.notify_of_expiry),
    Job("still-called", timedelta(hours=6), scheduled.notify_of_deprecated_in_use),
    Job("told-from-record", timedelta(seconds=5), from_log.follow, from_log.is_behind),
    Job("mail", timedelta(seconds=2), sending.send, sending.is_wanted),
    Job("mail-kept", timedelta(hours=1), outbox.purge),
    Job("leaks", timedelta(seconds=1), response.handle_waiting, reports.are_waiting),
    Job("leaks-kept", timedelta(hours=1), reports.purge),
    Job("paces", timedelta(hours=6), lambda: rate_limit.sweep(now())),
    Job("counters", timedelta(hours=1), attempt_counts.sweep),
    Job("nonces", timedelta(minutes=1), lambda: nonces.sweep(now()), Nonce.objects.exists),
)


_due_at: dict[str, float] = {}
"""When this process does again what has no lease, by the clock that nobody sets."""


def run_due_jobs(stop: Callable[[], bool] = lambda: False, jobs: Sequence[Job] | None = None) -> int:
    """Run every job that is due, to its end or until `stop` says so; return how many were done.

    A job that fails is logged and tried again when it is due; the others run all the same.
    """
    done, by = 0, leases.holder()
    for job in JOBS if jobs is None else jobs:
        try:
            done += not stop() and _is_due(job) and _carry_out(job, by, stop)
        except Exception:
            log.exception("the job %s failed", job.name)
    return done


def run(stop: threading.Event, jobs: Sequence[Job]) -> None:
    """Tick until `stop` is set. What fails, a lost database included, is tried again."""
    while not stop.is_set():
        close_old_connections()
        run_due_jobs(stop.is_set, jobs)
        stop.wait(PAUSE)
    connection.close()


def start(stop: threading.Event) -> list[threading.Thread]:
    """Tick in threads of this process, until it ends or the event is set.

    Each job has a thread of its own: a receiver that is slow to answer must not keep rows from being sealed.
    """
    threads = [
        threading.Thread(target=run, args=(stop, (job,)), name=f"tick {job.name}", daemon=True)
        for job in JOBS
    ]
    for thread in threads:
        thread.start()
    return threads


def _is_due(job: Job) -> bool:
    if not job.is_wanted():
        return False
    if not job.has_lease:
        return _due_at.get(job.name, 0) <= time.monotonic()
    last, moment = leases.last_done(job.name), now()
    return last is None or last + job.every <= moment or last > moment  # the clock was set back


def _carry_out(job: Job, by: str, stop: Callable[[], bool]) -> bool:
    """Do the job piece by piece, keeping the lease meanwhile. False: someone else has it."""
    if not job.has_lease:
        try:
            while not stop() and job.do():
                pass
        finally:
            # One that fails waits, too. Spread, so that processes that started together do not look together.
            spread = 0.8 + secrets.randbelow(40) / 100
            _due_at[job.name] = time.monotonic() + job.every.total_seconds() * spread
        return True
    while leases.take(job.name, by):
        if stop() or not job.do():
            leases.finish(job.name, by)
            return True
    return False
