"""Leases: one process at a time runs a scheduled job, and another takes over when it dies.

Who holds one is signed with a key outside the database. What the portal did not write counts as no lease: whoever can
write to the database cannot keep the portal from its work by holding it in somebody's name.
"""

import os
import socket
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import DataError, IntegrityError, connection, transaction

from audit import macs, sqlite_format
from audit.models import Lease
from core.clock import now
from core.outbox import is_ahead

LENGTH = timedelta(seconds=15)
"""How long a holder that was killed keeps others waiting."""
LENGTHS = {"seal": timedelta(seconds=3)}
"""Rows must not wait long for their seal. Two that seal at once do no harm: the sealer has a lock of its own."""

_DELETE = {
    "sqlite": "DELETE FROM audit_lease WHERE name = %s AND holder IS %s",  # which may be anything there
    "postgresql": "DELETE FROM audit_lease WHERE name = %s AND holder = %s",
}


class LeaseState(NamedTuple):
    """A lease that the portal wrote."""

    signed: str
    """The column `holder`: who, and the MAC."""
    by: str
    until: datetime
    last_at: datetime | None


def holder() -> str:
    """This process, as a lease names it."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}"


def take(name: str, by: str) -> bool:
    """Become the holder of `name`, or stay it. False: someone else is. One atomic update."""
    moment = now()
    until = moment + LENGTHS.get(name, LENGTH)
    lease = _held(name)
    if lease is None:
        return _begin(name, by, until)
    if lease.by != by and is_ahead(lease.until, until - moment):
        return False
    return _write(name, lease, by, until, lease.last_at)


def finish(name: str, by: str) -> None:
    """Say that the work is done for now, and let whoever is next have the lease."""
    moment, lease = now(), _held(name)
    if lease and lease.by == by:
        _write(name, lease, by, moment, moment)


def last_done(name: str) -> datetime | None:
    """When the work was last done to its end, by whomever of the portal's processes."""
    lease = _held(name)
    return lease.last_at if lease else None


def _held(name: str) -> LeaseState | None:
    """The lease as the portal wrote it. None: there is none, or somebody else wrote it."""
    try:
        row = Lease.objects.filter(name=name).values_list("holder", "until", "last_at").first()
        signed, until, last_at = row or ("", now(), None)
        by, _, mac = signed.rpartition(" ")
        fits = macs.fits_text("lease", _text(name, by, until, last_at), mac)
    except (*sqlite_format.UNREADABLE, DataError):
        return None
    return LeaseState(signed, by, until, last_at) if fits else None


def _begin(name: str, by: str, until: datetime) -> bool:
    """Hold what nobody holds, in place of what the portal did not write."""
    current_holder = Lease.objects.filter(name=name).values_list("holder", flat=True).first()
    try:
        with transaction.atomic():
            if current_holder is not None:
                with connection.cursor() as cursor:
                    cursor.execute(_DELETE[connection.vendor], [name, current_holder])
            Lease.objects.create(name=name, holder=_signed(name, by, until, None), until=until)
    except IntegrityError:
        return False
    return True


def _write(name: str, lease: LeaseState, by: str, until: datetime, last_at: datetime | None) -> bool:
    """Put a lease in the place of the one that was read. False: another was quicker."""
    fresh = {"holder": _signed(name, by, until, last_at), "until": until, "last_at": last_at}
    return Lease.objects.filter(name=name, holder=lease.signed).update(**fresh) == 1


def _signed(name: str, by: str, until: datetime, last_at: datetime | None) -> str:
    return f"{by} {macs.mac_of_text('lease', _text(name, by, until, last_at))}"


def _text(name: str, by: str, until: datetime, last_at: datetime | None) -> str:
    moments = [moment.astimezone(UTC).isoformat() if moment else "" for moment in (until, last_at)]
    return "\0".join((name, by, *moments))
