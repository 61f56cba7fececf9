"""Webhooks at the management API."""

from collections.abc import Callable
from uuid import UUID

from ninja.responses import Status

from agents.api.management_schemas import ReasonRequest
from agents.names import parse_name
from agents.requests import id_of
from audit.actors import Actor
from audit.forwarding import destinations
from audit.forwarding import status as standing
from audit.forwarding.status import WebhookStatus
from audit.forwarding.webhooks import Secret
from audit.models import Webhook
from audit.requests import PortalRequest
from core.cursors import PartOfList, cut
from core.errors import Invalid, NotFound
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
from portal.gates import apps_of


def list_webhooks(request: PortalRequest, part: PartOfList) -> WebhookPage:
    """All webhooks, newest first, with the status of each."""
    page, told = cut(Webhook.objects.filter(deleted_at=None), part)
    statuses = _statuses()
    return WebhookPage(items=[_describe(one, statuses) for one in page], **told)


def create_webhook(
    request: TokenRequest, asked: WebhookCreateRequest, idempotency_key: IdempotencyKey = ""
) -> Status[WebhookSecret]:
    """Create a webhook that receives entries sealed from now on. Its signing secret is only in this response."""

    def create() -> WebhookSecret:
        if asked.app_id and not apps_of(request.token.user).filter(id=asked.app_id).exists():
            raise Invalid("app_id", "Unknown app.")
        parse_name(asked.name)
        return _reveal(destinations.create(request.actor, **asked.model_dump()))

    def recall(made: UUID) -> WebhookSecret:
        webhook = Webhook.objects.get(id=made)
        return WebhookSecret(**_describe(webhook, _statuses()).model_dump(), secret=None)

    return create_once(request, idempotency_key, asked, create, recall)


def get_webhook(request: PortalRequest, webhook_id: str) -> WebhookInfo:
    """One webhook."""
    return _describe(_find_webhook(webhook_id), _statuses())


def list_webhook_deliveries(request: PortalRequest, webhook_id: str, part: PartOfList) -> DeliveryPage:
    """Pending and failed deliveries of a webhook and the latest successful ones, newest first."""
    page, told = cut(_find_webhook(webhook_id).deliveries.all(), part)
    return DeliveryPage(items=[DeliveryInfo.from_model(one) for one in page], **told)


def pause_webhook(request: PortalRequest, webhook_id: str, asked: ReasonRequest | None = None) -> WebhookInfo:
    """Stop deliveries until the webhook is resumed."""
    return _carry_out(request, webhook_id, asked, destinations.pause)


def resume_webhook(request: PortalRequest, webhook_id: str) -> WebhookInfo:
    """Continue deliveries where they were paused."""
    webhook = _find_webhook(webhook_id)
    destinations.resume(request.actor, webhook)
    return _describe(webhook, _statuses())


def test_webhook(request: PortalRequest, webhook_id: str) -> DeliveryInfo:
    """Send a signed message without entries, within seconds. The delivery shows the result."""
    webhook = _find_webhook(webhook_id)
    destinations.test(request.actor, webhook)
    return DeliveryInfo.from_model(webhook.deliveries.get(checkpoint=destinations.TEST))


def rotate_webhook_secret(
    request: PortalRequest, webhook_id: str, asked: ReasonRequest | None = None
) -> WebhookSecret:
    """Make a new signing secret, which is only in this response. The old one is not used any more."""
    reason = asked.reason if asked else ""
    return _reveal(destinations.rotate(request.actor, _find_webhook(webhook_id), reason))


def delete_webhook(
    request: PortalRequest, webhook_id: str, asked: ReasonRequest | None = None
) -> WebhookInfo:
    """Delete a webhook and discard its pending deliveries."""
    return _carry_out(request, webhook_id, asked, destinations.delete)


def _carry_out(
    request: PortalRequest,
    webhook_id: str,
    asked: ReasonRequest | None,
    verb: Callable[[Actor, Webhook, str], None],
) -> WebhookInfo:
    webhook = _find_webhook(webhook_id)
    verb(request.actor, webhook, asked.reason if asked else "")
    return _describe(webhook, _statuses())


def _find_webhook(webhook_id: str) -> Webhook:
    """One that is not deleted. Raises NotFound."""
    webhook = Webhook.objects.filter(id=id_of(webhook_id), deleted_at=None).first()
    if webhook is None:
        raise NotFound
    return webhook


def _reveal(made: Secret) -> WebhookSecret:
    return WebhookSecret(**_describe(made.webhook, _statuses()).model_dump(), secret=made.text)


def _statuses() -> dict[UUID, WebhookStatus]:
    return {status.webhook.pk: status for status in standing.webhooks()}


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
        generation=webhook.generation,
        created_at=webhook.created_at,
        paused_at=webhook.paused_at,
    )
