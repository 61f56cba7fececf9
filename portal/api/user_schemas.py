"""The schemas of the management API for the users of the portal and its policy (docs/api.md)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field, StrictBool

from core.schemas import Page, RequestSchema, ResponseSchema, Sentence
from portal.api.account_schemas import UserSummary
from portal.api.token_schemas import TokenDetail


class RoleHeld(ResponseSchema):
    """A role of a user."""

    id: UUID = Field(description="The membership's id: one role on one app, or on all apps.")
    app_id: UUID | None = Field(description="The app the role applies to. null: all apps.")
    role: str = Field(description="developer, support or admin.")
    created_at: datetime = Field(description="When the role was given.")


class UserInfo(UserSummary):
    """A user with their roles."""

    is_active: bool = Field(description="Whether the user can sign in. false: deactivated.")
    created_at: datetime = Field(description="When the account was created.")
    last_seen_at: datetime | None = Field(description="When the user last opened a page, to five minutes.")
    two_factor_enabled: bool = Field(description="Whether the user has set up two-factor authentication.")
    roles: list[RoleHeld] = Field(description="The user's roles.")


class UserPage(Page):
    """A page of users."""

    items: list[UserInfo] = Field(description="The users.")


class OwnedKey(ResponseSchema):
    """An active key of an owner."""

    id: UUID = Field(description="The key's id, for revoke_keys.")
    app_id: UUID = Field(description="The key's app.")
    name: str = Field(description="The key's name.")
    key_prefix: str = Field(description="The key's first characters.")
    last_used_at: datetime | None = Field(description="When the key was last used.")
    is_last_active: bool = Field(
        description="Whether it is its agent's only active key, which is revoked with force only."
    )


class UserDetail(UserInfo):
    """A user with the keys they own and their tokens."""

    email_confirmed: bool = Field(description="Whether the email is confirmed.")
    keys: list[OwnedKey] = Field(description="Up to 500 active keys the user owns, most recently used first.")
    tokens: list[TokenDetail] = Field(description="The user's active personal access tokens.")


class SessionsEnded(ResponseSchema):
    """The number of sessions that were ended."""

    sessions_ended: int = Field(description="How many sessions were signed out.")


class PolicyInfo(ResponseSchema):
    """The portal policy, which applies to all users."""

    two_factor_required: bool = Field(description="Whether all users must set up two-factor authentication.")
    two_factor_required_since: datetime | None = Field(description="Since when it is required.")
    on_leaked_token: str = Field(
        description="The action for leaked access tokens: notify (the owner), or revoke (and notify)."
    )
    public_docs: bool = Field(description="Whether the docs can be read without signing in.")
    users_without_two_factor: int = Field(
        description="How many active users have not set up two-factor authentication."
    )


class PolicyUpdateRequest(RequestSchema):
    """Changes to the portal policy. Omitted fields are unchanged."""

    two_factor_required: StrictBool = Field(
        default=False, description="Whether all users need 2FA. To require it, you need 2FA yourself."
    )
    on_leaked_token: Literal["notify", "revoke"] = Field(
        default="revoke", description="notify: notify the owner. revoke: revoke it and notify the owner."
    )
    public_docs: StrictBool = Field(
        default=False, description="Whether the docs can be read without signing in."
    )
    reason: Sentence = Field(default="", description="The reason, saved to the audit log.")
