"""The delegation law for people: roles and permissions are given by those who hold them, where they hold them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from agents.models import App
from audit.actors import Actor
from core.errors import Invalid
from keys.delegation import Authority, Grant, within
from keys.rules import require
from portal.error_responses import MintedByToken
from portal.models import AccessToken, Invitation, User
from portal.roles import PERMISSIONS
from portal.web.gates import permissions_anywhere, permissions_of


def require_role(actor: Actor, role: str, app: App | None, already: str = "") -> None:
    """Raise NotYoursToGive unless `actor` may let someone have `role` on `app`, or on every app.

    `already` is the role they have there: what both roles hold is not given.
    """
    given = PERMISSIONS[role] - PERMISSIONS.get(already, frozenset())
    require(Authority.of_actor(actor), Grant(permissions=given, app_id=app.id if app else None))


def require_held(user: User, permissions: Iterable[str]) -> None:
    """Raise NotYoursToGive unless `user` holds each of `permissions` on one app or another."""
    held = Authority(permissions=permissions_anywhere(user))
    require(held, Grant(permissions=frozenset(permissions)))


def require_within_token(parent: AccessToken, permissions: Iterable[str], ends: datetime | None) -> None:
    """Raise NotYoursToGive, MintedByToken or Invalid unless `parent` may make a token that may do this until `ends`."""
    if parent.parent_id is not None:
        raise MintedByToken
    held = Authority(permissions=frozenset(parent.permissions), ends=parent.expires_at)
    excess = within(held, Grant(permissions=frozenset(permissions), ends=ends))
    if excess and excess.what == "expires_at":
        raise Invalid("expires_at", f"Cannot expire later than the token that mints it: {excess.says}.")
    require(held, Grant(permissions=frozenset(permissions), ends=ends))


def is_backed(invitation: Invitation) -> bool:
    """Whether whoever invited may still give what `invitation` gives. The shell's invitations need no one."""
    if invitation.inviter_id is None:
        return True
    person = User.objects.filter(pk=invitation.inviter_id, is_active=True).first()
    held = permissions_of(person, invitation.app) if person else frozenset[str]()
    grant = Grant(permissions=PERMISSIONS[invitation.role], app_id=invitation.app_id)
    return within(Authority(permissions=held, app_id=invitation.app_id), grant) is None


def inviter_of(actor: Actor) -> UUID | None:
    """The person behind `actor`: themselves, or the owner of the access token. None: the shell, or the portal."""
    if actor.kind == "token":
        return AccessToken.objects.values_list("user_id", flat=True).get(id=actor.id)
    return UUID(actor.id) if actor.kind == "person" else None
