"""Idempotency-Key at the management API: the same request again makes nothing twice, and shows no secret twice."""

import json
from collections.abc import Callable
from typing import Protocol, TypeVar
from uuid import UUID

from django.db import transaction
from ninja.responses import Status

from agents.errors import OnceMismatch
from core.schemas import RequestSchema
from portal.api.token_auth import TokenRequest
from portal.models import IdempotencyRecord
from portal.models.idempotency import sha256_of


class ResponseWithId(Protocol):
    """An answer about something that has an id."""

    id: UUID


R = TypeVar("R", bound=ResponseWithId)


def create_once(
    request: TokenRequest,
    idempotency_key: str,
    body: RequestSchema,
    create: Callable[[], R],
    recall: Callable[[UUID], R],
) -> Status[R]:
    """201 and what `create` makes; asked again under the same key, 200 and what `recall` tells of it.

    A key counts for its person and address. A request that is refused is not remembered. Raises OnceMismatch for
    another body under the same key.
    """
    if not idempotency_key:
        return Status(201, create())
    body_digest = sha256_of(json.dumps(body.model_dump(mode="json"), sort_keys=True))
    with transaction.atomic():
        operation = f"{request.method} {request.path_info}"
        record, is_new = IdempotencyRecord.claim(
            request.token.user_id, operation, idempotency_key, body_digest
        )
        if is_new:
            made = create()
            IdempotencyRecord.objects.filter(pk=record.pk).update(row_id=made.id)
            return Status(201, made)
    if bytes(record.body_digest) != body_digest or record.row_id is None:
        raise OnceMismatch("This idempotency key was used before, with another body. Nothing was made.")
    return Status(200, recall(record.row_id))
