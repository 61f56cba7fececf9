"""Removes a user from an app, or from all apps: keys are revoked or transferred, tokens revoked."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from agents.models import App
from audit.actors import Actor
from audit.search.usage import Use, uses
from core.clock import now
from keys import lifecycle as on_keys
from keys.models import ApiKey, ApiKeyQuerySet
from keys.rules import is_last_active
from portal.accounts import lifecycle
from portal.models import AccessToken, Membership, User
from portal.tokens import lifecycle as tokens

LOOKBACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OwnedKey:
    """An active key that a user owns, and whether it is in use."""

    key: ApiKey
    use: Use | None
    is_last_active: bool

    @property
    def in_use(self) -> bool:
        """Whether it was used within a day: then something stops with it."""
        used_at = self.use.allowed_at if self.use else None
        return used_at is not None and used_at > now() - LOOKBACK


@dataclass(frozen=True, slots=True)
class OffboardingPlan:
    """What happens to the keys of a user who is removed. Others stay with their app, without an owner."""

    revoke: Collection[UUID] = ()
    hand_to: User | None = None
    """Who answers for the keys that stay."""
    force: bool = False
    """Even if an agent is left without a key."""


def owned_keys(user: User, app: App | None) -> list[OwnedKey]:
    """The active keys `user` owns, in `app` or everywhere, those in use first."""
    keys = _active_keys(user, app).with_kin()[:500]
    last_uses = uses([key.pk for key in keys])
    rows = [OwnedKey(key, last_uses.get(key.pk), is_last_active(key)) for key in keys]
    return sorted(rows, key=lambda row: (not row.in_use, row.key.app.name, row.key.name))


def is_last_role(user: User, membership: Membership) -> bool:
    """Whether `user` has no role anywhere once `membership` ends."""
    return not Membership.objects.filter(user=user, ended_at=None).exclude(pk=membership.pk).exists()


def remove(actor: Actor, membership: Membership, plan: OffboardingPlan, reason: str = "") -> None:
    """End `membership` and do with the leaver's keys there what `wishes` say; tokens go with the last role.

    Raises LastAdmin, LastActiveKey, ReauthenticationRequired.
    """
    user, app = membership.user, membership.app
    with transaction.atomic():
        lifecycle.end_membership(actor, membership, reason)
        _revoke_or_transfer(actor, user, app, plan, reason)
        if is_last_role(user, membership):
            end_tokens(actor, user, reason)


def remove_everywhere(actor: Actor, user: User, plan: OffboardingPlan, reason: str = "") -> None:
    """End every role of `user`, all their tokens, and do with all their keys what `wishes` say."""
    with transaction.atomic():
        for membership in Membership.objects.filter(user=user, ended_at=None).select_related("user", "app"):
            lifecycle.end_membership(actor, membership, reason)
        _revoke_or_transfer(actor, user, None, plan, reason)
        end_tokens(actor, user, reason)


def end_tokens(actor: Actor, user: User, reason: str) -> None:
    """Revoke every active access token of `user`; with the last role an admin of one app ends them, too."""
    actor = replace(actor, app_id=None)
    for token in AccessToken.objects.filter(tokens.active_tokens(), user=user):
        tokens.revoke(actor, token, reason)


def _revoke_or_transfer(
    actor: Actor, user: User, app: App | None, plan: OffboardingPlan, reason: str
) -> None:
    for key in _active_keys(user, app).order_by("id"):
        if key.id in plan.revoke:
            on_keys.revoke(actor, key, reason=reason, force=plan.force)
        elif plan.hand_to:
            on_keys.hand_over(actor, key, plan.hand_to.pk, plan.hand_to.label, reason)


def transfer_candidates(user: User, app: App | None) -> list[User]:
    """Who could own the keys of `user` instead: users with a role there."""
    memberships = Membership.objects.filter(ended_at=None, user__is_active=True).exclude(user=user)
    memberships = memberships.filter(Q(app=app) | Q(app=None)) if app else memberships.filter(app=None)
    return sorted({row.user for row in memberships.select_related("user")}, key=str)


def _active_keys(user: User, app: App | None) -> ApiKeyQuerySet:
    keys = ApiKey.objects.filter(owner_id=user.pk).own().active()
    return keys.filter(app=app) if app else keys
