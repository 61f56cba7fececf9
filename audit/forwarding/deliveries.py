"""Tells destinations of sealed rows, a batch at a time and in order: from the timed work, never while someone waits.

Each destination has a line of its own. The delivery at its head is tried until it arrives or is given up; what comes
behind it waits as a number, not as rows. Every delivery arrives at least once, under one id (docs/decisions/0021).
"""

import logging
import secrets
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from audit.actors import system
from audit.forwarding import destinations, siem, webhooks
from audit.forwarding.reader import newest
from audit.models import Checkpoint, Delivery, Destination, Place
from core.clock import now
from core.http_client import Answer, refused
from core.reachable_hosts import Unreachable
from core.retry_after import MAX_RETRY_AFTER, in_words, is_early, may_ask

log = logging.getLogger(__name__)

A_WHILE = 3.0
"""Seconds after which one run begins nothing new."""
RETRIES = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 12 * 3600)
)
"""How long after each failure it is tried again, a fifth more or less. After the last it is a dead letter."""
MAX_WAIT = max(RETRIES[-1] * 1.2, MAX_RETRY_AFTER)
A_WALK = 100
"""Batches that are looked through at once for what a destination wants."""
GONE = "It answered 410 Gone."
"""Why the system ends a destination: its receiver says that it will not be there again."""
KEPT = 50
"""Deliveries that are remembered of each destination, once they have arrived."""
_random = secrets.SystemRandom()


def is_wanted() -> bool:
    """Whether anyone may be behind: a cheap look."""
    outlets = [*siem.names(), *(str(pk) for pk in _open().values_list("pk", flat=True))]
    if not outlets:
        return False
    up_to_date = Place.objects.filter(name__in=outlets, number__gte=newest()).count()
    return up_to_date < len(outlets) or Delivery.objects.filter(_due(), destination__in=_open()).exists()


def forward() -> int:
    """One try for each destination that has something due, and the next batches for the SIEM.

    Returns how much that was. 0: nothing is due.
    """
    ends, done = time.monotonic() + A_WHILE, siem.write()
    for destination in _random.sample(list(_open()), k=_open().count()):
        if time.monotonic() > ends:
            return done + 1
        done += _serve(destination)
    return done


def _open() -> QuerySet[Destination]:
    return Destination.objects.filter(may_ask(), paused_at=None, ended_at=None)


def _due() -> Q:
    # What is due later than any wait is long was written before the clock was set back.
    moment = now()
    due = Q(next_try_at__lte=moment) | Q(next_try_at__gt=moment + MAX_WAIT)
    return due & Q(delivered_at=None, discarded_at=None)


def _serve(destination: Destination) -> bool:
    """Try what is at the head of its line, and what someone wants tried once more. False: neither is due."""
    again = destination.deliveries.filter(_due(), given_up_at__isnull=False).order_by("checkpoint").first()
    tried = again is not None and _try(destination, again)
    if destination.ended_at or is_early(destination.not_before):
        return tried  # that is what came of it
    line = destination.deliveries.filter(delivered_at=None, given_up_at=None, discarded_at=None)
    head = line.order_by("checkpoint").first() or _next(destination)
    if head and head.next_try_at and not now() < head.next_try_at <= now() + MAX_WAIT:
        return _try(destination, head) or tried
    return tried


def _next(destination: Destination) -> Delivery | None:
    """The delivery of the next batch that has something it wants. None: there is no such batch yet."""
    last, wanted = newest(), webhooks.wanted(destination)
    place, _ = Place.objects.get_or_create(name=str(destination.pk), defaults={"number": last})
    ahead = wanted.batches().filter(number__gt=place.number, number__lte=last)[:A_WALK]
    for checkpoint in ahead:
        if count := wanted.count(checkpoint):
            return _line_up(destination, place, checkpoint, count)
    done = last if len(ahead) < A_WALK else ahead[A_WALK - 1].number
    Place.objects.filter(pk=place.pk).update(number=done)
    return None


@transaction.atomic
def _line_up(destination: Destination, place: Place, checkpoint: Checkpoint, count: int) -> Delivery:
    Place.objects.filter(pk=place.pk).update(number=checkpoint.number)
    return Delivery.objects.create(destination=destination, checkpoint=checkpoint.number, rows=count)


def _try(destination: Destination, delivery: Delivery) -> bool:
    """Send it, unless another process just does."""
    moment, seen = now(), delivery.attempts
    mine = Delivery.objects.filter(_due(), pk=delivery.pk, attempts=seen)
    if not mine.update(attempts=seen + 1, next_try_at=moment + destinations.MAX_CLAIM):
        return False
    delivery.attempts = seen + 1
    try:
        answer = webhooks.send(destination, delivery, moment)
    except Unreachable as why:
        _failed(delivery, None, str(why))
    except webhooks.Gone:
        _settle(delivery, last_error="Its rows have been purged.", given_up_at=now())
    else:
        _answered(destination, delivery, answer)
    return True


def _answered(destination: Destination, delivery: Delivery, answer: Answer) -> None:
    status, wait = answer
    if 200 <= status < 300:
        _settle(delivery, last_status=status, last_error="", delivered_at=now(), given_up_at=None)
        _forget(destination)
    elif status == 410:
        _failed(delivery, status, refused(status))
        destinations.end(system(), destination, GONE)
    else:
        _failed(delivery, status, f"{refused(status)}{in_words(wait) if wait else ''}", wait)
        if wait:  # no act: nobody decided it. It holds for whatever else is due there, too.
            destination.not_before = now() + wait
            QuerySet(Destination).filter(pk=destination.pk).update(not_before=destination.not_before)


def _failed(delivery: Delivery, status: int | None, why: str, asked: timedelta | None = None) -> None:
    """Let it be tried again later, `asked` at the earliest, or make a dead letter of it."""
    told: dict[str, Any] = {"last_status": status, "last_error": why}
    if delivery.given_up_at:
        _settle(delivery, **told)
    elif delivery.attempts > len(RETRIES):
        _settle(delivery, **told, given_up_at=now())
        log.warning("delivery %s was given up after %s tries", delivery.pk, delivery.attempts)
    else:
        wait = max(RETRIES[delivery.attempts - 1] * _random.uniform(0.8, 1.2), asked or timedelta(0))
        _settle(delivery, **told, next_try_at=now() + wait)


def _settle(delivery: Delivery, next_try_at: datetime | None = None, **told: Any) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(next_try_at=next_try_at, **told)


def _forget(destination: Destination) -> None:
    """Remember the latest that arrived, and no more."""
    arrived = destination.deliveries.filter(delivered_at__isnull=False).order_by(
        "-delivered_at", "-checkpoint"
    )
    Delivery.objects.filter(pk__in=list(arrived.values_list("pk", flat=True)[KEPT:])).delete()
