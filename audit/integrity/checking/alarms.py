"""Raises and resolves alerts about the integrity of the audit log, each recorded as an event."""

import logging
from collections.abc import Callable, Iterator, Mapping

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from audit.actions import END_ALARM, RAISE_ALARM
from audit.actors import system
from audit.change import change
from audit.integrity.checking import indexes, schema, seal_backlog, tampered, triggers
from audit.integrity.sealing import checkpoints, pinned_keys, signing
from audit.integrity.witnesses import status as witnesses
from audit.models import Alarm, Event
from audit.models.readable import ReadableQuerySet
from core.clock import now

log = logging.getLogger(__name__)
SEAL_KEY, TAMPERED = "seal-key", "tampered"


def _files() -> str:
    try:
        return checkpoints.describe_problem() or checkpoints.describe_backlog()
    except OSError as error:
        return f"Cannot read the checkpoint files: {error.strerror}. Check {settings.CHECKPOINT_DIR}."


LOOKS = {
    "checkpoints": _files,
    "fences": triggers.broken,
    "schema": schema.changed,
    indexes.CODE: indexes.load_finding,
    "sealing": seal_backlog.seal_or_report,
    TAMPERED: tampered.trouble,
}
"""What is looked at each time, by the code of its alarm."""


def open_alarms() -> QuerySet[Alarm]:
    """Those that are not over, the oldest first. One that somebody put in so that it cannot be read hides no other."""
    return ReadableQuerySet(Alarm).filter(ended_at=None).order_by("raised_at", "id")


def look() -> int:
    """Raise what is wrong now, and end what is no longer. Returns how many alarms changed."""
    wrong = dict(_wrong())
    return _end(wrong) + sum(_raise(code, message) for code, message in wrong.items())


def _wrong() -> Iterator[tuple[str, str]]:
    """What is wrong now: a code, and a sentence with the next step."""
    for code, look_at in LOOKS.items():
        if message := _looked(code, look_at):
            yield code, message
    rare = {indexes.CODE: indexes.last_passed_at()}
    for code, held_at in rare.items():  # only a look that began after it was raised ends it
        yield from open_alarms().filter(code=code, raised_at__gt=held_at).values_list("code", "says")
    if not pinned_keys.is_pinned(signing.public_key()):
        message = f"Seal key {signing.key_id()} replaced another key without a handover."
        yield (
            SEAL_KEY,
            f"{message} Restore the previous key, or run .venv/bin/python manage.py rotate_seal_key --lost.",
        )
    yield from witnesses.wrong()


def _looked(code: str, look_at: Callable[[], str]) -> str:
    """What is wrong. A look that fails is wrong as well, and keeps no other from its turn."""
    try:
        return look_at()
    except Exception as error:
        if "locked" in str(error):  # it is busy, and will be looked at again
            raise
        log.exception("the look at %s failed", code)
        return f"An audit log check failed: {code} ({type(error).__name__}). See the portal's log."


def _raise(code: str, message: str) -> bool:
    if _stands(code):
        return False
    alarm = Alarm(code=code, says=message)
    try:
        with transaction.atomic(), change(system(), RAISE_ALARM, on=alarm):
            alarm.save()
    except IntegrityError:  # another process just did
        return False
    return True


def _stands(code: str) -> bool:
    """Whether the portal raised it. What somebody else put there, or wrote over, makes way."""
    texts = Alarm.objects.filter(code=code, ended_at=None).values_list("says", flat=True)[:1]
    if not texts:
        return False
    acts = Event.objects.filter(action=RAISE_ALARM.name, target_id=code).order_by("-at")
    if (event := acts.first()) and event.changes.get("says", [None])[-1] == texts[0]:
        return True
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_alarm WHERE code = %s AND ended_at IS NULL", [code])
    return False


def _end(wrong: Mapping[str, str]) -> int:
    over = [alarm for alarm in open_alarms() if alarm.code not in wrong]
    for alarm in over:
        with change(system(), END_ALARM, on=alarm):
            if alarm.ended_at is None:
                alarm.ended_at = now()
                alarm.save(update_fields=["ended_at"])
    return len(over)
