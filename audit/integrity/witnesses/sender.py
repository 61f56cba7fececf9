"""Sends new checkpoints to each witness.

How far a witness has come is never taken from the database: it is asked, its answer is compared with the record, and
with a mark outside the database. A witness that says otherwise is an alarm, and is told nothing more.
"""

import logging
from datetime import timedelta
from typing import NamedTuple, Protocol

from django.conf import settings

from audit.integrity.sealing import high_water_marks
from audit.integrity.sealing.high_water_marks import HighWaterMark
from audit.integrity.witnesses import files, portals, timestamps
from audit.integrity.witnesses.witness_settings import FILE, PORTAL, TSA, Target
from audit.models import Checkpoint, WitnessState
from core.clock import now
from core.reachable_hosts import UnreachableHost
from core.retry_after import AskedToWait, is_early
from core.text import sanitize

log = logging.getLogger(__name__)
STAMP_EVERY = timedelta(minutes=5)
BATCH_SIZE, RUN_LIMIT = 200, 10
"""Checkpoints that are told at once, and how often in one run."""


class Transport(Protocol):
    """How one kind of witness is spoken to."""

    def last(self, target: Target) -> HighWaterMark: ...
    def put(self, target: Target, batch: list[Checkpoint]) -> HighWaterMark: ...


class SendResult(NamedTuple):
    """What came of one exchange."""

    acknowledged: HighWaterMark
    more: bool


class Disagrees(Exception):
    """A witness holds something else than this record; the text says what."""


TRANSPORTS: dict[str, Transport] = {PORTAL: portals, FILE: files, TSA: timestamps}


def has_witnesses() -> bool:
    """Whether there is any witness."""
    return bool(settings.WITNESSES)


def send_all() -> int:
    """One exchange with each witness. Returns 0: whatever is left is told when this work is due again."""
    for target in settings.WITNESSES:
        state, _ = WitnessState.objects.get_or_create(name=target.id, defaults={"where": target.where})
        if not is_early(state.not_before) and (target.kind != TSA or _is_due(state)):
            _send(target, state)
    return 0


def _is_due(state: WitnessState) -> bool:
    """Whether a time-stamp server is asked again: they are others', and a stamp stands for many checkpoints."""
    return state.heard_at is None or not now() - STAMP_EVERY < state.heard_at <= now()


def _send(target: Target, state: WitnessState) -> None:
    moment = now()
    state.tried_at, state.not_before, state.error, state.disagrees = moment, None, "", ""
    try:
        result = _exchange(target)
    except UnreachableHost as why:
        state.error = sanitize(str(why), 300)
        state.not_before = now() + why.wait if isinstance(why, AskedToWait) else None
    except OSError as error:
        state.error = sanitize(f"The mark of it cannot be written: {error.strerror}.", 300)
    except Disagrees as why:
        state.disagrees = sanitize(str(why), 300)
        log.error("%s does not agree: %s", target.label, why)
    else:
        state.number = result.acknowledged.number
        state.heard_at = state.heard_at if result.more else moment
    state.save()


def _exchange(target: Target) -> SendResult:
    transport = TRANSPORTS[target.kind]
    acknowledged = transport.last(target)
    _must_agree(acknowledged, high_water_marks.read(target.id))
    for _ in range(RUN_LIMIT):
        batch = list(
            Checkpoint.objects.filter(number__gt=acknowledged.number).order_by("number")[:BATCH_SIZE]
        )
        if not batch:
            break
        acknowledged = transport.put(target, batch)
        if acknowledged != HighWaterMark(batch[-1].number, bytes(batch[-1].hash)):
            raise Disagrees(
                f"It received checkpoint {batch[-1].number}, but reports {acknowledged.number} as its last."
            )
        high_water_marks.write(target.id, *acknowledged)
    else:
        return SendResult(acknowledged, more=True)
    return SendResult(acknowledged, more=False)


def _must_agree(acknowledged: HighWaterMark, position: HighWaterMark | None) -> None:
    """What the witness holds last is in the record, and not less than it held before. Raises Disagrees."""
    if position and acknowledged.number < position.number:
        left = (
            f"no later one than {acknowledged.number}"
            if acknowledged.number
            else "none: it is gone, or begun anew"
        )
        raise Disagrees(f"It held checkpoint {position.number} and now holds {left}.")
    if not acknowledged.number:
        return
    checkpoint = Checkpoint.objects.filter(number=acknowledged.number).first()
    if checkpoint is None:
        raise Disagrees(
            f"It holds checkpoint {acknowledged.number}, which is not in the database: the end was cut off."
        )
    if bytes(checkpoint.hash) != acknowledged.hash:
        raise Disagrees(f"It holds another checkpoint {acknowledged.number}: the record was rewritten.")
