"""The one account that may sign in with a password while the identity provider alone lets in (PORTAL_BREAK_GLASS)."""

from django.conf import settings

from portal.models import User
from portal.notifications.notify import admins


def only_provider() -> bool:
    """Whether people come in by the identity provider and by nothing else."""
    return bool(settings.PROVIDER and settings.PROVIDER.only)


def is_break_glass(email: str) -> bool:
    """Whether this is the address of that account."""
    return bool(settings.BREAK_GLASS) and email.strip().lower() == settings.BREAK_GLASS


def watchers() -> list[User]:
    """Who is told when it is used: every admin of every app, and whoever uses it."""
    users = {user.pk: user for user in admins(None)}
    owner = User.objects.filter(email=settings.BREAK_GLASS).first()
    return list((users | {owner.pk: owner} if owner else users).values())
