"""Failed deliveries in the management API: list, retry, discard."""

from uuid import UUID

from django.db import transaction

from agents.api.management_schemas import ReasonRequest
from agents.requests import id_of
from audit.forwarding import destinations
from audit.forwarding.status import MAX_DELIVERIES
from audit.models import Delivery
from audit.requests import PortalRequest
from core.errors import NotFound
from core.pagination.cursors import PartOfList, paginate
from portal.api.audit_settings_schemas import DeliveryCount, DeliveryInfo, DeliveryPage


def list_failed_deliveries(request: PortalRequest, part: PartOfList) -> DeliveryPage:
    """Deliveries that failed for 24 hours, newest first."""
    items, page = paginate(destinations.failed_deliveries(), part)
    return DeliveryPage(items=[DeliveryInfo.from_model(delivery) for delivery in items], **page)


def retry_failed_delivery(request: PortalRequest, delivery_id: str) -> DeliveryInfo:
    """Send a failed delivery again, within seconds."""
    delivery = _find_failed_delivery(delivery_id)
    destinations.retry(request.actor, delivery)
    return _reload(delivery.pk)


def discard_failed_delivery(
    request: PortalRequest, delivery_id: str, body: ReasonRequest | None = None
) -> DeliveryInfo:
    """Discard a failed delivery. Its entries stay in the audit log."""
    delivery = _find_failed_delivery(delivery_id)
    destinations.discard(request.actor, delivery, body.reason if body else "")
    return _reload(delivery.pk)


@transaction.atomic
def retry_failed_deliveries(request: PortalRequest) -> DeliveryCount:
    """Send the oldest 500 failed deliveries again, within seconds."""
    deliveries = list(destinations.failed_deliveries()[:MAX_DELIVERIES])
    for delivery in deliveries:
        destinations.retry(request.actor, delivery)
    return DeliveryCount(deliveries=len(deliveries))


@transaction.atomic
def discard_failed_deliveries(request: PortalRequest, body: ReasonRequest | None = None) -> DeliveryCount:
    """Discard the oldest 500 failed deliveries. Their entries stay in the audit log."""
    deliveries = list(destinations.failed_deliveries()[:MAX_DELIVERIES])
    for delivery in deliveries:
        destinations.discard(request.actor, delivery, body.reason if body else "")
    return DeliveryCount(deliveries=len(deliveries))


def _find_failed_delivery(delivery_id: str) -> Delivery:
    if (delivery := destinations.failed_deliveries().filter(id=id_of(delivery_id)).first()) is None:
        raise NotFound("Failed delivery not found.", hint="Check the ID.")
    return delivery


def _reload(delivery_id: UUID) -> DeliveryInfo:
    return DeliveryInfo.from_model(Delivery.objects.get(pk=delivery_id))
