"""Idempotency-Key at the management API: the same request again makes nothing twice, and shows no secret twice."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from django.db import transaction
from ninja.responses import Status

from agents.refusals import OnceMismatch
from audit.clock import now
from audit.wire import Asked
from portal.models import IdempotencyRecord
from portal.programs.api_gate import TokenRequest


class ResponseWithId(Protocol):
    """An answer about something that has an id."""

    id: UUID


R = TypeVar("R", bound=ResponseWithId)
RETENTION = timedelta(days=30)
"""How long a key is remembered: longer than any retry."""


def create_once(
    request: TokenRequest,
    idempotency_key: str,
    body: Asked,
    create: Callable[[], R],
    recall: Callable[[UUID], R],
) -> Status[R]:
    """201 and what `create` makes; asked again under the same key, 200 and what `recall` tells of it.

    A key counts for its person and address. A request that is refused is not remembered. Raises OnceMismatch for
    another body under the same key.
    """
    if not idempotency_key:
        return Status(201, create())
    body_digest = _sha256(json.dumps(body.model_dump(mode="json"), sort_keys=True))
    with transaction.atomic():
        IdempotencyRecord.objects.filter(created_at__lt=now() - RETENTION).delete()
        # A second request at the same time waits here for the first one's commit.
        record, is_new = IdempotencyRecord.objects.get_or_create(
            owner_id=request.token.user_id,
            operation=f"{request.method} {request.path_info}"[:80],
            key_digest=_sha256(idempotency_key),
            defaults={"body_digest": body_digest},
        )
        if is_new:
            made = create()
            IdempotencyRecord.objects.filter(pk=record.pk).update(row_id=made.id)
            return Status(201, made)
    if bytes(record.body_digest) != body_digest or record.row_id is None:
        raise OnceMismatch("This idempotency key was used before, with another body. Nothing was made.")
    return Status(200, recall(record.row_id))


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
