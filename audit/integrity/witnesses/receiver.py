"""Receives and stores the checkpoints of other portals, as their witness."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from audit.integrity.checking import evidence
from audit.integrity.checking.evidence import CheckpointLine, Unreadable
from audit.integrity.witnesses import messages
from audit.integrity.witnesses.messages import Message
from audit.models import Witnessed, WitnessState
from core.clock import now
from core.errors import Invalid, NotFound, WitnessConflict

CLOCKS = timedelta(minutes=10)
"""How far the clocks of two portals may be apart."""
STATE = "from-"
SIGNATURE = re.compile("[0-9a-fA-F]{128}")


def require_open(signature: str) -> None:
    """Judge before a body is read: whether anybody is witnessed here, and whether it can be a signature.

    Raises NotFound, Invalid.
    """
    if not settings.WITNESS_FOR:
        raise NotFound
    if not SIGNATURE.fullmatch(signature):
        raise Invalid("", f"Sign the message, and send the signature as {messages.HEADER}.")


def take(body: bytes, signature: str) -> dict[str, Any]:
    """Keep the checkpoints of a message and answer with a receipt. Raises Invalid, WitnessConflict."""
    try:
        source, message = messages.read(body, signature, settings.WITNESS_FOR)
        checkpoints = [_line(data) for data in message.lines]
    except (Unreadable, AttributeError) as why:
        raise Invalid("", f"This message cannot be taken: {why}.") from None
    if abs(now() - message.at) > CLOCKS:
        raise Invalid("at", "This message is old, or the clock of one of the two portals is wrong.")
    differs = _keep(source, checkpoints, message)
    if differs:
        raise WitnessConflict(number=differs)
    number, its_hash = newest(source)
    return messages.receipt(body, source, number, its_hash, _after(source, message.after))


def newest(source: str) -> tuple[int, bytes]:
    """Number and hash of the last checkpoint of a portal. 0: there is none."""
    last = Witnessed.objects.filter(source=source).order_by("-number", "at", "id").first()
    return (last.number, bytes(last.hash)) if last else (0, b"")


def lines(source: str) -> Iterator[Mapping[str, Any]]:
    """All that was witnessed of a portal, in the order of numbers."""
    stored = Witnessed.objects.filter(source=source).order_by("number", "at", "id")
    return stored.values_list("told", flat=True).iterator()


@transaction.atomic
def _keep(source: str, checkpoints: Sequence[CheckpointLine], message: Message) -> int:
    """Returns a number that is told differently now. 0: there is none."""
    state, _ = WitnessState.objects.select_for_update().get_or_create(
        name=f"{STATE}{source}", defaults={"where": source}
    )
    known = Witnessed.objects.filter(
        source=source, number__in=[checkpoint.number for checkpoint in checkpoints]
    )
    hashes = {(checkpoint.number, bytes(checkpoint.hash)) for checkpoint in known}
    numbers = {number for number, _ in hashes}
    fresh = [
        Witnessed(source=source, number=checkpoint.number, hash=checkpoint.hash, told=data)
        for checkpoint, data in zip(checkpoints, message.lines, strict=True)
        if (checkpoint.number, checkpoint.hash) not in hashes
    ]
    differ = sorted({checkpoint.number for checkpoint in fresh if checkpoint.number in numbers})
    Witnessed.objects.bulk_create(fresh)
    state.number = max([state.number, *(checkpoint.number for checkpoint in checkpoints)])
    state.heard_at = max(filter(None, [state.heard_at, min(message.at, now())]))
    if differ:
        state.disagrees = " ".join(map(str, [*state.disagrees.split(), *differ]))[:300]
    state.save()
    return differ[0] if differ else 0


def _line(data: Mapping[str, Any]) -> CheckpointLine:
    """A checkpoint that is what it says. Raises Unreadable."""
    checkpoint = evidence.checkpoint(data)
    if checkpoint.recomputed() != checkpoint.hash:
        raise Unreadable(f"the hash of checkpoint {checkpoint.number} is not that of what it says")
    return checkpoint


def _after(source: str, after: int | None) -> list[Mapping[str, Any]]:
    if after is None:
        return []
    stored = Witnessed.objects.filter(source=source, number__gt=after).order_by("number", "at", "id")
    return list(stored.values_list("told", flat=True)[: messages.MAX_CHECKPOINTS])
