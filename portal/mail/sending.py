"""The timed work that sends: each message within a deadline, again after longer and longer waits, and with an end."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from core.clock import now
from core.deadlines import run_within
from core.outbox import MAX_CLAIM, Backoff, claim, has_come, send_each
from core.text import sanitize
from portal.mail import outbox
from portal.mail.messages import NotWanted, letter_of
from portal.models import Mail, Notification
from portal.notifications import email as notifications

log = logging.getLogger(__name__)
BACKOFF = Backoff(tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720)))
"""The page Outgoing email has what was given up."""
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
    ahead = _due().select_related("user", "invitation__app").order_by("due_at", "id")[:BATCH_SIZE]
    return send_each(ahead, _send, RUN_LIMIT)


def _due() -> QuerySet[Mail]:
    return Mail.objects.filter(has_come("due_at", BACKOFF.max_wait), outbox.unclaimed())


def _send(mail: Mail) -> bool:
    """Try one message. False: another process has it, or nobody wants it any more."""
    if mail.tries >= BACKOFF.max_tries:
        _due().filter(pk=mail.pk, tries=mail.tries).update(due_at=None, claimed_until=None, cause=CUT_OFF)
        return False
    until = _claim(mail)
    if until is None:
        return False
    try:
        run_within(TIMEOUT, letter_of(mail).send)
    except NotWanted as why:
        changes = {"due_at": None, "claimed_until": None, "cause": str(why), "tries": mail.tries - 1}
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
    """Have the message alone until the moment that is returned. None: another process has it."""
    moment = now()
    until, due_at = moment + MAX_CLAIM, moment + (BACKOFF.wait(mail.tries + 1) or BACKOFF.max_wait)
    return until if claim(_due(), mail, "tries", claimed_until=until, due_at=due_at) else None


def _note_failure(mail: Mail, until: datetime, error: Exception) -> None:
    mine = Mail.objects.filter(pk=mail.pk, claimed_until=until)
    tries = mine.values_list("tries", flat=True).first()  # someone may have asked again meanwhile
    if tries is None:
        return
    cause = _cause(error)
    wait = BACKOFF.wait(tries)
    log.warning("mail (%s) could not be sent, try %d of %d: %s", mail.kind, tries, BACKOFF.max_tries, cause)
    mine.update(due_at=now() + wait if wait else None, claimed_until=None, cause=cause)


def _cause(error: Exception) -> str:
    """What went wrong, in words fit for a page and a log: a mail server may say anything."""
    if isinstance(error, TimeoutError):
        return "The mail server gave no answer in time."
    return sanitize(f"{type(error).__name__}: {error}", 300)
