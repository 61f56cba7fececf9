"""Takes the checkpoints of other portals, each once and for ever, and tells how far it knows them."""

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
        found = [_line(told) for told in message.lines]
    except (Unreadable, AttributeError) as why:
        raise Invalid("", f"This message cannot be taken: {why}.") from None
    if abs(now() - message.at) > CLOCKS:
        raise Invalid("at", "This message is old, or the clock of one of the two portals is wrong.")
    differs = _keep(source, found, message)
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
    mine = Witnessed.objects.filter(source=source).order_by("number", "at", "id")
    return mine.values_list("told", flat=True).iterator()


@transaction.atomic
def _keep(source: str, found: Sequence[CheckpointLine], message: Message) -> int:
    """Returns a number that is told differently now. 0: there is none."""
    state, _ = WitnessState.objects.select_for_update().get_or_create(
        name=f"{STATE}{source}", defaults={"where": source}
    )
    known = Witnessed.objects.filter(source=source, number__in=[one.number for one in found])
    hashes = {(one.number, bytes(one.hash)) for one in known}
    numbers = {number for number, _ in hashes}
    fresh = [
        Witnessed(source=source, number=one.number, hash=one.hash, told=told)
        for one, told in zip(found, message.lines, strict=True)
        if (one.number, one.hash) not in hashes
    ]
    differ = sorted({one.number for one in fresh if one.number in numbers})
    Witnessed.objects.bulk_create(fresh)
    state.number = max([state.number, *(one.number for one in found)])
    state.heard_at = max(filter(None, [state.heard_at, min(message.at, now())]))
    if differ:
        state.disagrees = " ".join(map(str, [*state.disagrees.split(), *differ]))[:300]
    state.save()
    return differ[0] if differ else 0


def _line(told: Mapping[str, Any]) -> CheckpointLine:
    """A checkpoint that is what it says. Raises Unreadable."""
    one = evidence.checkpoint(told)
    if one.recomputed() != one.hash:
        raise Unreadable(f"the hash of checkpoint {one.number} is not that of what it says")
    return one


def _after(source: str, after: int | None) -> list[Mapping[str, Any]]:
    if after is None:
        return []
    some = Witnessed.objects.filter(source=source, number__gt=after).order_by("number", "at", "id")
    return list(some.values_list("told", flat=True)[: messages.MAX_CHECKPOINTS])
