"""The schemas of the management API for a user's own personal access tokens (docs/api.md)."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from core.schemas import Name, Page, RequestSchema, Text
from portal.api.account_schemas import TokenInfo
from portal.models import AccessToken


class TokenDetail(TokenInfo):
    """A personal access token with its status."""

    status: Literal["active", "expired", "revoked"] = Field(
        description="revoked: also when its parent token is revoked."
    )
    parent_id: UUID | None = Field(
        description="The token that created it. It is revoked together with that token."
    )

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
    """A page of tokens."""

    items: list[TokenDetail] = Field(description="The tokens, expired and revoked ones included.")


class TokenMinted(TokenDetail):
    """A new personal access token."""

    token: str | None = Field(
        repr=False, description="The access token. Shown once: null when the request is repeated."
    )


class TokenMintRequest(RequestSchema):
    """A token to mint. Its permissions and expiry are limited by the token that mints it."""

    name: Name = Field(description="The token's name, such as where it will be used.")
    permissions: list[Text] = Field(
        min_length=1, max_length=100, description="Permissions of the token that mints it, or some of them."
    )
    expires_in: Text | None = Field(
        default=None, description="30d, 12h or 5m. Do not combine with expires_at."
    )
    expires_at: Text | None = Field(
        default=None, description="ISO 8601. Default: when the token that mints it expires."
    )
