"""The rules of every idempotency key: the same request, whose key it is, how long it is remembered, what is refused.

A key is claimed and its result kept in the transaction that makes the result. So a second request at the same time
waits for the first and then gets its result, and a request that fails is not remembered. Two tables keep this
(docs/decisions/0053): `agents.Creation` what is made under an app, `portal.IdempotencyRecord` everything else.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Q

from core.clock import now
from core.documents import compact
from core.errors import Conflict

KEY_RETENTION = timedelta(days=7)
"""How long it is remembered what made an API key or an agent: docs/sdk.md promises it."""
RETENTION = timedelta(days=30)
"""How long any other request is remembered: longer than any retry."""


class IdempotencyMismatch(Conflict):
    """An idempotency key was used before, with another body."""

    code = "idempotency_key_body_mismatch"
    message = "This idempotency key was already used with a different request. Nothing was created."
    hint = "Use a new idempotency key for each request."


def digest(text: str) -> bytes:
    """What is kept of an idempotency key or a request: its SHA-256, and no text."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def fingerprint(values: Mapping[str, Any]) -> bytes:
    """Two requests with equal values, in whatever order, are the same request."""
    return digest(compact(values))


def owned_by(idempotency_key: str, *owner: object) -> str:
    """The key as `owner` may use it: the same text of another owner is another key."""
    return " ".join([*map(str, owner), idempotency_key])


def require_same(stored: bytes, asked: bytes, message: str = "") -> None:
    """Raises IdempotencyMismatch if the key was used for another request."""
    if stored != asked:
        raise IdempotencyMismatch(message)


def expired(column: str, retention: timedelta) -> Q:
    """Rows that are no longer remembered: their key may be used anew."""
    return Q(**{f"{column}__lt": now() - retention})
