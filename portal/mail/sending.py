"""The timed work that sends: each message within a deadline, again after longer and longer waits, and with an end."""

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from audit.clock import now
from audit.text import keepable
from portal.deadlines import within
from portal.mail.letters import NotWanted, letter_of
from portal.models import Mail, Notice
from portal.notices import mail as notices

log = logging.getLogger(__name__)
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""How long after each failure it is tried again. After the last it is given up: the page Outgoing email has it."""
TIMEOUT = 30.0
"""Seconds for one message, from the name of the server to its yes. EMAIL_TIMEOUT bounds each wait in it."""
RUN_LIMIT = 10.0
"""Seconds after which a run begins no other message: its lease must be renewed."""
BATCH_SIZE = 50


def is_wanted() -> bool:
    """Whether something is due."""
    return _due().exists() or (bool(settings.SENDS_MAIL) and notices.due().exists())


def send() -> int:
    """Send what is due; return how many messages were tried."""
    if settings.SENDS_MAIL:
        notices.gather()
    ends, tried = time.monotonic() + RUN_LIMIT, 0
    for mail in _due().select_related("user", "invitation__app").order_by("due_at", "id")[:BATCH_SIZE]:
        tried += _send(mail)
        if time.monotonic() > ends:
            break
    return tried


def _due() -> QuerySet[Mail]:
    # What is due later than any wait is long was written before the clock was set back.
    moment = now()
    return Mail.objects.filter(Q(due_at__lte=moment) | Q(due_at__gt=moment + RETRIES[-1]))


def _send(mail: Mail) -> bool:
    """Try one message. False: another process has it, or nobody wants it any more."""
    # Claimed before it is sent: another process must not send it, too.
    if not _due().filter(pk=mail.pk).update(due_at=now() + RETRIES[0]):
        return False
    try:
        letter = letter_of(mail)
    except NotWanted as why:
        Mail.objects.filter(pk=mail.pk).update(due_at=None, cause=str(why))
        return False
    try:
        within(TIMEOUT, letter.send)
    except Exception as error:  # whatever a mail server may do
        _note_failure(mail, _cause(error))
    else:
        moment = now()
        Mail.objects.filter(pk=mail.pk).update(sent_at=moment, due_at=None, cause="", tries=mail.tries + 1)
        Notice.objects.filter(mail=mail).update(mailed_at=moment)
    return True


def _note_failure(mail: Mail, cause: str) -> None:
    tries = mail.tries + 1
    due = now() + RETRIES[tries - 1] if tries <= len(RETRIES) else None
    log.warning("mail (%s) could not be sent, try %d of %d: %s", mail.kind, tries, len(RETRIES) + 1, cause)
    Mail.objects.filter(pk=mail.pk).update(tries=tries, due_at=due, cause=cause)


def _cause(error: Exception) -> str:
    """What went wrong, in words fit for a page and a log: a mail server may say anything."""
    if isinstance(error, TimeoutError):
        return "The mail server gave no answer in time."
    return keepable(f"{type(error).__name__}: {error}", 300)
