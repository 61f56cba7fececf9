"""The users of the portal in the management API.

What would let a program take over an account, such as a new email or a 2FA reset, is on pages only (docs/api.md).
"""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from ninja import Query

from agents.api.management_schemas import ReasonRequest
from agents.requests import id_of
from core.choices import parse_choice
from core.errors import NotFound
from core.pagination.cursors import PartOfList, paginate
from core.schemas import SearchText
from portal.accounts import account_changes, offboarding
from portal.accounts.search import FILTERS, search_people
from portal.api.account_schemas import MemberRemovalRequest
from portal.api.members import removal_options
from portal.api.token_auth import TokenRequest
from portal.api.token_schemas import TokenDetail
from portal.api.user_schemas import OwnedKey, RoleHeld, SessionsEnded, UserDetail, UserInfo, UserPage
from portal.auth.two_factor import with_factor
from portal.models import Membership, User
from portal.tokens.lifecycle import active_tokens

Words = Annotated[SearchText, Query("", description="Part of the name or email.")]
Show = Annotated[
    SearchText,
    Query("", description=f"Only these: {', '.join(FILTERS)}. Default: all users."),
]


def list_users(request: TokenRequest, part: PartOfList, q: Words = "", show: Show = "") -> UserPage:
    """All users, newest first."""
    items, page = paginate(search_people(q, parse_choice(show, "show", FILTERS)), part, "date_joined")
    return UserPage(items=[UserInfo(**values) for values in _describe(items)], **page)


def get_user(request: TokenRequest, user_id: str) -> UserDetail:
    """A user with the keys they own and their tokens."""
    return _detail(_find_user(user_id))


def remove_user(request: TokenRequest, user_id: str, body: MemberRemovalRequest | None = None) -> UserDetail:
    """Remove a user from all apps: end their roles, sessions and tokens, and revoke the given keys."""
    user, body = _find_user(user_id), body or MemberRemovalRequest()
    offboarding.remove_everywhere(request.actor, user, removal_options(user, None, body), body.reason)
    return _detail(user)


def sign_out_user(request: TokenRequest, user_id: str, body: ReasonRequest | None = None) -> SessionsEnded:
    """Sign a user out of all sessions."""
    sessions_ended = account_changes.sign_out(request.actor, _find_user(user_id), body.reason if body else "")
    return SessionsEnded(sessions_ended=sessions_ended)


def deactivate_user(request: TokenRequest, user_id: str, body: ReasonRequest | None = None) -> UserDetail:
    """Deactivate a user: no sign-in, tokens or sessions. Roles are kept."""
    user = _find_user(user_id)
    account_changes.deactivate(request.actor, user, body.reason if body else "")
    return _detail(user)


def reactivate_user(request: TokenRequest, user_id: str, body: ReasonRequest | None = None) -> UserDetail:
    """Reactivate a user. The token needs every permission of the user's roles."""
    user = _find_user(user_id)
    account_changes.reactivate(request.actor, user, body.reason if body else "")
    return _detail(user)


def _find_user(user_id: str) -> User:
    user = User.objects.filter(id=id_of(user_id)).first()
    if user is None:
        raise NotFound("User not found.", hint="Check the ID.")
    return user


def _detail(user: User) -> UserDetail:
    (values,) = _describe([user])
    keys = [
        OwnedKey(
            id=owned.key.id,
            app_id=owned.key.app_id,
            name=owned.key.name,
            key_prefix=owned.key.prefix,
            last_used_at=owned.use.allowed_at if owned.use else None,
            is_last_active=owned.is_last_active,
        )
        for owned in offboarding.owned_keys(user, None)
    ]
    active = user.access_tokens.filter(active_tokens()).select_related("parent")
    return UserDetail(
        **values,
        email_confirmed=account_changes.is_confirmed(user),
        keys=keys,
        tokens=[TokenDetail.from_model(token) for token in active],
    )


def _describe(users: Iterable[User]) -> list[dict[str, Any]]:
    """The values of UserInfo for each user, in two queries for all."""
    users = list(users)
    protected, held = with_factor([user.pk for user in users]), dict[UUID, list[RoleHeld]]()
    for role in Membership.objects.filter(user__in=users, ended_at=None).order_by("created_at", "id"):
        held.setdefault(role.user_id, []).append(
            RoleHeld(id=role.id, app_id=role.app_id, role=role.role, created_at=role.created_at)
        )
    return [
        {
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "is_active": user.is_active,
            "created_at": user.date_joined,
            "last_seen_at": user.last_seen_at,
            "two_factor_enabled": user.pk in protected,
            "roles": held.get(user.pk, []),
        }
        for user in users
    ]
