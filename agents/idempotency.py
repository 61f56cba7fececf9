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


def made_before(app: App, once: str, asked: dict[str, Any]) -> Creation | None:
    """What `once` created, if it did. The caller holds the app.

    Raises OnceMismatch if it was for something else than `asked`, OnceInactive and OnceRevoked for
    an agent that can no longer be given out.
    """
    if not once:
        return None
    remembered = Creation.objects.filter(app=app, once=_sha256(once), at__gte=now() - RETENTION)
    found = remembered.select_related("agent").first()
    if found is None:
        return None
    if found.asked != _sha256(compact(asked)):
        raise OnceMismatch
    if found.agent and found.agent.revoked_at:
        raise OnceRevoked
    if found.agent and found.agent.suspended_at:
        raise OnceInactive
    return found


def remember(app: App, once: str, asked: dict[str, Any], agent: Agent | None, key_id: UUID) -> None:
    """Keep that `once` made this key, of an `agent` that came with it if one did; forget what is a week old."""
    if once:
        Creation.objects.filter(app=app, at__lt=now() - RETENTION).delete()
        Creation.objects.create(
            app=app, once=_sha256(once), asked=_sha256(compact(asked)), agent=agent, key_id=key_id
        )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
