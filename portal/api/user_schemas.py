"""The objects of the management API that describe everyone in the portal (docs/api.md)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field, StrictBool

from core.schemas import Page, RequestSchema, ResponseSchema, Sentence
from portal.api.account_schemas import UserSummary
from portal.api.token_schemas import TokenDetail


class RoleHeld(ResponseSchema):
    """A role that someone has now."""

    id: UUID = Field(description="The membership's id: one role at one place.")
    app_id: UUID | None = Field(description="The app it holds on. null: every app.")
    role: str = Field(description="developer, support or admin.")
    created_at: datetime = Field(description="Since when.")


class UserInfo(UserSummary):
    """Someone who has an account."""

    is_active: bool = Field(description="Whether they can sign in. false: the account is closed.")
    created_at: datetime = Field(description="Since when they have it.")
    last_seen_at: datetime | None = Field(description="When they last opened a page here, to five minutes.")
    second_factor: bool = Field(description="Whether they have a second factor.")
    roles: list[RoleHeld] = Field(description="What they may do, and where.")


class UserPage(Page):
    """Some of them."""

    items: list[UserInfo] = Field(description="The people.")


class OwnedKey(ResponseSchema):
    """A living key that someone answers for."""

    id: UUID = Field(description="The key's id, for revoke_keys.")
    app_id: UUID = Field(description="The app it is of.")
    name: str = Field(description="What people call it.")
    key_prefix: str = Field(description="Its first characters.")
    last_used_at: datetime | None = Field(description="When it was last called with.")
    is_last_active: bool = Field(description="Whether its agent would be left without a key: then force it.")


class UserDetail(UserInfo):
    """Someone, with what would end or need another owner if they left."""

    email_confirmed: bool = Field(description="Whether it is known that the address is theirs.")
    keys: list[OwnedKey] = Field(description="Up to 500 living keys they answer for, those in use first.")
    tokens: list[TokenDetail] = Field(description="Their living access tokens.")


class SessionsEnded(ResponseSchema):
    """How many there were."""

    sessions_ended: int = Field(description="How many open sessions ended.")


class PolicyInfo(ResponseSchema):
    """What admins of every app decide for everyone."""

    second_factor_required: bool = Field(description="Whether everyone must have a second factor.")
    second_factor_since: datetime | None = Field(description="Since when.")
    on_leaked_token: str = Field(description="What is done with an access token that is reported as leaked.")
    public_docs: bool = Field(description="Whether the docs can be read without signing in.")
    people_without_second_factor: int = Field(description="How many may sign in and have none.")


class PolicyUpdateRequest(RequestSchema):
    """What to decide; what is left out stays."""

    second_factor_required: StrictBool = Field(
        default=False, description="true is refused to someone who has no second factor."
    )
    on_leaked_token: Literal["notify", "revoke"] = Field(
        default="revoke", description="notify: its owner is told; revoke: it ends, too."
    )
    public_docs: StrictBool = Field(
        default=False, description="Whether the docs can be read without signing in."
    )
    reason: Sentence = Field(default="", description="Why, for the log.")
