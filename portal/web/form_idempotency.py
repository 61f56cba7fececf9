"""Lets one showing of a page's form act once: a reload sends it again, and then nothing is made."""

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction

from audit.requests import PortalRequest
from keys.errors import AlreadyMinted
from portal.models import IdempotencyRecord
from portal.web.gates import user_of

T = TypeVar("T")


def submit_once(request: PortalRequest, once: str, make: Callable[[], T], *, made: str, hint: str) -> T:
    """What `make` makes for the form with the key `once`. A form that is refused is not remembered.

    Raises AlreadyMinted if it was sent before: `made` names what came of it, `hint` the way on if it was not kept.
    """
    with transaction.atomic():
        _, is_new = IdempotencyRecord.claim(user_of(request).pk, f"form {request.path_info}", once)
        if not is_new:
            raise AlreadyMinted(f"Form already submitted: {made}, and shown once.", hint=hint)
        return make()
