"""The outbox as the rest of the portal sees it: put(), and for admins what became of it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from audit.actors import Actor
from audit.change import record
from core.clock import now
from core.outbox import MAX_CLAIM, is_free
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
    """Let something be mailed. The same thing that still waits is not put twice, but sent at once.

    Whoever asks again gets one message, and no back-off of earlier tries holds it up.
    """
    columns = {"kind": kind, "address": address, "user": user, "invitation": invitation}
    if kind == MailKind.NOTIFICATIONS:
        return Mail.objects.create(origin=origin, **columns)
    try:
        with transaction.atomic():
            return _hasten(kind, address, user, invitation) or Mail.objects.create(origin=origin, **columns)
    except IntegrityError:  # another request has put it meanwhile
        return Mail.objects.filter(**columns).latest("at", "id")


def unclaimed() -> Q:
    """Messages that no process sends just now."""
    return is_free("claimed_until", MAX_CLAIM)


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


@transaction.atomic
def send_again(actor: Actor, mail: Mail) -> None:
    """Try a message again at once, from the beginning. One that was sent, or is being sent, is left alone."""
    actor.require(actions.SEND_MAIL_AGAIN)
    if _waits_elsewhere(mail):
        _hasten(mail.kind, mail.address, mail.user, mail.invitation)
    elif not Mail.objects.filter(unclaimed(), pk=mail.pk, sent_at=None).update(due_at=now(), tries=0):
        return
    record(
        actor,
        actions.SEND_MAIL_AGAIN,
        target_kind="mail",
        target_id=str(mail.pk),
        target_label=str(mail),
    )


def _hasten(kind: str, address: str, user: User | None, invitation: Invitation | None) -> Mail | None:
    """The message that waits to say this, from the beginning of its tries. None: there is none."""
    waiting = Mail.objects.filter(
        due_at__isnull=False, kind=kind, address=address, user=user, invitation=invitation
    )
    if not waiting.filter(unclaimed()).update(due_at=now(), tries=0):
        waiting.update(tries=1)  # a try is under way: if it fails, it is the first that did
    return waiting.first()


def _waits_elsewhere(mail: Mail) -> bool:
    """Whether another message waits to say what `mail` would, which was given up."""
    same = {"kind": mail.kind, "address": mail.address, "user": mail.user, "invitation": mail.invitation}
    waiting = Mail.objects.filter(due_at__isnull=False, **same).exclude(pk=mail.pk)
    return mail.sent_at is None and mail.kind != MailKind.NOTIFICATIONS and waiting.exists()


def purge() -> int:
    """Let go of old messages. Returns 0: that is no reason for another run."""
    moment = now()
    Mail.objects.filter(ENDS_WELL, at__lt=moment - RETENTION).delete()
    Mail.objects.filter(at__lt=moment - RETENTION_FAILED, due_at=None).delete()
    return 0
