"""Delivers sealed rows to webhooks, in batches and in order, with retries. Run by the scheduler.

Each webhook has a queue of its own. The delivery at its head is retried until it succeeds or fails for good; what comes
behind it waits as a number, not as rows. Every delivery is sent at least once, under one id (docs/decisions/0021).
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
from audit.models import Checkpoint, Delivery, StreamCursor, Webhook
from core.clock import now
from core.http_client import Answer, status_error
from core.outbox import MAX_CLAIM, Backoff, claim, has_come, is_ahead, send_each
from core.reachable_hosts import UnreachableHost
from core.retry_after import MAX_RETRY_AFTER, is_early, may_ask, wait_words

log = logging.getLogger(__name__)

RUN_LIMIT = 3.0
"""Seconds after which one run begins nothing new."""
BACKOFF = Backoff(
    tuple(timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 12 * 3600)),
    jitter=0.2,
)
MAX_WAIT = max(BACKOFF.max_wait, MAX_RETRY_AFTER)
SCAN_LIMIT = 100
"""Batches that are scanned at once for rows of a webhook."""
GONE = "HTTP status 410 Gone."
"""Why the system deletes a webhook: its receiver is gone for good."""
MAX_DELIVERED = 50
"""Successful deliveries that are kept of each webhook."""
_random = secrets.SystemRandom()


def has_work() -> bool:
    """Whether anyone may be behind: a cheap look."""
    outlets = [*siem.names(), *(str(pk) for pk in _open().values_list("pk", flat=True))]
    if not outlets:
        return False
    up_to_date = StreamCursor.objects.filter(name__in=outlets, number__gte=newest()).count()
    return up_to_date < len(outlets) or Delivery.objects.filter(_due(), webhook__in=_open()).exists()


def forward() -> int:
    """One attempt for each webhook with something due, and the next batches for the SIEM.

    Returns how much that was. 0: nothing is due.
    """
    began, done = time.monotonic(), siem.write()
    webhooks_in_turn = list(_open())
    _random.shuffle(webhooks_in_turn)
    return done + send_each(webhooks_in_turn, _serve, RUN_LIMIT - (time.monotonic() - began))


def _open() -> QuerySet[Webhook]:
    return Webhook.objects.filter(may_ask(), paused_at=None, deleted_at=None)


def _due() -> Q:
    return has_come("next_try_at", MAX_WAIT) & Q(delivered_at=None, discarded_at=None)


def _serve(webhook: Webhook) -> bool:
    """Try the head of its queue, and what is to be resent. False: neither is due."""
    again = webhook.deliveries.filter(_due(), given_up_at__isnull=False).order_by("checkpoint").first()
    tried = again is not None and _try(webhook, again)
    if webhook.deleted_at or is_early(webhook.not_before):
        return tried  # that is what came of it
    line = webhook.deliveries.filter(delivered_at=None, given_up_at=None, discarded_at=None)
    head = line.order_by("checkpoint").first() or _next(webhook)
    if head and head.next_try_at and not is_ahead(head.next_try_at, MAX_WAIT):
        return _try(webhook, head) or tried
    return tried


def _next(webhook: Webhook) -> Delivery | None:
    """The delivery of the next batch with rows for it. None: there is no such batch yet."""
    last, stream_filter = newest(), webhooks.stream_filter(webhook)
    cursor, _ = StreamCursor.objects.get_or_create(name=str(webhook.pk), defaults={"number": last})
    ahead = stream_filter.batches().filter(number__gt=cursor.number, number__lte=last)[:SCAN_LIMIT]
    for checkpoint in ahead:
        if count := stream_filter.count(checkpoint):
            return _enqueue(webhook, cursor, checkpoint, count)
    done = last if len(ahead) < SCAN_LIMIT else ahead[SCAN_LIMIT - 1].number
    StreamCursor.objects.filter(pk=cursor.pk).update(number=done)
    return None


@transaction.atomic
def _enqueue(webhook: Webhook, cursor: StreamCursor, checkpoint: Checkpoint, count: int) -> Delivery:
    StreamCursor.objects.filter(pk=cursor.pk).update(number=checkpoint.number)
    return Delivery.objects.create(webhook=webhook, checkpoint=checkpoint.number, rows=count)


def _try(webhook: Webhook, delivery: Delivery) -> bool:
    """Send it, unless another process just does."""
    moment = now()
    if not claim(Delivery.objects.filter(_due()), delivery, "attempts", next_try_at=moment + MAX_CLAIM):
        return False
    try:
        answer = webhooks.send(webhook, delivery, moment)
    except UnreachableHost as why:
        _failed(delivery, None, str(why))
    except webhooks.Gone:
        _settle(delivery, last_error="The entries are past their retention.", given_up_at=now())
    else:
        _answered(webhook, delivery, answer)
    return True


def _answered(webhook: Webhook, delivery: Delivery, answer: Answer) -> None:
    status, wait = answer
    if 200 <= status < 300:
        _settle(delivery, last_status=status, last_error="", delivered_at=now(), given_up_at=None)
        _prune(webhook)
    elif status == 410:
        _failed(delivery, status, status_error(status))
        destinations.delete(system(), webhook, GONE)
    else:
        _failed(delivery, status, f"{status_error(status)}{wait_words(wait) if wait else ''}", wait)
        if wait:  # no act: nobody decided it. It holds for whatever else is due there, too.
            webhook.not_before = now() + wait
            QuerySet(Webhook).filter(pk=webhook.pk).update(not_before=webhook.not_before)


def _failed(delivery: Delivery, status: int | None, why: str, retry_after: timedelta | None = None) -> None:
    """Retry later, after `retry_after` at the earliest, or let it fail for good."""
    result: dict[str, Any] = {"last_status": status, "last_error": why}
    if delivery.given_up_at:
        _settle(delivery, **result)
    elif wait := BACKOFF.wait(delivery.attempts, retry_after or timedelta(0)):
        _settle(delivery, **result, next_try_at=now() + wait)
    else:
        _settle(delivery, **result, given_up_at=now())
        log.warning("delivery %s failed after %s attempts", delivery.pk, delivery.attempts)


def _settle(delivery: Delivery, next_try_at: datetime | None = None, **result: Any) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(next_try_at=next_try_at, **result)


def _prune(webhook: Webhook) -> None:
    """Delete successful deliveries but the latest."""
    delivered = webhook.deliveries.filter(delivered_at__isnull=False).order_by("-delivered_at", "-checkpoint")
    Delivery.objects.filter(pk__in=list(delivered.values_list("pk", flat=True)[MAX_DELIVERED:])).delete()
