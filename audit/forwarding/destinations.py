"""What can be done to a destination, and to a delivery that did not arrive. Nothing here sends anything.

The forwarding (audit/forwarding/deliveries.py) does what was asked for here, within seconds: whoever resumes, tests or
sends again does not wait for what the receiver asked for by Retry-After.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from audit import actions
from audit.actors import Actor
from audit.change import change, record
from audit.forwarding.reader import newest
from audit.forwarding.webhooks import Secret, secret
from audit.models import Delivery, Destination, Place
from core.clock import now
from core.errors import Invalid, NotFound
from core.reachable_hosts import parse_url
from core.retry_after import may_ask
from core.text import keepable

MOST = 20
MAX_CLAIM = timedelta(minutes=1)
"""How long a try that was cut off by a crash keeps others from trying."""
TEST = 0
"""The checkpoint of a delivery that is a test: there is none with this number."""


def create(
    actor: Actor,
    *,
    name: str,
    url: str,
    sends: str = Destination.Sends.EVERYTHING,
    app_id: UUID | None = None,
) -> Secret:
    """A destination that is told of what is sealed from now on, and its secret. Raises Invalid."""
    destination = Destination(
        name=_name(name), url=parse_url(url), sends=_sends(sends), app_id=app_id, pepper=max(settings.PEPPERS)
    )
    with transaction.atomic(), change(actor, actions.CREATE_DESTINATION, on=destination):
        if Destination.objects.filter(ended_at=None).count() >= MOST:
            raise Invalid("name", f"There are {MOST} destinations already. End one that is not used.")
        destination.save()
        Place.objects.create(name=str(destination.pk), number=newest())
    return Secret(destination, secret(destination))


def pause(actor: Actor, destination: Destination, reason: str = "") -> None:
    """Send it nothing until it is resumed. Nothing is lost meanwhile but what retention lets go of."""
    with change(actor, actions.PAUSE_DESTINATION, on=destination, reason=reason):
        _must_live(destination)
        if destination.paused_at is None:
            destination.paused_at = now()
            destination.save(update_fields=["paused_at"])


def resume(actor: Actor, destination: Destination) -> None:
    """Go on where it was paused, beginning with what was under way then."""
    with change(actor, actions.RESUME_DESTINATION, on=destination):
        _must_live(destination)
        if destination.paused_at is not None:
            destination.paused_at = destination.not_before = None
            destination.save(update_fields=["paused_at", "not_before"])
            _try_soon(destination)


def rotate(actor: Actor, destination: Destination, reason: str = "") -> Secret:
    """Another signing secret, from the next delivery on. The old one signs nothing any more."""
    with change(actor, actions.ROTATE_DESTINATION, on=destination, reason=reason):
        _must_live(destination)
        destination.generation += 1
        destination.pepper = max(settings.PEPPERS)
        destination.save(update_fields=["generation", "pepper"])
    return Secret(destination, secret(destination))


def end(actor: Actor, destination: Destination, reason: str = "") -> None:
    """Send it nothing more, now and for ever; what had not arrived is discarded."""
    with change(actor, actions.END_DESTINATION, on=destination, reason=reason):
        if destination.ended_at is None:
            destination.ended_at = now()
            destination.save(update_fields=["ended_at"])
            _waiting(destination).update(discarded_at=now(), next_try_at=None)
            Place.objects.filter(name=str(destination.pk)).delete()


@transaction.atomic
def test(actor: Actor, destination: Destination) -> None:
    """Let it be sent a signed message without rows, once."""
    _must_live(destination)
    record(actor, actions.TEST_DESTINATION, **destination.about())
    _wait_no_longer(destination)
    destination.deliveries.filter(checkpoint=TEST).delete()
    moment = now()
    Delivery.objects.create(
        destination=destination, checkpoint=TEST, rows=0, next_try_at=moment, given_up_at=moment
    )


def dead_letters() -> QuerySet[Delivery]:
    """Deliveries that were given up, the oldest first."""
    given_up = Delivery.objects.filter(given_up_at__isnull=False, delivered_at=None, discarded_at=None)
    return given_up.exclude(checkpoint=TEST).select_related("destination").order_by("given_up_at", "pk")


@transaction.atomic
def retry(actor: Actor, delivery: Delivery) -> None:
    """Let a dead letter be sent once more, out of its turn."""
    record(actor, actions.RETRY_DELIVERY, **_about(delivery))
    _wait_no_longer(delivery.destination)
    moment = now()
    under_way = Q(next_try_at__gt=moment, next_try_at__lte=moment + MAX_CLAIM)
    dead_letters().filter(~under_way, pk=delivery.pk).update(next_try_at=moment)


@transaction.atomic
def discard(actor: Actor, delivery: Delivery, reason: str = "") -> None:
    """Never send a dead letter. Its rows stay in the record."""
    record(actor, actions.DISCARD_DELIVERY, reason=reason, **_about(delivery))
    dead_letters().filter(pk=delivery.pk).update(discarded_at=now(), next_try_at=None)


def _waiting(destination: Destination) -> QuerySet[Delivery]:
    return destination.deliveries.filter(delivered_at=None, discarded_at=None)


def _wait_no_longer(destination: Destination) -> None:
    """Ask the receiver now, though it asked to be left alone: it may have been put right. A part of an act."""
    if QuerySet(Destination).filter(~may_ask(), pk=destination.pk).update(not_before=None):
        _try_soon(destination)


def _try_soon(destination: Destination) -> None:
    """Let what waits for its next try be tried now. What is due within MAX_CLAIM may be under way."""
    _waiting(destination).filter(next_try_at__gt=now() + MAX_CLAIM).update(next_try_at=now())


def _about(delivery: Delivery) -> dict[str, Any]:
    return {
        **delivery.destination.about(),
        "target_kind": "delivery",
        "target_id": str(delivery.pk),
        "target_label": f"checkpoint {delivery.checkpoint} to {delivery.destination}",
        "facts": {"rows": delivery.rows, "attempts": delivery.attempts},
    }


def _must_live(destination: Destination) -> None:
    """An ended destination is not there any more."""
    if destination.ended_at is not None:
        raise NotFound


def _name(text: str) -> str:
    name = keepable(text, 61)
    if not 1 <= len(name) <= 60 or name != text.strip():
        raise Invalid("name", "Write 1 to 60 characters on one line.")
    return name


def _sends(text: str) -> str:
    if text not in Destination.Sends.values:
        raise Invalid("sends", f"Choose one of {', '.join(Destination.Sends.values)}.")
    return text
