"""The objects of the management API that describe a person's own access tokens (docs/api.md)."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from core.schemas import Name, Page, RequestSchema, Text
from portal.api.account_schemas import TokenInfo
from portal.models import AccessToken


class TokenDetail(TokenInfo):
    """An access token, and whether it still works."""

    status: Literal["active", "expired", "revoked"] = Field(
        description="revoked: also with the one above it."
    )
    parent_id: UUID | None = Field(description="The token that made it, with which it ends.")

    @classmethod
    def from_model(cls, token: AccessToken, /, **more: object) -> Self:
        """`token` as the management API shows it."""
        values = {
            "id": token.id,
            "name": token.name,
            "prefix": token.prefix,
            "permissions": token.permissions,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "last_used_at": token.last_used_at,
            "status": token.status,
            "parent_id": token.parent_id,
        }
        return cls.model_validate(values | more)


class TokenPage(Page):
    """Some tokens."""

    items: list[TokenDetail] = Field(description="The tokens, ended ones included.")


class TokenMinted(TokenDetail):
    """A new token."""

    token: str | None = Field(
        repr=False, description="The access token in full, this once. null when a request is repeated."
    )


class TokenMintRequest(RequestSchema):
    """A token to be minted, within the one that asks for it."""

    name: Name = Field(description="What it is for, and where it will be kept.")
    permissions: list[Text] = Field(
        min_length=1, max_length=100, description="A part of what the asking token may do."
    )
    expires_in: Text | None = Field(default=None, description="30d, 12h or 5m. Not beside expires_at.")
    expires_at: Text | None = Field(
        default=None, description="ISO 8601. Left out, both: when the asking token ends."
    )
