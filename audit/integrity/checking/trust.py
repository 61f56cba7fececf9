"""The trusted public keys, and the verification of signatures. Imports no Django.

Without the library `cryptography` nothing can be said of signatures; then a check says so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from audit import canonical
from audit.integrity.checking.evidence import CheckpointLine
from audit.integrity.checking.findings import Finding

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # an auditor's machine may have Python alone
    CAN_CHECK = False
else:
    CAN_CHECK = True


@dataclass(frozen=True, slots=True)
class Trust:
    """Public keys by their ids, and the one of them that nothing but itself may follow."""

    keys: Mapping[str, bytes] = field(default_factory=dict)
    present: str = ""
    """The id of the key in use now, where it is known: once it has signed, no other key may."""
    order: tuple[str, ...] = ()
    """Ids in the order in which the keys followed each other, as far as handovers tell."""

    def doubts(self, checkpoint: CheckpointLine, before: str = "") -> Iterator[Finding]:
        """What is wrong with the signature of a checkpoint. `before` is the key of the one it follows."""
        if not CAN_CHECK:
            return
        if checkpoint.key_id not in self.keys:
            yield Finding(
                "signature",
                f"It is signed by the key {checkpoint.key_id}, which is not trusted.",
                checkpoint.where,
            )
        elif not is_signed(
            self.keys[checkpoint.key_id], canonical.signed(checkpoint.hash), checkpoint.signature
        ):
            yield Finding("signature", f"The key {checkpoint.key_id} did not sign it.", checkpoint.where)
        elif before and before != checkpoint.key_id and self._is_over(checkpoint.key_id, before):
            yield Finding(
                "signature",
                f"It is signed by the key {checkpoint.key_id} after {before} was in use.",
                checkpoint.where,
            )

    def _is_over(self, key_id: str, before: str) -> bool:
        """Whether the time of a key had passed when `before` was in use."""
        if before in self.order and key_id in self.order:
            return self.order.index(key_id) < self.order.index(before)
        return before == self.present


def key_id(public: bytes) -> str:
    """What a public key is called: 16 hex digits of its hash."""
    return sha256(public).hexdigest()[:16]


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` of `message` was made with the private half of `public`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
