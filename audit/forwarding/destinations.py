"""Changes to webhooks and to failed deliveries. Nothing here sends anything.

audit/forwarding/deliveries.py sends within seconds: whoever resumes, tests or resends does not wait for the
Retry-After of the receiver.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from audit import actions
from audit.actors import Actor
from audit.change import change, record
from audit.forwarding.reader import newest
from audit.forwarding.webhooks import Secret, secret
from audit.models import Delivery, StreamCursor, Webhook
from core.clock import now
from core.errors import Invalid, NotFound
from core.outbox import MAX_CLAIM, is_free
from core.reachable_hosts import parse_url
from core.retry_after import may_ask
from core.text import sanitize

MAX_WEBHOOKS = 20
TEST = 0
"""The checkpoint of a delivery that is a test: there is none with this number."""


def create(
    actor: Actor,
    *,
    name: str,
    url: str,
    sends: str = Webhook.Sends.EVERYTHING,
    app_id: UUID | None = None,
) -> Secret:
    """Create a webhook that receives rows sealed from now on; return it with its secret. Raises Invalid."""
    webhook = Webhook(
        name=_parse_name(name),
        url=parse_url(url),
        sends=_parse_sends(sends),
        app_id=app_id,
        pepper=max(settings.PEPPERS),
    )
    with transaction.atomic(), change(actor, actions.CREATE_WEBHOOK, on=webhook):
        if Webhook.objects.filter(deleted_at=None).count() >= MAX_WEBHOOKS:
            raise Invalid("name", f"Webhook limit reached ({MAX_WEBHOOKS}). Delete one that is not used.")
        webhook.save()
        StreamCursor.objects.create(name=str(webhook.pk), number=newest())
    return Secret(webhook, secret(webhook))


def pause(actor: Actor, webhook: Webhook, reason: str = "") -> None:
    """Stop deliveries until it is resumed. Nothing is lost meanwhile but rows past their retention."""
    with change(actor, actions.PAUSE_WEBHOOK, on=webhook, reason=reason):
        _require_existing(webhook)
        if webhook.paused_at is None:
            webhook.paused_at = now()
            webhook.save(update_fields=["paused_at"])


def resume(actor: Actor, webhook: Webhook) -> None:
    """Continue deliveries where they were paused."""
    with change(actor, actions.RESUME_WEBHOOK, on=webhook):
        _require_existing(webhook)
        if webhook.paused_at is not None:
            webhook.paused_at = webhook.not_before = None
            webhook.save(update_fields=["paused_at", "not_before"])
            _try_soon(webhook)


def rotate(actor: Actor, webhook: Webhook, reason: str = "") -> Secret:
    """Make a new signing secret, used from the next delivery on, and return it."""
    with change(actor, actions.ROTATE_WEBHOOK, on=webhook, reason=reason):
        _require_existing(webhook)
        webhook.generation += 1
        webhook.pepper = max(settings.PEPPERS)
        webhook.save(update_fields=["generation", "pepper"])
    return Secret(webhook, secret(webhook))


def delete(actor: Actor, webhook: Webhook, reason: str = "") -> None:
    """Delete a webhook and discard its pending deliveries."""
    with change(actor, actions.DELETE_WEBHOOK, on=webhook, reason=reason):
        if webhook.deleted_at is None:
            webhook.deleted_at = now()
            webhook.save(update_fields=["deleted_at"])
            _waiting(webhook).update(discarded_at=now(), next_try_at=None)
            StreamCursor.objects.filter(name=str(webhook.pk)).delete()


@transaction.atomic
def test(actor: Actor, webhook: Webhook) -> None:
    """Send one signed message without rows."""
    _require_existing(webhook)
    record(actor, actions.TEST_WEBHOOK, **webhook.audit_target())
    _clear_retry_after(webhook)
    webhook.deliveries.filter(checkpoint=TEST).delete()
    moment = now()
    Delivery.objects.create(webhook=webhook, checkpoint=TEST, rows=0, next_try_at=moment, given_up_at=moment)


def failed_deliveries() -> QuerySet[Delivery]:
    """Deliveries that failed for good, the oldest first."""
    failed = Delivery.objects.filter(given_up_at__isnull=False, delivered_at=None, discarded_at=None)
    return failed.exclude(checkpoint=TEST).select_related("webhook").order_by("given_up_at", "pk")


@transaction.atomic
def retry(actor: Actor, delivery: Delivery) -> None:
    """Send a failed delivery again, out of its turn."""
    record(actor, actions.RETRY_DELIVERY, **_audit_target(delivery))
    _clear_retry_after(delivery.webhook)
    failed_deliveries().filter(is_free("next_try_at", MAX_CLAIM), pk=delivery.pk).update(next_try_at=now())


@transaction.atomic
def discard(actor: Actor, delivery: Delivery, reason: str = "") -> None:
    """Discard a failed delivery. Its rows stay in the audit log."""
    record(actor, actions.DISCARD_DELIVERY, reason=reason, **_audit_target(delivery))
    failed_deliveries().filter(pk=delivery.pk).update(discarded_at=now(), next_try_at=None)


def _waiting(webhook: Webhook) -> QuerySet[Delivery]:
    return webhook.deliveries.filter(delivered_at=None, discarded_at=None)


def _clear_retry_after(webhook: Webhook) -> None:
    """Send now, despite the Retry-After of the receiver: it may have been repaired. A part of a change."""
    if QuerySet(Webhook).filter(~may_ask(), pk=webhook.pk).update(not_before=None):
        _try_soon(webhook)


def _try_soon(webhook: Webhook) -> None:
    """Retry pending deliveries now. What is due within MAX_CLAIM may be under way."""
    _waiting(webhook).filter(next_try_at__gt=now() + MAX_CLAIM).update(next_try_at=now())


def _audit_target(delivery: Delivery) -> dict[str, Any]:
    return {
        **delivery.webhook.audit_target(),
        "target_kind": "delivery",
        "target_id": str(delivery.pk),
        "target_label": f"checkpoint {delivery.checkpoint} to {delivery.webhook}",
        "facts": {"rows": delivery.rows, "attempts": delivery.attempts},
    }


def _require_existing(webhook: Webhook) -> None:
    """Raise NotFound for a deleted webhook."""
    if webhook.deleted_at is not None:
        raise NotFound


def _parse_name(text: str) -> str:
    name = sanitize(text, 61)
    if not 1 <= len(name) <= 60 or name != text.strip():
        raise Invalid("name", "Enter 1 to 60 characters on one line.")
    return name


def _parse_sends(text: str) -> str:
    if text not in Webhook.Sends.values:
        raise Invalid("sends", f"Choose one of {', '.join(Webhook.Sends.values)}.")
    return text
