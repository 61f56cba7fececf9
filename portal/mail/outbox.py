"""The outbox as the rest of the portal sees it: put(), and for admins what became of it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet

from audit.actors import Actor
from audit.change import record
from audit.clock import now
from portal import actions
from portal.models import Invitation, Mail, MailKind, User

RETENTION, RETENTION_FAILED = timedelta(days=30), timedelta(days=90)
LOOKBACK = timedelta(days=7)
ENDS_WELL = Q(sent_at__isnull=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """How the mail is doing."""

    sent: int
    """Within LOOKBACK."""
    waiting: int
    failed: int


def put(
    kind: MailKind,
    address: str,
    *,
    user: User | None = None,
    invitation: Invitation | None = None,
    origin: str = "",
) -> Mail:
    """Let something be mailed. The same thing that still waits is not put twice: who asks again gets one message."""
    told = {"kind": kind, "address": address, "user": user, "invitation": invitation}
    waiting = (
        Mail.objects.filter(due_at__isnull=False, **told) if kind != MailKind.NOTICES else Mail.objects.none()
    )
    return waiting.first() or Mail.objects.create(origin=origin, **told)


def undelivered() -> QuerySet[Mail]:
    """What waits or was given up, the newest first."""
    return Mail.objects.filter(sent_at=None)


def counts() -> Counts:
    """What was sent lately, what waits, what was given up."""
    return Counts(
        sent=Mail.objects.filter(sent_at__gt=now() - LOOKBACK).count(),
        waiting=undelivered().filter(due_at__isnull=False).count(),
        failed=undelivered().filter(due_at=None).count(),
    )


def send_again(actor: Actor, mail: Mail) -> None:
    """Try a message again at once, from the beginning. One that was sent is left alone."""
    if Mail.objects.filter(pk=mail.pk, sent_at=None).update(due_at=now(), tries=0):
        record(
            actor,
            actions.SEND_MAIL_AGAIN,
            target_kind="mail",
            target_id=str(mail.pk),
            target_label=str(mail),
        )


def purge() -> int:
    """Let go of old messages. Returns 0: that is no reason for another run."""
    moment = now()
    Mail.objects.filter(ENDS_WELL, at__lt=moment - RETENTION).delete()
    Mail.objects.filter(at__lt=moment - RETENTION_FAILED, due_at=None).delete()
    return 0
