"""Rotates the seal key, or accepts a new one when the old key is lost. Both are recorded as events."""

import secrets
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from audit.actions import ROTATE_SEAL_KEY
from audit.actors import Actor
from audit.change import record
from audit.integrity.checking import handovers, trust
from audit.integrity.sealing import pinned_keys, signing
from core.errors import Invalid, KeyIsPinned, NotYetInUse


class KeyRotation(NamedTuple):
    """A new seal key."""

    key_id: str
    file: Path
    by_hand: bool
    """Whether the operator must set it: the present one comes from PORTAL_SEAL_KEY."""


def rotate(actor: Actor, *, reason: str) -> KeyRotation:
    """Make a key that follows the present one, with its word. Raises NotAllowed, Invalid, NotYetInUse."""
    _require(actor, reason)
    pinned_keys.begin(signing.public_key())
    known = pinned_keys.lines()
    if known[-1].public != signing.public_key():
        raise NotYetInUse
    seed, file = secrets.token_bytes(32), settings.DATA_DIR / "seal-key"
    by_hand = not file.exists() or file.read_text().strip() != settings.SEAL_KEY.hex()
    file = file.with_name("seal-key.next") if by_hand else file
    line = pinned_keys.hand_over(settings.SEAL_KEY, seed, before=signing.public_key())
    _record(actor, line, reason)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    draft.write_text(seed.hex() + "\n")
    draft.replace(file)
    return KeyRotation(line.id, file, by_hand)


def accept_lost(actor: Actor, *, reason: str) -> str:
    """Accept the present key though the one before did not hand over. Raises NotAllowed, Invalid, KeyIsPinned."""
    _require(actor, reason)
    known = pinned_keys.lines()
    if not known or any(line.public == signing.public_key() for line in known):
        raise KeyIsPinned
    line = pinned_keys.hand_over(
        None, settings.SEAL_KEY, before=known[-1].public, reason=reason.strip()[:200]
    )
    _record(actor, line, reason)
    return line.id


def _require(actor: Actor, reason: str) -> None:
    actor.require(ROTATE_SEAL_KEY)
    if not reason.strip():
        raise Invalid("reason", "Say why.")


def _record(actor: Actor, line: handovers.SealKeyLine, reason: str) -> None:
    record(
        actor,
        ROTATE_SEAL_KEY,
        reason=reason,
        target_kind="seal key",
        target_id=line.id,
        target_label=f"the seal key {trust.key_id(line.before or b'')}",
        facts={"key": line.id, "handed_over": line.is_vouched_for()},
    )
