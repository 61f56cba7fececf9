"""The proof of one row: each step from its values to a signature, with its hash."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit import canonical
from audit.integrity.checking import batches, checkpoint_files, signed_claims
from audit.integrity.checking.signed_claims import SignedClaims
from audit.integrity.sealing import checkpoints, pinned_keys, row_values, signing
from audit.integrity.sealing.plain_values import plain
from audit.integrity.sealing.row_values import Row
from audit.models import Call, Checkpoint, Event, Seal

FORMAT = "alter-audit-proof-1"


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a proof."""

    name: str
    says: str
    hash: bytes
    holds: bool | None
    """None: nothing can be said."""

    @property
    def how(self) -> str:
        """As a page marks it: yes, no, or later for what can not be said."""
        return "later" if self.holds is None else "yes" if self.holds else "no"


@dataclass(frozen=True, slots=True)
class Proof:
    """A sealed row and all that leads from it to a signature."""

    row: Row
    seal: Seal
    above: Checkpoint
    path: list[bytes]
    links: list[Link]

    @property
    def holds(self) -> bool:
        """Whether every step does of which something can be said."""
        return all(link.holds is not False for link in self.links)

    def to_dict(self) -> dict[str, Any]:
        """The proof as a file that `python -m audit.verify` takes."""
        salt, commitment = self.seal.salt, self.seal.commitment
        row = {
            "kind": self.seal.kind,
            "seq": self.seal.seq,
            **plain(self.row),
            "salt": bytes(salt).hex() if salt else None,
            "commitment": bytes(commitment).hex() if commitment else None,
            "leaf": bytes(self.seal.leaf).hex(),
            "proof": [step.hex() for step in self.path],
        }
        keys = signing.known().keys
        key = {"id": self.above.key_id, "public": keys.get(self.above.key_id, b"").hex()}
        data: dict[str, Any] = {
            "format": FORMAT,
            "row": row,
            "checkpoint": checkpoints.to_line(self.above),
            "key": key,
        }
        if self.seal.salt is None:
            data["claims"] = signed_claims.erasure_claims(self.above)
        return {**data, "keys": [line.to_dict() for line in pinned_keys.lines()]}


def seal_of(row_id: UUID) -> Seal | None:
    """The seal of a row. None: it waits for one."""
    return Seal.objects.filter(row_id=row_id).first()


def above(seal: Seal) -> Checkpoint | None:
    """The checkpoint that a sealed row lies under."""
    candidates = Checkpoint.objects.filter(stream=seal.stream, kind=seal.kind, first_seq__lte=seal.seq)
    checkpoint = candidates.order_by("-first_seq").first()
    return checkpoint if checkpoint and checkpoint.last_seq >= seal.seq else None


def prove(entry: Event | Call) -> Proof | None:
    """The proof of a row. None: it waits for its seal, or lost it."""
    seal = seal_of(entry.id)
    checkpoint = above(seal) if seal else None
    if seal is None or checkpoint is None:
        return None
    row, leaves = row_values.from_model(entry), _leaves(checkpoint)
    index = seal.seq - checkpoint.first_seq
    path = canonical.proof(leaves, index) if index < len(leaves) else []
    links = [
        _row(row, seal),
        *_erasure(checkpoint, seal),
        _tree(checkpoint, seal, path),
        *_checkpoint(checkpoint),
        _external_link(checkpoint),
    ]
    return Proof(row, seal, checkpoint, path, links)


def _leaves(checkpoint: Checkpoint) -> list[bytes]:
    return [bytes(leaf) for leaf in checkpoint.seals().order_by("seq").values_list("leaf", flat=True)]


def _row(row: Row, seal: Seal) -> Link:
    personal = "personal data was erased and replaced by a commitment" if seal.salt is None else ""
    message = "The content of the row matches its hash" + (f"; {personal}." if personal else ".")
    return Link("Row hash", message, bytes(seal.leaf), batches.fits(row, seal))


def _erasure(checkpoint: Checkpoint, seal: Seal) -> list[Link]:
    """That the portal signed that the row was erased, if it was."""
    if seal.salt is not None:
        return []
    why = SignedClaims(signing.known()).against_erasure(checkpoint, seal.seq)
    message = f"Personal data was erased, and {why}." if why else "The portal signed the erasure."
    return [Link("Erasure", message, bytes(seal.commitment or b""), not why)]


def _tree(checkpoint: Checkpoint, seal: Seal, path: list[bytes]) -> Link:
    count = checkpoint.rows
    message = f"The row hash and {len(path)} sibling hashes give the root of {count} rows."
    try:
        root = canonical.climb(bytes(seal.leaf), seal.seq - checkpoint.first_seq, count, path)
    except ValueError:
        root = b""
    return Link("Tree", message, bytes(checkpoint.root), root == bytes(checkpoint.root))


def _checkpoint(checkpoint: Checkpoint) -> list[Link]:
    line, trust = batches.line(checkpoint), signing.known()
    before = _before(checkpoint)
    after = f"checkpoint {before.number}" if before else "no other: it is the first one"
    previous = bytes(before.hash) if before else canonical.NOTHING
    fits = line.recomputed() == line.hash
    linked = line.previous == previous and checkpoint.first_seq == (before.last_seq + 1 if before else 1)
    return [
        Link(
            "Checkpoint",
            f"The content of checkpoint {checkpoint.number} matches its hash.",
            line.hash,
            fits,
        ),
        Link("Chain", f"It follows {after}.", line.previous, linked),
        Link(
            "Signature", f"Signed with key {checkpoint.key_id}.", line.signature, not list(trust.doubts(line))
        ),
    ]


def _before(checkpoint: Checkpoint) -> Checkpoint | None:
    earlier = Checkpoint.objects.filter(
        stream=checkpoint.stream, kind=checkpoint.kind, first_seq__lt=checkpoint.first_seq
    )
    return earlier.order_by("-first_seq").first()


def _external_link(checkpoint: Checkpoint) -> Link:
    external = checkpoint_files.find_checkpoint(checkpoint.number)
    if external is None:
        late = checkpoints.is_due(checkpoint)
        message = "Not in the checkpoint files" + ("." if late else " yet.")
        return Link("External copy", message, b"", False if late else None)
    message = "The checkpoint files hold the same checkpoint."
    return Link("External copy", message, external.hash, external.hash == bytes(checkpoint.hash))
