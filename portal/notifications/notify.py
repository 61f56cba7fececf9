"""notify(): the only function that makes notifications. It follows each user's preferences and skips duplicates."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from agents.models import App
from core.clock import now
from keys.models import ApiKey
from portal.models import Membership, Notification, NotificationKind, NotificationPreference, Role, User

PERSONAL = (NotificationKind.ALARM, NotificationKind.SIGNED_IN, NotificationKind.ACCOUNT)
"""Kinds about a user, the portal or its audit log, not about a key."""
ADMINS_TOO = (NotificationKind.LEAKED,)
"""Kinds that admins of the app receive as well as the owner of the key."""


@dataclass(frozen=True, slots=True)
class NotificationContent:
    """What a notification says, before it is made for each user. No user gets two with one `dedupe_key`."""

    kind: NotificationKind
    dedupe_key: str
    title: str
    """What happened, without a full stop, never a secret."""
    path: str
    """The page to act on it."""
    text: str = ""
    app_id: UUID | None = None
    key_id: UUID | None = None
    event_id: UUID | None = None
    mail_to: str = ""
    """An email address to send it to, whatever the preferences are. Empty: the user's own, as they prefer."""


def notify(content: NotificationContent, users: Iterable[User]) -> int:
    """Notify each of `users` as they prefer; return how many notifications are new."""
    users = list(users)
    preferences = {
        preference.user_id: preference
        for preference in NotificationPreference.objects.filter(user__in=users, kind=content.kind)
    }
    made = [_notification(content, user, preferences.get(user.pk)) for user in users]
    wanted = [notification for notification in made if notification.shown or notification.mail_due_at]
    same = Notification.objects.filter(dedupe_key=content.dedupe_key)
    before = same.count()
    Notification.objects.bulk_create(wanted, ignore_conflicts=True)
    return same.count() - before


def notify_about_key(content: NotificationContent, key: ApiKey, but: str = "") -> int:
    """Notify the owner of `key` and users who follow all keys of its app, except the user with the id `but`."""
    users = recipients(key.app, key.owner_id, content.kind)
    return notify(content, [user for user in users if str(user.pk) != but])


def admins(app_id: UUID | None) -> list[User]:
    """Admins of an app and admins of every app."""
    members = Membership.objects.filter(Q(app_id=app_id) | Q(app=None), role=Role.ADMIN, ended_at=None)
    active = members.filter(user__is_active=True).select_related("user")
    return list({member.user_id: member.user for member in active}.values())


def recipients(app: App, owner_id: UUID | None, kind: NotificationKind) -> list[User]:
    """Who is notified about a key of `app`: its owner, users who chose all keys, and admins if it has no owner."""
    members = Membership.objects.filter(Q(app=app) | Q(app=None), ended_at=None, user__is_active=True)
    users = {member.user_id: member.user for member in members.select_related("user")}
    for_all_keys = NotificationPreference.objects.filter(
        user__in=users, kind=kind, reach=NotificationPreference.Reach.ALL
    )
    chosen = {preference.user_id for preference in for_all_keys}
    if owner_id in users:
        chosen.add(owner_id)
    if owner_id not in users or kind in ADMINS_TOO:
        chosen |= {member.user_id for member in members if member.role == Role.ADMIN}
    return [users[user_id] for user_id in chosen]


def _notification(
    content: NotificationContent, user: User, preference: NotificationPreference | None
) -> Notification:
    is_mailed = bool(content.mail_to) or preference is None or preference.by_mail
    return Notification(
        user=user,
        kind=content.kind,
        dedupe_key=content.dedupe_key,
        app_id=content.app_id,
        key_id=content.key_id,
        event_id=content.event_id,
        title=content.title.removesuffix(".")[:300],
        text=content.text[:500],
        path=content.path,
        mail_to=content.mail_to,
        shown=not content.mail_to and (preference.in_portal if preference else True),
        mail_due_at=now() if settings.SENDS_MAIL and is_mailed else None,
    )
