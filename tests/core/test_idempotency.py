"""What every idempotency key keeps to."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core.clock import at, now
from core.idempotency import (
    RETENTION,
    IdempotencyMismatch,
    digest,
    expired,
    fingerprint,
    owned_by,
    require_same,
)
from portal.models import IdempotencyRecord


def test_equal_values_in_another_order_are_the_same_request() -> None:
    assert fingerprint({"name": "a", "days": 1}) == fingerprint({"days": 1, "name": "a"})
    for other in ({"name": "b", "days": 1}, {"name": "a", "days": "1"}, {"name": "a"}):
        assert fingerprint(other) != fingerprint({"name": "a", "days": 1}), other


def test_a_key_used_for_another_request_is_refused() -> None:
    require_same(digest("a"), digest("a"))
    with pytest.raises(IdempotencyMismatch) as refused:
        require_same(digest("a"), digest("b"))
    assert (refused.value.code, refused.value.status) == ("idempotency_key_body_mismatch", 409)


def test_the_same_text_of_another_owner_is_another_key() -> None:
    assert owned_by("deploy-42", "user", 1) != owned_by("deploy-42", "user", 2)


def test_what_is_kept_tells_nothing_of_the_key_and_takes_any_text() -> None:
    assert b"deploy" not in digest("deploy-42")
    assert digest("\ud800") != digest("\ud801")


@pytest.mark.django_db
def test_a_request_is_remembered_to_the_end_of_its_time() -> None:
    moment = now()
    IdempotencyRecord.objects.create(
        owner_id=uuid4(), operation="POST /", key_digest=b"", body_digest=b"", created_at=moment
    )
    ends = moment + RETENTION
    for when, gone in ((ends, False), (ends + timedelta(microseconds=1), True)):
        with at(when):
            assert IdempotencyRecord.objects.filter(expired("created_at", RETENTION)).exists() is gone
