"""Remembers what an idempotency key made under an app, so that a retry makes no second one (docs/sdk.md)."""

from typing import Any
from uuid import UUID

from agents.errors import OnceInactive, OnceRevoked
from agents.models import Agent, App, Creation
from core.idempotency import KEY_RETENTION, digest, expired, fingerprint, require_same


def made_before(app: App, idempotency_key: str, request_values: dict[str, Any]) -> Creation | None:
    """What `idempotency_key` created, if it did. The caller holds the app, so that no other request is under way.

    Raises IdempotencyMismatch if it was for another request, OnceInactive and OnceRevoked for an agent that can no
    longer be given out.
    """
    if not idempotency_key:
        return None
    remembered = Creation.objects.filter(app=app, once=digest(idempotency_key).hex())
    creation = remembered.exclude(expired("at", KEY_RETENTION)).select_related("agent").first()
    if creation is None:
        return None
    require_same(bytes.fromhex(creation.asked), fingerprint(request_values))
    if creation.agent and creation.agent.revoked_at:
        raise OnceRevoked
    if creation.agent and creation.agent.suspended_at:
        raise OnceInactive
    return creation


def remember(
    app: App, idempotency_key: str, request_values: dict[str, Any], agent: Agent | None, key_id: UUID
) -> None:
    """Keep that this key was made, of an `agent` that came with it if one did; forget what has expired."""
    if idempotency_key:
        Creation.objects.filter(expired("at", KEY_RETENTION), app=app).delete()
        Creation.objects.create(
            app=app,
            once=digest(idempotency_key).hex(),
            asked=fingerprint(request_values).hex(),
            agent=agent,
            key_id=key_id,
        )
