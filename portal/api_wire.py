"""The objects of the management API that describe people and their access tokens (docs/api.md)."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from audit.wire import Asked, Text, Told


class Person(Told):
    """Someone who can sign in."""

    id: UUID
    email: str
    name: str


class TokenInfo(Told):
    """An access token, without its secret."""

    id: UUID
    name: str
    prefix: str
    permissions: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class Reached(Told):
    """An app the token reaches, and what it may do there."""

    id: UUID
    name: str
    permissions: list[str]


class Me(Told):
    """Who is asking, with what, and how far that goes."""

    user: Person
    token: TokenInfo
    permissions_everywhere: list[str] = Field(
        description="What it may do on every app, those to come included."
    )
    apps: list[Reached]


class MemberInfo(Told):
    """Someone with a role on an app."""

    user_id: UUID
    email: str
    name: str
    role: str
    everywhere: bool = Field(description="Whether the role holds for every app.")
    created_at: datetime


class Members(Told):
    """All of them."""

    items: list[MemberInfo]


class Redeem(Asked):
    """The code of a sign-in, and what its challenge was made of (RFC 7636)."""

    code: Text
    code_verifier: Text


class NewToken(Told):
    """An access token for the program that signed in."""

    token: str = Field(repr=False)
    id: UUID
    name: str
    permissions: list[str]
    expires_at: datetime | None
