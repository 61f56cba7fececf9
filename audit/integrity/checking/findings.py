"""What a check of the record can find, said the same way about a file and about the database. Imports no Django."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

MEANINGS = {
    "edited": "A row does not say what it said when it was sealed.",
    "missing": "A sealed row, a seal or a checkpoint is gone.",
    "inserted": "A row, a seal or a checkpoint is there that was never sealed.",
    "forged": "A row was put in that the portal did not write. It was set aside before it was sealed.",
    "moved": "Rows or seals have changed places.",
    "root": "The leaves of a batch do not give its root: one of its rows was changed and its leaf made to fit.",
    "proof": "A row's proof does not lead to the root of its checkpoint.",
    "hash": "A checkpoint does not say what it said when it was made.",
    "chain": "A checkpoint does not follow the one before it in its stream.",
    "fork": "Two checkpoints claim the same place in a stream.",
    "number": "The numbers of the portal's checkpoints have a gap.",
    "signature": "A checkpoint or an export was not signed by the key that is trusted.",
    "rewritten": "A checkpoint is not the one that was kept elsewhere.",
    "cut": "The end is cut off.",
    "unkept": "A checkpoint is not among those that are kept outside the database, or none are.",
    "silent": "A witness has not acknowledged the checkpoints for too long, or an alarm stands.",
    "stalled": "Rows wait for their seals for too long: the sealer stands still.",
    "fence": "A trigger that keeps the record as it was written is gone, switched off, changed or added.",
    "schema": "A table, a column, an index, a view or a policy of the record is not as the portal makes it.",
    "index": "An index does not hold what its table holds: pages show what is not on record, or leave out what is.",
    "tally": "What was counted in an hour, for charts, is not what was sealed of it.",
    "purge": "Rows are said to have been purged, and no signed claim says so.",
    "erasure": "A row is said to have been erased, and no signed claim says so, or it still tells something.",
    "count": "There are not as many rows as the file says.",
    "unreadable": "A line or a row cannot be read.",
}
"""Every kind of finding, for ever, and what it means. docs/seals.md shows them; a test compares."""
NOTES = {
    "unsigned": "Signatures were not checked.",
    "vouched": "The file vouches for itself: no key was given to check its signatures by.",
    "backdated": "A row was sealed long after the moment it tells.",
    "reanchored": "The checkpoints kept outside the database begin anew, and two people said why.",
    "restored": "The files of checkpoints were lost and written anew, and somebody said why.",
    "unlinked": "A seal key followed another that did not sign the handover, and somebody said why.",
    "unchecked": "Whether indexes hold what their tables hold was not looked at, or not to the end.",
    "beyond": "The checkpoints kept elsewhere go further than this file.",
}
"""What is worth knowing and nothing wrong."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the record, as exactly as it is known."""

    kind: str = ""
    """The stream: event or call. Empty: it is about the whole."""
    seq: int | None = None
    """The row's place in its stream, or the first of several."""
    row_id: UUID | None = None
    checkpoint: int | None = None
    """The number of the checkpoint it lies under."""
    line: int | None = None
    """Of a file: in which line it was found."""
    stream: UUID | None = None
    """The stream's app."""

    def __str__(self) -> str:
        row = f"{self.kind or 'row'} no. {self.seq}" if self.seq is not None else ""
        line = f"line {self.line}" if self.line is not None else ""
        checkpoint = f"checkpoint {self.checkpoint}" if self.checkpoint is not None else ""
        return ", ".join(part for part in (line, row, checkpoint) if part)


SOMEWHERE = Where()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold, and where."""

    what: str
    """One of MEANINGS or NOTES."""
    says: str
    """The same of this very case, in a sentence."""
    where: Where = SOMEWHERE

    @property
    def is_note(self) -> bool:
        """Whether it is worth knowing and nothing wrong."""
        return self.what in NOTES

    def told(self) -> dict[str, Any]:
        """As JSON, without what it does not say."""
        place = {name: value for name, value in asdict(self.where).items() if value not in (None, "")}
        told = {name: str(value) if isinstance(value, UUID) else value for name, value in place.items()}
        return {"what": self.what, "says": self.says, **told}

    def __str__(self) -> str:
        where = str(self.where)
        return f"{self.what}: {f'{where}: ' if where else ''}{self.says}"
