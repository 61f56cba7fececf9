"""Notices by e-mail: what is due to one person goes into one message of the outbox."""

from collections.abc import Sequence
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from core.text import visible
from portal.mail import outbox
from portal.models import MailKind, Notice, User

AT_ONCE = 200


def due() -> QuerySet[Notice]:
    """What is to be mailed and is in no message yet."""
    return Notice.objects.filter(mail_due_at__isnull=False, mailed_at=None)


def gather() -> None:
    """Put what is due to one person into one message of the outbox."""
    found = due().select_related("user").order_by("user_id", "mail_to", "at", "id")[:AT_ONCE]
    for (user, address), together in groupby(list(found), key=_addressee):
        _put(user, address, list(together))


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


@transaction.atomic
def _put(user: User, address: str, notices: list[Notice]) -> None:
    ids = [one.pk for one in notices]
    # Claimed by this: another process must not put them into a message, too.
    claimed = due().filter(pk__in=ids).select_for_update(of=("self",))
    wanted = [one.pk for one in claimed if concerns(user, one)]
    mail = outbox.put(MailKind.NOTICES, address, user=user) if wanted else None
    Notice.objects.filter(pk__in=wanted).update(mail=mail)
    Notice.objects.filter(pk__in=ids).update(mail_due_at=None)


def concerns(user: User, notice: Notice) -> bool:
    """Whether a notice still concerns its reader: they may have lost their role since, or their account."""
    if not user.is_active:
        return False
    return notice.app_id is None or any(m.app_id in (None, notice.app_id) for m in user.roles)
