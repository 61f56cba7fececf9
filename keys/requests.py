"""What the faces of keys share: fetching a key through the app it must belong to; a request made with one."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from ninja import Header

from agents.requests import AppRequest, ProgramRequest
from core.errors import Refusal
from core.portal_origin import portal_origin
from keys.admission.verdict import KeySnapshot
from keys.delegation import Authority
from keys.errors import KeyNotFound
from keys.models import ApiKey
from keys.scopes import ScopeSet

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=1000,
        description="Any text that is not empty, sent once. Asked again under the same one, nothing is made twice.",
    ),
]


class KeyedRequest(ProgramRequest):
    """A request below /sdk/, for a view that wants to know more of the key it was made with."""

    key: KeySnapshot
    granted: ScopeSet
    """What this request may do: what its key may, narrowed to what the request is content with."""


def authority_of(request: KeyedRequest) -> Authority:
    """What this call may hand on: what its key holds now, narrowed to what the call is content with."""
    return Authority.of_key(ApiKey.objects.with_kin().get(id=request.key.id), request.granted)


def key_of(request: AppRequest, key_id: UUID) -> ApiKey:
    """A key of this app. Raises KeyNotFound for a stranger's as for none."""
    keys = ApiKey.objects.filter(app=request.app).with_kin()
    key = keys.filter(id=key_id).first()
    if key is None:
        raise KeyNotFound
    return key


def portal_address(request: HttpRequest) -> str:
    """Where programs reach this portal: its public address if it has one, or else this machine's name."""
    return portal_origin(request) + reverse("verify").removesuffix("/verify")


def field_of(refusal: Refusal) -> str:
    """The value a refusal is about; empty if it is about the whole."""
    return str(getattr(refusal, "field", ""))
