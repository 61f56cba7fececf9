"""Lets one showing of a page's form act once: a reload sends it again, and then nothing is made."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db import transaction

from audit.clock import now
from audit.faces import PortalRequest
from keys.refusals import AlreadyMinted
from portal.gates import user_of
from portal.models import IdempotencyRecord

T = TypeVar("T")
RETENTION = timedelta(days=30)


def submit_once(request: PortalRequest, once: str, make: Callable[[], T], *, made: str, hint: str) -> T:
    """What `make` makes for the form marked `once`. A form that is refused is not remembered.

    Raises AlreadyMinted if it was sent before: `made` names what came of it, `hint` the way on if it was not kept.
    """
    with transaction.atomic():
        IdempotencyRecord.objects.filter(created_at__lt=now() - RETENTION).delete()
        # A second sending at the same time waits here for the first one's commit.
        _, is_new = IdempotencyRecord.objects.get_or_create(
            owner_id=user_of(request).pk,
            operation=f"form {request.path_info}"[:80],
            key_digest=hashlib.sha256(once.encode(errors="surrogatepass")).digest(),
            defaults={"body_digest": b""},
        )
        if not is_new:
            raise AlreadyMinted(f"This form has been sent before: {made} then, and shown once.", hint=hint)
        return make()
