"""Another portal as a witness, over HTTP."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.integrity.checking.evidence import Unreadable
from audit.integrity.sealing import checkpoints
from audit.integrity.sealing.high_water_marks import HighWaterMark
from audit.integrity.witnesses import messages
from audit.integrity.witnesses.messages import Receipt
from audit.integrity.witnesses.witness_settings import Target
from audit.models import Checkpoint
from core.http_client import ask
from core.reachable_hosts import UnreachableHost
from core.text import sanitize


def last(target: Target) -> HighWaterMark:
    """The last checkpoint it holds. Raises UnreachableHost."""
    receipt = _exchange(target)
    return HighWaterMark(receipt.number, receipt.hash)


def put(target: Target, batch: Sequence[Checkpoint]) -> HighWaterMark:
    """Tell it of some checkpoints; return the last one it holds then. Raises UnreachableHost."""
    receipt = _exchange(target, [checkpoints.to_line(checkpoint) for checkpoint in batch])
    return HighWaterMark(receipt.number, receipt.hash)


def lines(target: Target) -> Iterator[Mapping[str, Any]]:
    """All it holds, in order. Raises UnreachableHost."""
    after = 0
    while batch := _exchange(target, after=after).lines:
        yield from batch
        if not isinstance(batch[-1].get("number"), int) or batch[-1]["number"] <= after:
            raise UnreachableHost("The witness goes round in circles.")
        after = batch[-1]["number"]


def _exchange(target: Target, lines: Sequence[Mapping[str, Any]] = (), after: int | None = None) -> Receipt:
    body, headers = messages.message(lines, after)
    status, answer = ask(target.where, headers, body, most=messages.MAX_BODY)
    if status != 200:
        raise UnreachableHost(f"HTTP status {status}{_reason(answer)}.")
    try:
        receipt = messages.read_receipt(answer, body)
    except Unreadable as why:
        raise UnreachableHost(f"Invalid receipt: {why}.") from None
    if target.public and receipt.key != target.public:
        raise UnreachableHost("Its receipt is signed by another key than PORTAL_WITNESS names.")
    return receipt


def _reason(answer: bytes) -> str:
    try:
        return f": {sanitize(str(json.loads(answer)['message']), 150).rstrip('.')}"
    except (ValueError, KeyError, TypeError):
        return ""
