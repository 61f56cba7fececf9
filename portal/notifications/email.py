"""Notifications by email: all that are due to one user go into one message of the outbox."""

from collections.abc import Sequence
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from agents.models import App
from core.text import escape_controls
from portal.mail import outbox
from portal.models import MailKind, Notification, User

BATCH_SIZE = 200


def due() -> QuerySet[Notification]:
    """Notifications that are to be mailed and are in no message yet."""
    return Notification.objects.filter(mail_due_at__isnull=False, mailed_at=None)


def gather() -> None:
    """Put what is due to one user into one message of the outbox."""
    rows = due().select_related("user").order_by("user_id", "mail_to", "at", "id")[:BATCH_SIZE]
    for (user, address), together in groupby(list(rows), key=_addressee):
        _put(user, address, list(together))


def subject_of(notifications: Sequence[Notification]) -> str:
    """`Key worker expires tomorrow`, or how many there are."""
    if len(notifications) == 1:
        return escape_controls(notifications[0].title)
    return f"{len(notifications)} notifications from the key portal"


def body_of(notifications: Sequence[Notification]) -> str:
    """The notifications as text, each with a link to its page. Links need PORTAL_ORIGIN."""
    names = dict(App.objects.filter(id__in=[row.app_id for row in notifications]).values_list("id", "name"))
    lines = []
    for notification in notifications:
        app = names.get(notification.app_id) if notification.app_id else None
        lines += [
            escape_controls(notification.title),
            *filter(
                None, [escape_controls(notification.text), escape_controls(f"App: {app}" if app else "")]
            ),
            *([f"{settings.ORIGIN}{notification.path}"] if settings.ORIGIN else []),
            "",
        ]
    where = f"{settings.ORIGIN}{reverse('notification-settings')}" if settings.ORIGIN else "in the portal"
    return "\n".join([*lines, "--", f"Notification settings: {where}"])


def _addressee(notification: Notification) -> tuple[User, str]:
    """The user, and the email address it goes to: an account's former one, if that is to know."""
    return notification.user, notification.mail_to or notification.user.email


@transaction.atomic
def _put(user: User, address: str, notifications: list[Notification]) -> None:
    ids = [notification.pk for notification in notifications]
    # Claimed by this: another process must not put them into a message, too.
    claimed = due().filter(pk__in=ids).select_for_update(of=("self",))
    wanted = [notification.pk for notification in claimed if concerns(user, notification)]
    mail = outbox.put(MailKind.NOTIFICATIONS, address, user=user) if wanted else None
    Notification.objects.filter(pk__in=wanted).update(mail=mail)
    Notification.objects.filter(pk__in=ids).update(mail_due_at=None)


def concerns(user: User, notification: Notification) -> bool:
    """Whether a notification still concerns its user: they may have lost their role since, or their account."""
    if not user.is_active:
        return False
    return notification.app_id is None or any(m.app_id in (None, notification.app_id) for m in user.roles)
