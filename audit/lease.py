"""A lease: of several processes one does a timed work, and another takes over when the first one dies."""

import os
import socket
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from audit.clock import now
from audit.models import Lease

LENGTH = timedelta(seconds=15)
"""How long a holder that was killed keeps others waiting."""
LENGTHS = {"seal": timedelta(seconds=3)}
"""Rows must not wait long for their seal. Two that seal at once do no harm: the sealer has a lock of its own."""


def holder() -> str:
    """This process, as a lease names it."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}"


def take(name: str, by: str) -> bool:
    """Become the holder of `name`, or stay it. False: someone else is. One atomic update."""
    moment = now()
    until = moment + LENGTHS.get(name, LENGTH)
    # Nobody holds one for longer than its length: such a moment was written before the clock was set back.
    free = Q(until__lte=moment) | Q(until__gt=until) | Q(holder=by)
    if Lease.objects.filter(free, name=name).update(holder=by, until=until):
        return True
    if Lease.objects.filter(name=name).exists():
        return False
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=by, until=until)
    except IntegrityError:
        return False
    return True


def finish(name: str, by: str) -> None:
    """Say that the work is done for now, and let whoever is next have the lease."""
    moment = now()
    Lease.objects.filter(name=name, holder=by).update(until=moment, last_at=moment)


def last_done(name: str) -> datetime | None:
    """When the work was last done to its end, by whomever."""
    return Lease.objects.filter(name=name).values_list("last_at", flat=True).first()
