"""The schemas of the management API for users, members, invitations and access tokens (docs/api.md)."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, StrictBool

from core.schemas import Item, RequestSchema, ResponseSchema, Sentence, Text


class UserSummary(ResponseSchema):
    """A user."""

    id: UUID = Field(description="The user's id.")
    email: str = Field(description="The user's email, in lower case.")
    name: str = Field(description="The user's name. May be empty.")


class TokenInfo(ResponseSchema):
    """A personal access token, without its secret."""

    id: UUID = Field(description="The token's id.")
    name: str = Field(description="The token's name.")
    prefix: str = Field(description="The token's first characters.")
    permissions: list[str] = Field(
        description="The permissions that were requested. Each use is limited by the owner's role."
    )
    created_at: datetime = Field(description="When the token was created.")
    expires_at: datetime | None = Field(description="When the token expires. null: never.")
    last_used_at: datetime | None = Field(description="When the token was last used, to the minute.")


class AccessibleApp(ResponseSchema):
    """An app that the token can access."""

    id: UUID = Field(description="The app's id.")
    name: str = Field(description="The app's name.")
    permissions: list[str] = Field(description="The token's permissions on this app.")


class CurrentUser(ResponseSchema):
    """The user and the token that a request is made with."""

    user: UserSummary = Field(description="The token's owner.")
    token: TokenInfo = Field(description="The token.")
    permissions_everywhere: list[str] = Field(
        description="The token's permissions on all apps, future apps included."
    )
    apps: list[AccessibleApp] = Field(description="Up to 500 apps that the owner has a role on.")


class MemberInfo(ResponseSchema):
    """A member: a user with a role on an app."""

    id: UUID = Field(description="The membership's id: one role on one app, or on all apps.")
    user_id: UUID = Field(description="The user's id.")
    email: str = Field(description="The user's email.")
    name: str = Field(description="The user's name. May be empty.")
    role: str = Field(description="developer, support or admin.")
    everywhere: bool = Field(description="Whether the role applies to all apps.")
    created_at: datetime = Field(description="When the role was given.")
    last_seen_at: datetime | None = Field(description="When the user last opened a page, to five minutes.")
    two_factor_enabled: bool = Field(description="Whether the user has set up two-factor authentication.")


class InvitationInfo(ResponseSchema):
    """A pending invitation."""

    id: UUID = Field(description="The invitation's id.")
    email: str = Field(description="The email it is for. Empty: anyone with the link.")
    role: str = Field(description="developer, support or admin.")
    everywhere: bool = Field(description="Whether the role will apply to all apps.")
    invited_by: str = Field(description="Who created the invitation.")
    expires_at: datetime = Field(description="When the invitation expires.")


class InvitationList(ResponseSchema):
    """All pending invitations."""

    items: list[InvitationInfo] = Field(description="The invitations.")


class InvitationCreated(InvitationInfo):
    """A new invitation, with its link."""

    link: str | None = Field(
        description="The invitation link. Shown once: null when the request is repeated.", repr=False
    )


class InvitationCreateRequest(RequestSchema):
    """Whom to invite."""

    email: Text = Field(default="", description="The email to invite. Empty: anyone with the link.")
    role: Text = Field(description="developer, support or admin.")


class RoleChangeRequest(RequestSchema):
    """A new role."""

    role: Text = Field(description="developer, support or admin.")


class MemberRemovalRequest(RequestSchema):
    """How to remove a member."""

    revoke_keys: list[Item] = Field(
        default=[],
        max_length=100,
        description="Ids of the member's keys to revoke. Other keys stay active.",
    )
    hand_to: Text = Field(default="", description="The email of the new owner of the remaining keys.")
    force: StrictBool = Field(
        default=False, description="Also revoke keys that are an agent's only active key."
    )
    reason: Sentence = Field(default="", description="The reason, saved to the audit log.")


class MemberList(ResponseSchema):
    """All members."""

    items: list[MemberInfo] = Field(description="The members.")


class TokenExchangeRequest(RequestSchema):
    """The code of a sign-in, and its PKCE verifier (RFC 7636)."""

    code: Text = Field(description="The code from redirect_uri. Valid for one minute, once.")
    code_verifier: Text = Field(description="43 to 128 characters, whose SHA-256 was sent as code_challenge.")


class TokenIssued(ResponseSchema):
    """An access token for the program that signed in."""

    token: str = Field(description="The access token. Shown once.", repr=False)
    id: UUID = Field(description="The token's id.")
    name: str = Field(description="The program that the token was issued to.")
    permissions: list[str] = Field(description="The permissions that were authorized.")
    expires_at: datetime | None = Field(description="When the token expires. null: never.")
