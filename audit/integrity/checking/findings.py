"""The findings of an integrity check, the same for a file and for the database. Imports no Django."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

MEANINGS = {
    "edited": "An entry differs from what was sealed.",
    "missing": "A sealed entry, a seal or a checkpoint is missing.",
    "inserted": "An entry, a seal or a checkpoint exists that was never sealed.",
    "forged": "An entry was inserted that the portal did not write. It was set aside before it was sealed.",
    "moved": "Entries or seals have changed places.",
    "root": "The leaves of a batch do not give its root: an entry and its leaf were changed.",
    "proof": "An entry's proof does not lead to the root of its checkpoint.",
    "hash": "A checkpoint differs from its original.",
    "chain": "A checkpoint does not follow the previous one of its stream.",
    "fork": "Two checkpoints claim the same place in a stream.",
    "number": "The numbers of the portal's checkpoints have a gap.",
    "signature": "A checkpoint or an export was not signed by a trusted key.",
    "rewritten": "A checkpoint differs from the copy that was kept elsewhere.",
    "cut": "The end is missing.",
    "unkept": "A checkpoint is missing outside the database, or all are.",
    "silent": "A witness has not acknowledged checkpoints for too long, or an alarm is active.",
    "stalled": "Entries are not sealed in time: the sealer does not work.",
    "fence": "A trigger that protects the log is missing, disabled, changed or added.",
    "schema": "A table, a column, an index, a view or a policy of the log differs from what the portal creates.",
    "index": "An index does not match its table: pages may show entries that do not exist, or omit some.",
    "tally": "The hourly total for charts differs from the sealed entries.",
    "purge": "Entries are said to be deleted by retention, without a signed claim.",
    "erasure": "An entry is said to be erased, without a signed claim, or still has personal data.",
    "count": "The number of entries differs from what the file says.",
    "unreadable": "A line or an entry cannot be read.",
}
"""Every kind of finding, for ever, and what it means. docs/integrity.md shows them; a test compares."""
NOTES = {
    "unsigned": "Signatures were not verified.",
    "vouched": "No key was given to verify the signatures of the file.",
    "backdated": "An entry was sealed long after its own time.",
    "reanchored": "The checkpoints outside the database start again, and two admins gave the reason.",
    "restored": "The checkpoint files were lost and written again, and someone gave the reason.",
    "unlinked": "A seal key followed another that did not sign the handover, and someone gave the reason.",
    "unchecked": "Indexes were not compared with their tables, or not completely.",
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

    def to_dict(self) -> dict[str, Any]:
        """As JSON, without what it does not say."""
        location = {name: value for name, value in asdict(self.where).items() if value not in (None, "")}
        data = {name: str(value) if isinstance(value, UUID) else value for name, value in location.items()}
        return {"what": self.what, "says": self.says, **data}

    def __str__(self) -> str:
        where = str(self.where)
        return f"{self.what}: {f'{where}: ' if where else ''}{self.says}"
