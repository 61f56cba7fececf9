"""The timed work that sends: each message within a deadline, again after longer and longer waits, and with an end."""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from core.clock import now
from core.deadlines import run_within
from core.text import sanitize
from portal.mail import outbox
from portal.mail.messages import NotWanted, letter_of
from portal.models import Mail, Notification
from portal.notifications import email as notifications

log = logging.getLogger(__name__)
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""How long after each failure it is tried again. After the last it is given up: the page Outgoing email has it."""
MAX_TRIES = len(RETRIES) + 1
CUT_OFF = "The last try was cut off: the server stopped while it was sent."
TIMEOUT = 30.0
"""Seconds for one message, from the name of the server to its yes. EMAIL_TIMEOUT bounds each wait in it."""
RUN_LIMIT = 10.0
"""Seconds after which a run begins no other message: its lease must be renewed."""
BATCH_SIZE = 50


def is_wanted() -> bool:
    """Whether something is due."""
    return _due().exists() or (bool(settings.SENDS_MAIL) and notifications.due().exists())


def send() -> int:
    """Send what is due; return how many messages were tried."""
    if settings.SENDS_MAIL:
        notifications.gather()
    ends, tried = time.monotonic() + RUN_LIMIT, 0
    for mail in _due().select_related("user", "invitation__app").order_by("due_at", "id")[:BATCH_SIZE]:
        tried += _send(mail)
        if time.monotonic() > ends:
            break
    return tried


def _due() -> QuerySet[Mail]:
    # What is due later than any wait is long was written before the clock was set back.
    moment = now()
    due = Q(due_at__lte=moment) | Q(due_at__gt=moment + RETRIES[-1])
    return Mail.objects.filter(due, outbox.unclaimed())


def _send(mail: Mail) -> bool:
    """Try one message. False: another process has it, or nobody wants it any more."""
    if mail.tries >= MAX_TRIES:
        _due().filter(pk=mail.pk, tries=mail.tries).update(due_at=None, claimed_until=None, cause=CUT_OFF)
        return False
    until = _claim(mail)
    if until is None:
        return False
    try:
        run_within(TIMEOUT, letter_of(mail).send)
    except NotWanted as why:
        changes = {"due_at": None, "claimed_until": None, "cause": str(why), "tries": mail.tries}
        Mail.objects.filter(pk=mail.pk).update(**changes)
        return False
    except Exception as error:  # whatever a mail server may do, or a message that cannot be made
        _note_failure(mail, until, error)
    else:
        moment = now()
        Mail.objects.filter(pk=mail.pk).update(sent_at=moment, due_at=None, claimed_until=None, cause="")
        Notification.objects.filter(mail=mail).update(mailed_at=moment)
    return True


def _claim(mail: Mail) -> datetime | None:
    """Have the message alone until the moment that is returned. None: another process has it.

    The try is counted, and the next one set, before anything is done: a crash does not begin it anew for ever.
    """
    moment = now()
    until = moment + outbox.CLAIM
    changes = {"tries": mail.tries + 1, "due_at": moment + RETRIES[min(mail.tries, len(RETRIES) - 1)]}
    mine = _due().filter(pk=mail.pk, tries=mail.tries)
    return until if mine.update(claimed_until=until, **changes) else None


def _note_failure(mail: Mail, until: datetime, error: Exception) -> None:
    mine = Mail.objects.filter(pk=mail.pk, claimed_until=until)
    tries = mine.values_list("tries", flat=True).first()  # someone may have asked again meanwhile
    if tries is None:
        return
    cause = _cause(error)
    due = now() + RETRIES[tries - 1] if tries < MAX_TRIES else None
    log.warning("mail (%s) could not be sent, try %d of %d: %s", mail.kind, tries, MAX_TRIES, cause)
    mine.update(due_at=due, claimed_until=None, cause=cause)


def _cause(error: Exception) -> str:
    """What went wrong, in words fit for a page and a log: a mail server may say anything."""
    if isinstance(error, TimeoutError):
        return "The mail server gave no answer in time."
    return sanitize(f"{type(error).__name__}: {error}", 300)
