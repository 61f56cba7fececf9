"""What support does with a key it has found, at the management API: asks whoever answers for it."""

from pydantic import Field

from agents.requests import AppRequest, id_of
from core.schemas import RequestSchema, ResponseSchema, Text
from keys.requests import key_of
from portal.support import bulk_actions


class KeyOwnerContactRequest(RequestSchema):
    """What to ask."""

    message: Text = Field(description="5 to 300 characters.")


class KeyOwnersContacted(ResponseSchema):
    """How many there are to answer."""

    people_told: int = Field(description="How many people are told.")


def contact_key_owner(request: AppRequest, key_id: str, asked: KeyOwnerContactRequest) -> KeyOwnersContacted:
    """Ask whoever answers for a key; at most three times a day."""
    return KeyOwnersContacted(
        people_told=bulk_actions.ask(request.actor, key_of(request, id_of(key_id)), asked.message)
    )
