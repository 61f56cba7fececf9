"""What the pages about keys share: fetching a key through the app it must belong to."""

from uuid import UUID

from agents.faces import AppRequest
from audit.refusals import Refusal
from keys.models import ApiKey
from keys.refusals import KeyNotFound


def key_of(request: AppRequest, key_id: UUID) -> ApiKey:
    """A key of this app. Raises KeyNotFound for a stranger's as for none."""
    keys = ApiKey.objects.filter(app=request.app).with_kin()
    found = keys.filter(id=key_id).first()
    if found is None:
        raise KeyNotFound
    return found


def field_of(refusal: Refusal) -> str:
    """The value a refusal is about; empty if it is about the whole."""
    return str(getattr(refusal, "field", ""))
