"""A person leaves an app, or all: what becomes of the keys they answer for and of their tokens is decided with it."""

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

LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Owned:
    """A living key that someone answers for, and what speaks for keeping it."""

    key: ApiKey
    use: Use | None
    is_last_active: bool

    @property
    def in_use(self) -> bool:
        """Whether it was used within a day: then something stops with it."""
        used_at = self.use.allowed_at if self.use else None
        return used_at is not None and used_at > now() - LATELY


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to become of what a leaver answers for. Keys that are not named stay with their app, owned by nobody."""

    revoke: Collection[UUID] = ()
    hand_to: User | None = None
    """Who answers for the keys that stay."""
    force: bool = False
    """Even if an agent is left without a key."""


def owned(user: User, app: App | None) -> list[Owned]:
    """The living keys `user` answers for, in `app` or everywhere, those in use first."""
    keys = _owned(user, app).with_kin()[:500]
    used = uses([key.pk for key in keys])
    found = [Owned(key, used.get(key.pk), is_last_active(key)) for key in keys]
    return sorted(found, key=lambda one: (not one.in_use, one.key.app.name, one.key.name))


def left_without_role(user: User, membership: Membership) -> bool:
    """Whether `user` has no role anywhere once `membership` ends."""
    return not Membership.objects.filter(user=user, ended_at=None).exclude(pk=membership.pk).exists()


def remove(actor: Actor, membership: Membership, wishes: Wishes, reason: str = "") -> None:
    """End `membership` and do with the leaver's keys there what `wishes` say; tokens go with the last role.

    Raises LastAdmin, LastActiveKey, AskAgain.
    """
    user, app = membership.user, membership.app
    with transaction.atomic():
        lifecycle.end_membership(actor, membership, reason)
        _settle_keys(actor, user, app, wishes, reason)
        if left_without_role(user, membership):
            end_tokens(actor, user, reason)


def remove_everywhere(actor: Actor, user: User, wishes: Wishes, reason: str = "") -> None:
    """End every role of `user`, all their tokens, and do with all their keys what `wishes` say."""
    with transaction.atomic():
        for membership in Membership.objects.filter(user=user, ended_at=None).select_related("user", "app"):
            lifecycle.end_membership(actor, membership, reason)
        _settle_keys(actor, user, None, wishes, reason)
        end_tokens(actor, user, reason)


def end_tokens(actor: Actor, user: User, reason: str) -> None:
    """Revoke every living access token of `user`; with the last role an admin of one app ends them, too."""
    actor = replace(actor, app_id=None)
    for token in AccessToken.objects.filter(tokens.alive(), user=user):
        tokens.revoke(actor, token, reason)


def _settle_keys(actor: Actor, user: User, app: App | None, wishes: Wishes, reason: str) -> None:
    for key in _owned(user, app).order_by("id"):
        if key.id in wishes.revoke:
            on_keys.revoke(actor, key, reason=reason, force=wishes.force)
        elif wishes.hand_to:
            on_keys.hand_over(actor, key, wishes.hand_to.pk, wishes.hand_to.label, reason)


def heirs(user: User, app: App | None) -> list[User]:
    """Who could answer for the keys of `user` instead: those with a role there."""
    there = Membership.objects.filter(ended_at=None, user__is_active=True).exclude(user=user)
    there = there.filter(Q(app=app) | Q(app=None)) if app else there.filter(app=None)
    return sorted({one.user for one in there.select_related("user")}, key=str)


def _owned(user: User, app: App | None) -> ApiKeyQuerySet:
    keys = ApiKey.objects.filter(owner_id=user.pk).own().living()
    return keys.filter(app=app) if app else keys
