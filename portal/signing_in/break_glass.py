"""The one account that may sign in with a password while the identity provider alone lets in (PORTAL_BREAK_GLASS)."""

from django.conf import settings

from portal.models import Membership, Role, User


def only_provider() -> bool:
    """Whether people come in by the identity provider and by nothing else."""
    return bool(settings.PROVIDER and settings.PROVIDER.only)


def is_break_glass(email: str) -> bool:
    """Whether this is the address of that account."""
    return bool(settings.BREAK_GLASS) and email.strip().lower() == settings.BREAK_GLASS


def watchers() -> list[User]:
    """Who is told when it is used: every admin of every app, and whoever uses it."""
    admins = Membership.objects.filter(role=Role.ADMIN, app=None, ended_at=None, user__is_active=True)
    people = {member.user_id: member.user for member in admins.select_related("user")}
    owner = User.objects.filter(email=settings.BREAK_GLASS).first()
    return list((people | {owner.pk: owner} if owner else people).values())
