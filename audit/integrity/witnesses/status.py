"""The status of each witness, for alerts, checks and pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from audit.integrity.witnesses.receiver import STATE
from audit.integrity.witnesses.witness_settings import Target
from audit.models import WitnessState
from core.clock import now


@dataclass(frozen=True, slots=True)
class WitnessStatus:
    """A witness of this portal, or a portal that this one is a witness for."""

    label: str
    number: int
    heard_at: datetime | None
    wrong: str
    """Why it is an alarm. Empty: it is none."""
    error: str = ""


def witnesses() -> list[WitnessStatus]:
    """The witnesses of this portal."""
    known = {state.name: state for state in WitnessState.objects.filter(name__startswith="witness-")}
    return [_witness(target, known.get(target.id)) for target in settings.WITNESSES]


def sources() -> list[WitnessStatus]:
    """The portals that this one is a witness for."""
    known = {state.name: state for state in WitnessState.objects.filter(name__startswith=STATE)}
    return [_source(name, known.get(f"{STATE}{name}")) for name in settings.WITNESS_FOR]


def wrong() -> Iterator[tuple[str, str]]:
    """What is an alarm: a code, and a sentence."""
    for target, status in zip(settings.WITNESSES, witnesses(), strict=True):
        if status.wrong:
            yield target.id, status.wrong
    for name, status in zip(settings.WITNESS_FOR, sources(), strict=True):
        if status.wrong:
            yield f"{STATE}{name}", status.wrong


def _witness(target: Target, state: WitnessState | None) -> WitnessStatus:
    if state is None:
        return WitnessStatus(target.label, 0, None, "")
    label = target.label[0].upper() + target.label[1:]
    message = ""
    if state.disagrees:
        command = f".venv/bin/python manage.py check_audit --witness {target.where}"
        message = f"{label} reports a mismatch: {state.disagrees} Run {command}"
    elif _is_silent(state):
        why = state.error or "It was never contacted."
        message = f"{label} has confirmed no checkpoint {_since(state)}. {why}"
    return WitnessStatus(target.label, state.number, state.heard_at, message, state.error)


def _source(name: str, state: WitnessState | None) -> WitnessStatus:
    if state is None:
        return WitnessStatus(name, 0, None, "")
    message = ""
    if state.disagrees:
        numbers = state.disagrees.replace(" ", ", ")
        message = (
            f"Portal {name} sent different checkpoints with the same number: {numbers}. Notify its operator."
        )
    elif _is_silent(state):
        message = (
            f"Portal {name} has sent no checkpoint {_since(state)}. Ask its operator whether it is running."
        )
    return WitnessStatus(name, state.number, state.heard_at, message)


def _is_silent(state: WitnessState) -> bool:
    """Whether it was not heard of for too long. A moment in the future is not believed."""
    last = state.heard_at or state.since
    return not now() - _patience() <= last <= now() + timedelta(minutes=1)


def _since(state: WitnessState) -> str:
    return f"since {state.heard_at:%d %B %H:%M} UTC" if state.heard_at else "yet"


def _patience() -> timedelta:
    return timedelta(minutes=settings.WITNESS_SILENCE)
