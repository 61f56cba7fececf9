"""Webhooks in the management API."""

from collections.abc import Callable
from uuid import UUID

from ninja.responses import Status

from agents.api.management_schemas import ReasonRequest
from agents.names import parse_name
from agents.requests import id_of
from audit.actors import Actor
from audit.forwarding import destinations
from audit.forwarding import status as forwarding_status
from audit.forwarding.status import WebhookStatus
from audit.forwarding.webhooks import Secret
from audit.models import Webhook
from audit.requests import PortalRequest
from core.errors import Invalid, NotFound
from core.pagination.cursors import PartOfList, paginate
from keys.requests import IdempotencyKey
from portal.api.audit_settings_schemas import (
    DeliveryInfo,
    DeliveryPage,
    WebhookCreateRequest,
    WebhookInfo,
    WebhookPage,
    WebhookSecret,
)
from portal.api.idempotency import create_once
from portal.api.token_auth import TokenRequest
from portal.web.gates import apps_of


def list_webhooks(request: PortalRequest, part: PartOfList) -> WebhookPage:
    """Webhooks, newest first, with their delivery state."""
    items, page = paginate(Webhook.objects.filter(deleted_at=None), part)
    statuses = _statuses()
    return WebhookPage(items=[_describe(webhook, statuses) for webhook in items], **page)


def create_webhook(
    request: TokenRequest, body: WebhookCreateRequest, idempotency_key: IdempotencyKey = ""
) -> Status[WebhookSecret]:
    """Create a webhook, which receives new entries. Its signing secret is in this response only."""

    def create() -> WebhookSecret:
        if body.app_id and not apps_of(request.token.user).filter(id=body.app_id).exists():
            raise Invalid("app_id", "Unknown app.")
        parse_name(body.name)
        return _reveal(destinations.create(request.actor, **body.model_dump()))

    def recall(webhook_id: UUID) -> WebhookSecret:
        webhook = Webhook.objects.get(id=webhook_id)
        return WebhookSecret(**_describe(webhook, _statuses()).model_dump(), secret=None)

    return create_once(request, idempotency_key, body, create, recall)


def get_webhook(request: PortalRequest, webhook_id: str) -> WebhookInfo:
    """A webhook."""
    return _describe(_find_webhook(webhook_id), _statuses())


def list_webhook_deliveries(request: PortalRequest, webhook_id: str, part: PartOfList) -> DeliveryPage:
    """Pending and recent deliveries of a webhook, newest first."""
    items, page = paginate(_find_webhook(webhook_id).deliveries.all(), part)
    return DeliveryPage(items=[DeliveryInfo.from_model(delivery) for delivery in items], **page)


def pause_webhook(request: PortalRequest, webhook_id: str, body: ReasonRequest | None = None) -> WebhookInfo:
    """Pause a webhook until it is resumed."""
    return _carry_out(request, webhook_id, body, destinations.pause)


def resume_webhook(request: PortalRequest, webhook_id: str) -> WebhookInfo:
    """Resume a paused webhook where it stopped."""
    webhook = _find_webhook(webhook_id)
    destinations.resume(request.actor, webhook)
    return _describe(webhook, _statuses())


def test_webhook(request: PortalRequest, webhook_id: str) -> DeliveryInfo:
    """Send a signed test message without entries, within seconds. The delivery shows the result."""
    webhook = _find_webhook(webhook_id)
    destinations.test(request.actor, webhook)
    return DeliveryInfo.from_model(webhook.deliveries.get(checkpoint=destinations.TEST))


def rotate_webhook_secret(
    request: PortalRequest, webhook_id: str, body: ReasonRequest | None = None
) -> WebhookSecret:
    """Replace the signing secret. The new one is in this response only; the old one is no longer used."""
    reason = body.reason if body else ""
    return _reveal(destinations.rotate(request.actor, _find_webhook(webhook_id), reason))


def delete_webhook(request: PortalRequest, webhook_id: str, body: ReasonRequest | None = None) -> WebhookInfo:
    """Delete a webhook. Deliveries stop permanently, and pending ones are discarded."""
    return _carry_out(request, webhook_id, body, destinations.delete)


def _carry_out(
    request: PortalRequest,
    webhook_id: str,
    body: ReasonRequest | None,
    verb: Callable[[Actor, Webhook, str], None],
) -> WebhookInfo:
    webhook = _find_webhook(webhook_id)
    verb(request.actor, webhook, body.reason if body else "")
    return _describe(webhook, _statuses())


def _find_webhook(webhook_id: str) -> Webhook:
    """A webhook that is not deleted. Raises NotFound."""
    webhook = Webhook.objects.filter(id=id_of(webhook_id), deleted_at=None).first()
    if webhook is None:
        raise NotFound("Webhook not found.", hint="Check the ID.")
    return webhook


def _reveal(created: Secret) -> WebhookSecret:
    return WebhookSecret(**_describe(created.webhook, _statuses()).model_dump(), secret=created.text)


def _statuses() -> dict[UUID, WebhookStatus]:
    return {status.webhook.pk: status for status in forwarding_status.webhooks()}


def _describe(webhook: Webhook, statuses: dict[UUID, WebhookStatus]) -> WebhookInfo:
    status = statuses.get(webhook.pk)
    return WebhookInfo(
        id=webhook.id,
        name=webhook.name,
        url=webhook.url,
        sends=webhook.sends,
        app_id=webhook.app_id,
        state=status.state if status else "deleted",
        pending_batches=status.pending if status else 0,
        failed_deliveries=status.failed if status else 0,
        last_delivered_at=status.delivered_at if status else None,
        secret_version=webhook.generation,
        created_at=webhook.created_at,
        paused_at=webhook.paused_at,
    )
