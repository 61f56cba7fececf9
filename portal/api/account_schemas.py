"""The objects of the management API that describe people and their access tokens (docs/api.md)."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, StrictBool

from core.schemas import Item, RequestSchema, ResponseSchema, Sentence, Text


class UserSummary(ResponseSchema):
    """Someone who can sign in."""

    id: UUID = Field(description="Their id.")
    email: str = Field(description="Their e-mail address, in lower case.")
    name: str = Field(description="What they are called; may be empty.")


class TokenInfo(ResponseSchema):
    """An access token, without its secret."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="What it is for, in its owner's words.")
    prefix: str = Field(description="Its first characters, to know it by.")
    permissions: list[str] = Field(description="As asked for. Each use is cut to its owner's role.")
    created_at: datetime = Field(description="When it was issued.")
    expires_at: datetime | None = Field(description="When it ends. null: not by itself.")
    last_used_at: datetime | None = Field(description="When it was last used, to the minute.")


class AccessibleApp(ResponseSchema):
    """An app the token reaches, and what it may do there."""

    id: UUID = Field(description="The app's id.")
    name: str = Field(description="The app's name.")
    permissions: list[str] = Field(description="What the token may do there, its owner's role considered.")


class CurrentUser(ResponseSchema):
    """Who is asking, with what, and how far that goes."""

    user: UserSummary = Field(description="Whose token it is.")
    token: TokenInfo = Field(description="The token.")
    permissions_everywhere: list[str] = Field(
        description="What it may do on every app, those to come included."
    )
    apps: list[AccessibleApp] = Field(description="Up to 500 of the apps its owner has a role on.")


class MemberInfo(ResponseSchema):
    """Someone with a role on an app."""

    id: UUID = Field(description="The membership's id: one role at one place.")
    user_id: UUID = Field(description="The person's id.")
    email: str = Field(description="Their e-mail address.")
    name: str = Field(description="What they are called; may be empty.")
    role: str = Field(description="developer, support or admin.")
    everywhere: bool = Field(description="Whether the role holds for every app.")
    created_at: datetime = Field(description="Since when.")
    last_seen_at: datetime | None = Field(description="When they last opened a page here, to five minutes.")
    second_factor: bool = Field(description="Whether they have a second factor.")


class InvitationInfo(ResponseSchema):
    """A link that has not been taken up yet."""

    id: UUID = Field(description="The invitation's id.")
    email: str = Field(description="Whom it is for; empty: whoever opens it first.")
    role: str = Field(description="developer, support or admin.")
    everywhere: bool = Field(description="Whether the role will hold for every app.")
    invited_by: str = Field(description="Who made it.")
    expires_at: datetime = Field(description="When it ends.")


class InvitationList(ResponseSchema):
    """All of them."""

    items: list[InvitationInfo] = Field(description="The invitations.")


class InvitationCreated(InvitationInfo):
    """A new invitation, with its link."""

    link: str | None = Field(
        description="The link in full, this once. null when a request is repeated.", repr=False
    )


class InvitationCreateRequest(RequestSchema):
    """Whom to invite."""

    email: Text = Field(default="", description="Their address. Empty: whoever opens the link first.")
    role: Text = Field(description="developer, support or admin.")


class RoleChangeRequest(RequestSchema):
    """Another role."""

    role: Text = Field(description="developer, support or admin.")


class MemberRemovalRequest(RequestSchema):
    """How to remove a member."""

    revoke_keys: list[Item] = Field(
        default=[],
        max_length=100,
        description="Ids of keys they answer for that end with it; the others stay.",
    )
    hand_to: Text = Field(default="", description="The address of who answers for the keys that stay.")
    force: StrictBool = Field(default=False, description="Even if an agent is left without an active key.")
    reason: Sentence = Field(default="", description="Why, for the log.")


class MemberList(ResponseSchema):
    """All of them."""

    items: list[MemberInfo] = Field(description="The members.")


class TokenExchangeRequest(RequestSchema):
    """The code of a sign-in, and what its challenge was made of (RFC 7636)."""

    code: Text = Field(description="The code that came back to redirect_uri. Good for a minute, once.")
    code_verifier: Text = Field(description="43 to 128 characters; their SHA-256 was the code_challenge.")


class TokenIssued(ResponseSchema):
    """An access token for the program that signed in."""

    token: str = Field(description="The access token in full, this once.", repr=False)
    id: UUID = Field(description="Its id.")
    name: str = Field(description="The program it was issued to.")
    permissions: list[str] = Field(description="What was agreed to.")
    expires_at: datetime | None = Field(description="When it ends. null: not by itself.")
