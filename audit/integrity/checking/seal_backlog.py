"""Reports rows that wait too long for their seals: the sealer has stopped."""

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from audit.integrity.sealing import sealer
from audit.models import Pending
from core.clock import now

log = logging.getLogger(__name__)
MIN_WAIT, TIMES = timedelta(minutes=1), 10
"""A row may wait for so many times PORTAL_SEAL_EVERY, and a minute in any case."""
TIMEOUT = 5.0
"""Seconds in which another sealer must have come further."""


def bound() -> timedelta:
    """How long a row may wait."""
    return max(MIN_WAIT, TIMES * timedelta(seconds=settings.SEAL_EVERY))


def trouble() -> str:
    """That rows wait for too long, and the next step. Empty: none does."""
    if not _is_overdue():
        return ""
    message = f"Audit log entries have been pending for more than {bound().total_seconds():,.0f} seconds."
    return f"{message} Check the portal's log, and that the server or .venv/bin/python manage.py tick is running."


def seal_or_report() -> str:
    """Seal what has waited for too long, as after a start; say why if it cannot be. Empty: none waits so long."""
    ends, why = time.monotonic() + TIMEOUT, ""
    try:
        while _is_overdue() and time.monotonic() < ends:
            if not sealer.seal_all():
                time.sleep(0.1)
    except Exception as error:
        log.exception("the audit log could not be sealed")
        why = f" Sealing failed: {type(error).__name__}."
    message = trouble()
    return f"{message}{why}" if message else ""


def _is_overdue() -> bool:
    """Whether a row waits for too long. A moment that is still to come is not believed."""
    oldest, newest = now() - bound(), now() + bound()
    return Pending.objects.filter(Q(at__lt=oldest) | Q(at__gt=newest)).exists()
