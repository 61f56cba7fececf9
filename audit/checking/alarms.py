"""Alarms about what proves the record: each is raised once, stands until it is over, and both are on record."""

from collections.abc import Iterator, Mapping

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.actions import END_ALARM, RAISE_ALARM
from audit.actors import system
from audit.change import change
from audit.clock import now
from audit.models import Alarm
from audit.sealing import checkpoints, pins, signing
from audit.witnessing import standing as witnesses

CHECKPOINTS, SEAL_KEY = "checkpoints", "seal-key"


def standing() -> QuerySet[Alarm]:
    """Those that are not over, the oldest first."""
    return Alarm.objects.filter(ended_at=None).order_by("raised_at", "id")


def look() -> int:
    """Raise what is wrong now, and end what is no longer. Returns how many alarms changed."""
    wrong = dict(_wrong())
    return _end(wrong) + sum(_raise(code, says) for code, says in wrong.items())


def _wrong() -> Iterator[tuple[str, str]]:
    """What is wrong now: a code, and a sentence with the next step."""
    if says := checkpoints.trouble():
        yield CHECKPOINTS, says
    if not pins.is_pinned(signing.public_key()):
        says = f"The seal key {signing.key_id()} took the place of another without a handover."
        yield SEAL_KEY, f"{says} Bring the other back, or run manage.py rotate_seal_key --lost."
    yield from witnesses.wrong()


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
