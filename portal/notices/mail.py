"""Notices by e-mail: what is due to one person goes out as one message, and is tried again if it does not."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q, QuerySet
from django.urls import reverse

from audit.clock import now
from audit.text import visible
from portal.models import Notice, User

log = logging.getLogger(__name__)
AT_ONCE = 200
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""How long after each failure it is tried again. After the last it is given up: the portal has it."""


def is_wanted() -> bool:
    """Whether something is due, and can be sent."""
    return bool(settings.SENDS_MAIL) and _due().exists()


def send() -> int:
    """Send what is due; return for how many people something was tried."""
    found = list(_due().select_related("user").order_by("user_id", "mail_to", "at", "id")[:AT_ONCE])
    letters = [(user, address, list(notices)) for (user, address), notices in groupby(found, key=_addressee)]
    for user, address, notices in letters:
        _send(user, address, notices)
    return len(letters)


def subject_of(notices: Sequence[Notice]) -> str:
    """`worker of checkout expires tomorrow.`, or how many there are."""
    return visible(notices[0].says) if len(notices) == 1 else f"{len(notices)} notices from the key portal"


def body_of(notices: Sequence[Notice]) -> str:
    """The notices as text, each with the way to the page that sets it right. Links need PORTAL_ORIGIN."""
    lines = []
    for one in notices:
        lines += [
            visible(one.says),
            *filter(None, [visible(one.more)]),
            *([f"{settings.ORIGIN}{one.to}"] if settings.ORIGIN else []),
            "",
        ]
    where = f"{settings.ORIGIN}{reverse('notice-choices')}" if settings.ORIGIN else "Notices, in the portal"
    return "\n".join([*lines, "--", f"What you are told, and how: {where}"])


def _addressee(notice: Notice) -> tuple[User, str]:
    """Whose notice it is, and the address it goes to: an account's former one, if that is to know."""
    return notice.user, notice.mail_to or notice.user.email


def _due() -> QuerySet[Notice]:
    # What is due later than any wait is long was written before the clock was set back.
    moment = now()
    due = Q(mail_due_at__lte=moment) | Q(mail_due_at__gt=moment + RETRIES[-1])
    return Notice.objects.filter(due, mailed_at=None)


def _send(user: User, address: str, notices: list[Notice]) -> None:
    wanted = [one for one in notices if user.is_active and _concerns(user, one)]
    Notice.objects.filter(pk__in=[one.pk for one in notices if one not in wanted]).update(mail_due_at=None)
    if not wanted:
        return
    ids = [one.pk for one in wanted]
    # Claimed before it is sent: another process must not send it, too.
    if not _due().filter(pk__in=ids).update(mail_due_at=now() + RETRIES[0]):
        return
    message = EmailMessage(subject_of(wanted), body_of(wanted), None, [address])
    try:
        message.send()
    except Exception as error:  # whatever a mail server may do
        log.warning("notices to a person could not be mailed: %s", error)
        _failed(wanted)
    else:
        Notice.objects.filter(pk__in=ids).update(mailed_at=now(), mail_due_at=None)


def _failed(notices: Sequence[Notice]) -> None:
    for one in notices:
        tries = one.mail_tries + 1
        due = now() + RETRIES[tries - 1] if tries <= len(RETRIES) else None
        Notice.objects.filter(pk=one.pk).update(mail_tries=tries, mail_due_at=due)


def _concerns(user: User, notice: Notice) -> bool:
    """Whether a notice of an app still concerns its reader: they may have lost their role since."""
    return notice.app_id is None or any(m.app_id in (None, notice.app_id) for m in user.roles)
