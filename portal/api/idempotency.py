"""Idempotency-Key in the management API: a repeated request creates nothing twice, and shows no secret twice."""

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
    """A response about something that has an id."""

    id: UUID


R = TypeVar("R", bound=ResponseWithId)


def create_once(
    request: TokenRequest,
    idempotency_key: str,
    body: RequestSchema,
    create: Callable[[], R],
    recall: Callable[[UUID], R],
) -> Status[R]:
    """201 with the result of `create`; for a repeated request, 200 with the result of `recall`.

    A key is valid for one user and one path. A request that fails is not remembered. Raises OnceMismatch for another
    body with the same key.
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
            created = create()
            IdempotencyRecord.objects.filter(pk=record.pk).update(row_id=created.id)
            return Status(201, created)
    if bytes(record.body_digest) != body_digest or record.row_id is None:
        raise OnceMismatch("This Idempotency-Key was already used with another body. Nothing was created.")
    return Status(200, recall(record.row_id))
