"""Alarms about what proves the record: each is raised once, stands until it is over, and both are on record."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.actions import END_ALARM, RAISE_ALARM
from audit.actors import system
from audit.change import change
from audit.checking import fencing, waiting
from audit.clock import now
from audit.models import Alarm
from audit.sealing import checkpoints, pins, signing
from audit.witnessing import standing as witnesses

SEAL_KEY, TAMPERED = "seal-key", "tampered"
STANDS = timedelta(days=7)
"""How long it is said on every page of admins that rows were forged or deleted: of that there is no end."""


def _files() -> str:
    try:
        return checkpoints.trouble() or checkpoints.behind()
    except OSError as error:
        return f"The files of checkpoints cannot be read: {error.strerror}. See to {settings.CHECKPOINT_DIR}."


LOOKS = {"checkpoints": _files, "fences": fencing.broken, "sealing": waiting.seal_or_tell}
"""What is looked at each time, by the code of its alarm."""


def standing() -> QuerySet[Alarm]:
    """Those that are not over, the oldest first."""
    return Alarm.objects.filter(ended_at=None).order_by("raised_at", "id")


def look() -> int:
    """Raise what is wrong now, and end what is no longer. Returns how many alarms changed."""
    wrong = dict(_wrong())
    return _end(wrong) + sum(_raise(code, says) for code, says in wrong.items())


def _wrong() -> Iterator[tuple[str, str]]:
    """What is wrong now: a code, and a sentence with the next step."""
    for code, look_at in LOOKS.items():
        if says := look_at():
            yield code, says
    yield from _tampered()
    if not pins.is_pinned(signing.public_key()):
        says = f"The seal key {signing.key_id()} took the place of another without a handover."
        yield SEAL_KEY, f"{says} Bring the other back, or run manage.py rotate_seal_key --lost."
    yield from witnesses.wrong()


def tampered(says: str) -> bool:
    """Raise the alarm that the record was tampered with, unless it stands. Returns whether it was raised."""
    return _raise(TAMPERED, says)


def _tampered() -> Iterator[tuple[str, str]]:
    young = standing().filter(code=TAMPERED, raised_at__gt=now() - STANDS)
    yield from young.values_list("code", "says")


def _raise(code: str, says: str) -> bool:
    if Alarm.objects.filter(code=code, ended_at=None).exists():
        return False
    alarm = Alarm(code=code, says=says)
    try:
        with transaction.atomic(), change(system(), RAISE_ALARM, on=alarm):
            alarm.save()
    except IntegrityError:  # another process just did
        return False
    return True


def _end(wrong: Mapping[str, str]) -> int:
    over = [alarm for alarm in standing() if alarm.code not in wrong]
    for alarm in over:
        with change(system(), END_ALARM, on=alarm):
            if alarm.ended_at is None:
                alarm.ended_at = now()
                alarm.save(update_fields=["ended_at"])
    return len(over)
