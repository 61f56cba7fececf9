"""Contacting the owner of a key in the management API."""

from pydantic import Field

from agents.requests import AppRequest, id_of
from core.schemas import RequestSchema, ResponseSchema, Text
from keys.requests import key_of
from portal.support import bulk_actions


class KeyOwnerContactRequest(RequestSchema):
    """A message to the owner of a key."""

    message: Text = Field(description="5 to 300 characters.")


class KeyOwnersContacted(ResponseSchema):
    """The number of owners who were notified."""

    owners_notified: int = Field(description="How many owners were notified.")


def contact_key_owner(request: AppRequest, key_id: str, body: KeyOwnerContactRequest) -> KeyOwnersContacted:
    """Send a message to the owner of a key, at most three times a day."""
    return KeyOwnersContacted(
        owners_notified=bulk_actions.ask(request.actor, key_of(request, id_of(key_id)), body.message)
    )
