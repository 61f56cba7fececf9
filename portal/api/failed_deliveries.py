"""Failed deliveries at the management API: listed, resent, discarded."""

from uuid import UUID

from django.db import transaction

from agents.api.management_schemas import ReasonRequest
from agents.requests import id_of
from audit.forwarding import destinations
from audit.forwarding.status import MAX_DELIVERIES
from audit.models import Delivery
from audit.requests import PortalRequest
from core.cursors import PartOfList, cut
from core.errors import NotFound
from portal.api.audit_settings_schemas import DeliveryCount, DeliveryInfo, DeliveryPage


def list_failed_deliveries(request: PortalRequest, part: PartOfList) -> DeliveryPage:
    """Failed deliveries, newest first."""
    page, told = cut(destinations.failed_deliveries(), part)
    return DeliveryPage(items=[DeliveryInfo.from_model(one) for one in page], **told)


def retry_failed_delivery(request: PortalRequest, delivery_id: str) -> DeliveryInfo:
    """Resend a failed delivery, within seconds."""
    delivery = _find_delivery(delivery_id)
    destinations.retry(request.actor, delivery)
    return _refreshed(delivery.pk)


def discard_failed_delivery(
    request: PortalRequest, delivery_id: str, asked: ReasonRequest | None = None
) -> DeliveryInfo:
    """Discard a failed delivery. Its entries stay in the audit log."""
    delivery = _find_delivery(delivery_id)
    destinations.discard(request.actor, delivery, asked.reason if asked else "")
    return _refreshed(delivery.pk)


@transaction.atomic
def retry_failed_deliveries(request: PortalRequest) -> DeliveryCount:
    """Resend the oldest 500 failed deliveries, within seconds."""
    deliveries = list(destinations.failed_deliveries()[:MAX_DELIVERIES])
    for delivery in deliveries:
        destinations.retry(request.actor, delivery)
    return DeliveryCount(deliveries=len(deliveries))


@transaction.atomic
def discard_failed_deliveries(request: PortalRequest, asked: ReasonRequest | None = None) -> DeliveryCount:
    """Discard the oldest 500 failed deliveries. Their entries stay in the audit log."""
    deliveries = list(destinations.failed_deliveries()[:MAX_DELIVERIES])
    for delivery in deliveries:
        destinations.discard(request.actor, delivery, asked.reason if asked else "")
    return DeliveryCount(deliveries=len(deliveries))


def _find_delivery(delivery_id: str) -> Delivery:
    if (delivery := destinations.failed_deliveries().filter(id=id_of(delivery_id)).first()) is None:
        raise NotFound
    return delivery


def _refreshed(delivery_id: UUID) -> DeliveryInfo:
    return DeliveryInfo.from_model(Delivery.objects.get(pk=delivery_id))
