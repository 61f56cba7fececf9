"""Idempotency-Key in the management API: a repeated request creates nothing twice, and shows no secret twice."""

from collections.abc import Callable
from typing import Protocol, TypeVar
from uuid import UUID

from django.db import transaction
from ninja.responses import Status

from core.idempotency import IdempotencyMismatch, fingerprint, require_same
from core.schemas import RequestSchema
from portal.api.token_auth import TokenRequest
from portal.models import IdempotencyRecord


class ResponseWithId(Protocol):
    """A response about something that has an id."""

    id: UUID


OTHER_BODY = "This Idempotency-Key was already used with another body. Nothing was created."
R = TypeVar("R", bound=ResponseWithId)


def create_once(
    request: TokenRequest,
    idempotency_key: str,
    body: RequestSchema,
    create: Callable[[], R],
    recall: Callable[[UUID], R],
) -> Status[R]:
    """201 with the result of `create`; for a repeated request, 200 with the result of `recall`.

    A key is valid for one user and one path. A request that fails is not remembered. Raises IdempotencyMismatch
    for another body with the same key.
    """
    if not idempotency_key:
        return Status(201, create())
    body_digest = fingerprint(body.model_dump(mode="json"))
    with transaction.atomic():
        operation = f"{request.method} {request.path_info}"
        record, is_new = IdempotencyRecord.claim(
            request.token.user_id, operation, idempotency_key, body_digest
        )
        if is_new:
            created = create()
            IdempotencyRecord.objects.filter(pk=record.pk).update(row_id=created.id)
            return Status(201, created)
    require_same(bytes(record.body_digest), body_digest, OTHER_BODY)
    if record.row_id is None:
        raise IdempotencyMismatch(OTHER_BODY)
    return Status(200, recall(record.row_id))
