"""Everyone in the portal at the management API: who they are, what they hold, and the end of it.

What would let a program take an account over, another address or no second factor, is on pages alone (docs/api.md).
"""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from ninja import Query

from agents.api.management_schemas import ReasonRequest
from agents.requests import id_of
from core.choices import parse_word
from core.cursors import PartOfList, cut
from core.errors import NotFound
from core.schemas import SearchText
from portal.accounts import account_changes, offboarding
from portal.accounts.search import FILTERS, search_people
from portal.api.account_schemas import MemberRemovalRequest
from portal.api.members import leaving_wishes
from portal.api.token_auth import TokenRequest
from portal.api.token_schemas import TokenDetail
from portal.api.user_schemas import OwnedKey, RoleHeld, SessionsEnded, UserDetail, UserInfo, UserPage
from portal.auth.two_factor import with_factor
from portal.models import Membership, User
from portal.tokens.lifecycle import active_tokens

Words = Annotated[SearchText, Query("", description="A piece of their name or address.")]
Show = Annotated[
    SearchText,
    Query("", description="no-factor, no-role, unseen (for 90 days) or closed. Empty: everyone."),
]


def list_users(request: TokenRequest, part: PartOfList, q: Words = "", show: Show = "") -> UserPage:
    """Everyone who has an account, the newest first."""
    page, told = cut(search_people(q, parse_word(show, "show", FILTERS)), part, "date_joined")
    return UserPage(items=[UserInfo(**one) for one in _describe(page)], **told)


def get_user(request: TokenRequest, user_id: str) -> UserDetail:
    """One of them, with the keys they answer for and their tokens."""
    return _detail(_find_user(user_id))


def remove_user(request: TokenRequest, user_id: str, asked: MemberRemovalRequest | None = None) -> UserDetail:
    """End every role of a person, their sessions and tokens, and what is named of the keys they answer for."""
    user, asked = _find_user(user_id), asked or MemberRemovalRequest()
    offboarding.remove_everywhere(request.actor, user, leaving_wishes(user, None, asked), asked.reason)
    return _detail(user)


def sign_out_user(request: TokenRequest, user_id: str, asked: ReasonRequest | None = None) -> SessionsEnded:
    """End every open session of a person."""
    ended = account_changes.sign_out(request.actor, _find_user(user_id), asked.reason if asked else "")
    return SessionsEnded(sessions_ended=ended)


def deactivate_user(request: TokenRequest, user_id: str, asked: ReasonRequest | None = None) -> UserDetail:
    """Close an account: no sign-in, no token, no session. Its roles wait."""
    user = _find_user(user_id)
    account_changes.deactivate(request.actor, user, asked.reason if asked else "")
    return _detail(user)


def reactivate_user(request: TokenRequest, user_id: str, asked: ReasonRequest | None = None) -> UserDetail:
    """Open a closed account again. The token must hold all that the account's roles hold."""
    user = _find_user(user_id)
    account_changes.reactivate(request.actor, user, asked.reason if asked else "")
    return _detail(user)


def _find_user(user_id: str) -> User:
    user = User.objects.filter(id=id_of(user_id)).first()
    if user is None:
        raise NotFound
    return user


def _detail(user: User) -> UserDetail:
    (told,) = _describe([user])
    keys = [
        OwnedKey(
            id=one.key.id,
            app_id=one.key.app_id,
            name=one.key.name,
            key_prefix=one.key.prefix,
            last_used_at=one.use.allowed_at if one.use else None,
            is_last_active=one.is_last_active,
        )
        for one in offboarding.owned_keys(user, None)
    ]
    living = user.access_tokens.filter(active_tokens()).select_related("parent")
    return UserDetail(
        **told,
        email_confirmed=account_changes.is_confirmed(user),
        keys=keys,
        tokens=[TokenDetail.from_model(token) for token in living],
    )


def _describe(people: Iterable[User]) -> list[dict[str, Any]]:
    """The values of UserInfo for each, in two queries however many they are."""
    people = list(people)
    having, held = with_factor([one.pk for one in people]), dict[UUID, list[RoleHeld]]()
    for role in Membership.objects.filter(user__in=people, ended_at=None).order_by("created_at", "id"):
        held.setdefault(role.user_id, []).append(
            RoleHeld(id=role.id, app_id=role.app_id, role=role.role, created_at=role.created_at)
        )
    return [
        {
            "id": one.id,
            "email": one.email,
            "name": one.name,
            "is_active": one.is_active,
            "created_at": one.date_joined,
            "last_seen_at": one.last_seen_at,
            "second_factor": one.pk in having,
            "roles": held.get(one.pk, []),
        }
        for one in people
    ]
