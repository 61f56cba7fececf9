"""The signed messages between a portal and its witness.

No secret is shared. A message counts because the seal key of a portal that the operator named has signed it; the
answer is a receipt, signed over the message it answers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from audit import canonical
from audit.integrity.checking import evidence, handovers, trust
from audit.integrity.checking.evidence import Unreadable
from audit.integrity.sealing import checkpoints, pinned_keys, signing
from core.clock import now

FORMAT, RECEIPT = "alter-witness-1", "alter-witness-receipt-1"
HEADER = "X-Alter-Witness-Signature"
SIGNED = b"alter witness 1\0"
MAX_BODY = 4 << 20
MAX_CHECKPOINTS = 500
"""In one message, and in one answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """What came from a portal: its checkpoints, or a question after them."""

    key: bytes
    at: datetime
    lines: Sequence[Mapping[str, Any]]
    """Checkpoints, as files of checkpoints hold them. None: it asks how far the witness has come."""
    after: int | None
    """Asks for the checkpoints above this number."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far the witness has come, in its own signed words."""

    number: int
    hash: bytes
    key: bytes
    lines: Sequence[Mapping[str, Any]]


def message(
    lines: Sequence[Mapping[str, Any]] = (), after: int | None = None
) -> tuple[bytes, dict[str, str]]:
    """A body and its headers."""
    data = {
        "format": FORMAT,
        "at": checkpoints.moment(now()),
        "key": signing.public_key().hex(),
        "keys": [line.to_dict() for line in pinned_keys.lines()],
        "checkpoints": list(lines),
        "after": after,
    }
    body = json.dumps(data, separators=(",", ":")).encode()
    signature = signing.sign(SIGNED + sha256(body).digest()).hex()
    return body, {"Content-Type": "application/json", HEADER: signature}


def read(body: bytes, signature: str, known: Mapping[str, bytes]) -> tuple[str, Message]:
    """Which of the portals `known`, by name, has sent a message, and what it says. Raises Unreadable."""
    data = _object(body)
    if data.get("format") != FORMAT:
        raise Unreadable("it is no message to a witness")
    key = evidence.hexed(data, "key", 32)
    try:
        signed = trust.is_signed(key, SIGNED + sha256(body).digest(), bytes.fromhex(signature))
    except ValueError:
        signed = False
    name = next((name for name, public in known.items() if _leads(public, key, data)), None)
    if name is None or not signed:
        raise Unreadable("it is not signed by a portal that is known here")
    lines, after = data.get("checkpoints"), data.get("after")
    if not isinstance(lines, list) or len(lines) > MAX_CHECKPOINTS:
        raise Unreadable(f"it does not hold up to {MAX_CHECKPOINTS} checkpoints")
    if after is not None:
        after = evidence.number(data, "after")
    return name, Message(key, evidence.moment_of(data, "at"), lines, after)


def receipt(
    body: bytes, source: str, number: int, its_hash: bytes, lines: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The answer to a message."""
    data = {
        "format": RECEIPT,
        "source": source,
        "number": number,
        "hash": its_hash.hex(),
        "at": checkpoints.moment(now()),
        "message": sha256(body).hexdigest(),
        "checkpoints": list(lines),
        "key": signing.public_key().hex(),
    }
    return {**data, "signature": signing.sign(canonical.statement("receipt", data)).hex()}


def read_receipt(answer: bytes, body: bytes) -> Receipt:
    """What a witness answered to a message. Raises Unreadable."""
    data = _object(answer)
    fields = {name: value for name, value in data.items() if name != "signature"}
    if data.get("format") != RECEIPT or data.get("message") != sha256(body).hexdigest():
        raise Unreadable("it is no receipt for what was sent")
    key = evidence.hexed(data, "key", 32)
    if not trust.is_signed(
        key, canonical.statement("receipt", fields), evidence.hexed(data, "signature", 64)
    ):
        raise Unreadable("its signature does not hold")
    number, lines = evidence.number(data, "number"), data.get("checkpoints")
    its_hash = evidence.hexed(data, "hash", 32) if number else b""
    return Receipt(number, its_hash, key, lines if isinstance(lines, list) else [])


def _leads(known: bytes, key: bytes, data: Mapping[str, Any]) -> bool:
    """Whether a key is the one that is known, or handovers lead from that to it: forwards, for who has the one before
    speaks for nobody."""
    if known == key:
        return True
    lines = []
    for line in data["keys"] if isinstance(data.get("keys"), list) else ():
        try:
            lines.append(handovers.read(line))
        except (Unreadable, AttributeError):
            continue
    order = handovers.extend({trust.key_id(known): known}, lines).order
    since = order.index(trust.key_id(known)) if trust.key_id(known) in order else len(order)
    return trust.key_id(key) in order[since:]


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("it is no JSON") from None
    if not isinstance(data, dict):
        raise Unreadable("it is no object")
    return data
