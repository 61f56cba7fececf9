"""Deliveries that were given up, at the management API: listed, sent again, discarded."""

from uuid import UUID

from django.db import transaction

from agents.api.management_schemas import Reason
from agents.requests import id_of
from audit.forwarding import destinations
from audit.forwarding.status import MOST_LETTERS
from audit.models import Delivery
from audit.requests import PortalRequest
from core.cursors import PartOfList, cut
from core.errors import NotFound
from portal.api.audit_settings_schemas import DeliveriesCounted, DeliveryInfo, DeliveryPage


def list_dead_letters(request: PortalRequest, part: PartOfList) -> DeliveryPage:
    """Deliveries that were given up, newest first."""
    page, told = cut(destinations.dead_letters(), part)
    return DeliveryPage(items=[DeliveryInfo.from_model(one) for one in page], **told)


def retry_dead_letter(request: PortalRequest, delivery_id: str) -> DeliveryInfo:
    """Send one once more, within seconds."""
    letter = _find_letter(delivery_id)
    destinations.retry(request.actor, letter)
    return _again(letter.pk)


def discard_dead_letter(
    request: PortalRequest, delivery_id: str, asked: Reason | None = None
) -> DeliveryInfo:
    """Never send one. Its rows stay in the record."""
    letter = _find_letter(delivery_id)
    destinations.discard(request.actor, letter, asked.reason if asked else "")
    return _again(letter.pk)


@transaction.atomic
def retry_dead_letters(request: PortalRequest) -> DeliveriesCounted:
    """Send the oldest 500 once more, within seconds."""
    letters = list(destinations.dead_letters()[:MOST_LETTERS])
    for letter in letters:
        destinations.retry(request.actor, letter)
    return DeliveriesCounted(deliveries=len(letters))


@transaction.atomic
def discard_dead_letters(request: PortalRequest, asked: Reason | None = None) -> DeliveriesCounted:
    """Never send the oldest 500. Their rows stay in the record."""
    letters = list(destinations.dead_letters()[:MOST_LETTERS])
    for letter in letters:
        destinations.discard(request.actor, letter, asked.reason if asked else "")
    return DeliveriesCounted(deliveries=len(letters))


def _find_letter(delivery_id: str) -> Delivery:
    if (letter := destinations.dead_letters().filter(id=id_of(delivery_id)).first()) is None:
        raise NotFound
    return letter


def _again(delivery_id: UUID) -> DeliveryInfo:
    return DeliveryInfo.from_model(Delivery.objects.get(pk=delivery_id))
