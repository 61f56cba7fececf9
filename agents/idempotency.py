"""Remembers what an idempotency key brought about, so that a retry makes no second one (docs/sdk.md)."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from agents.errors import OnceInactive, OnceMismatch, OnceRevoked
from agents.models import Agent, App, Creation
from core.clock import now
from core.documents import compact

RETENTION = timedelta(days=7)


def made_before(app: App, idempotency_key: str, parameters: dict[str, Any]) -> Creation | None:
    """What `once` created, if it did. The caller holds the app.

    Raises OnceMismatch if it was for something else than `asked`, OnceInactive and OnceRevoked for
    an agent that can no longer be given out.
    """
    if not idempotency_key:
        return None
    remembered = Creation.objects.filter(app=app, once=_sha256(idempotency_key), at__gte=now() - RETENTION)
    creation = remembered.select_related("agent").first()
    if creation is None:
        return None
    if creation.asked != _sha256(compact(parameters)):
        raise OnceMismatch
    if creation.agent and creation.agent.revoked_at:
        raise OnceRevoked
    if creation.agent and creation.agent.suspended_at:
        raise OnceInactive
    return creation


def remember(
    app: App, idempotency_key: str, parameters: dict[str, Any], agent: Agent | None, key_id: UUID
) -> None:
    """Keep that `once` made this key, of an `agent` that came with it if one did; forget what is a week old."""
    if idempotency_key:
        Creation.objects.filter(app=app, at__lt=now() - RETENTION).delete()
        Creation.objects.create(
            app=app,
            once=_sha256(idempotency_key),
            asked=_sha256(compact(parameters)),
            agent=agent,
            key_id=key_id,
        )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
