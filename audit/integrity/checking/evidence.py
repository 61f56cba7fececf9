"""Parses exported row lines and checkpoint lines into typed values. Imports no Django."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit import canonical
from audit.integrity.checking.findings import Where

Line = Mapping[str, Any]
MAX_PROOF = 64


class Unreadable(ValueError):
    """Something is not what it should be; the text says what."""


@dataclass(frozen=True, slots=True)
class RowLine:
    """An act or a call as an export holds it."""

    kind: str
    seq: int
    id: UUID
    app_id: UUID | None
    at: datetime
    fields: Line
    """The line itself: what is hashed is read from it when it is asked for."""
    salt: bytes | None
    commitment: bytes | None
    leaf: bytes
    proof: list[bytes]

    def recomputed(self) -> bytes:
        """The leaf that this row's fields give. Raises Unreadable."""
        commitment = self.commitment
        try:
            if self.salt is not None:
                commitment = canonical.commit_row(self.kind, self.salt, self._values(canonical.PERSONAL))
            if commitment is None:
                raise Unreadable("it has neither a salt nor a commitment")
            return canonical.leaf(self.kind, self._values(canonical.PUBLIC), commitment)
        except (KeyError, RecursionError):
            raise Unreadable("one of its fields holds what no row can hold") from None

    @property
    def where(self) -> Where:
        """Its place."""
        return Where(self.kind, self.seq, self.id)

    @property
    def is_erased(self) -> bool:
        """Whether a commitment stands for its personal part."""
        return self.salt is None

    def tells(self) -> list[str]:
        """The personal fields that say something."""
        return [name for name in canonical.PERSONAL[self.kind] if self.fields.get(name)]

    def _values(self, names: Mapping[str, tuple[str, ...]]) -> list[Any]:
        fields = {"facts": None, **self.fields} if self.kind == "call" else self.fields
        return [_field(fields, name) for name in names[self.kind]]


@dataclass(frozen=True, slots=True)
class CheckpointLine:
    """A checkpoint as an export, a file of checkpoints and a proof hold it."""

    number: int
    stream: UUID
    kind: str
    first_seq: int
    last_seq: int
    root: bytes
    previous: bytes
    hash: bytes
    sealed_at: datetime
    key_id: str
    signature: bytes
    purged: bool

    @property
    def where(self) -> Where:
        """Its place, by its first row."""
        return Where(self.kind, self.first_seq, checkpoint=self.number, stream=self.stream)

    @property
    def rows(self) -> int:
        """How many rows it stands for."""
        return self.last_seq - self.first_seq + 1

    def recomputed(self) -> bytes:
        """The hash that its fields give."""
        return canonical.checkpoint_hash(
            number=self.number,
            stream=self.stream,
            kind=self.kind,
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            root=self.root,
            previous=self.previous,
            sealed_at=self.sealed_at,
        )


def row(data: Line) -> RowLine:
    """A row line. Raises Unreadable."""
    kind = kind_of(data)
    app_id = data.get("app_id")
    proof = data.get("proof") or []
    if not isinstance(proof, list) or len(proof) > MAX_PROOF:
        raise Unreadable("its proof is not a list of hashes")
    return RowLine(
        kind=kind,
        seq=number(data, "seq"),
        id=_uuid(data.get("id"), "id"),
        app_id=None if app_id is None else _uuid(app_id, "app_id"),
        at=_moment(data.get("at"), "at"),
        fields=data,
        salt=_hex(data, "salt", 16, may_be_null=True),
        commitment=_hex(data, "commitment", 32, may_be_null=True),
        leaf=_hex(data, "leaf", 32) or b"",
        proof=[_hex({"proof": step}, "proof", 32) or b"" for step in proof],
    )


def checkpoint(data: Line) -> CheckpointLine:
    """A checkpoint line. Raises Unreadable."""
    line = CheckpointLine(
        number=number(data, "number"),
        stream=_uuid(data.get("stream"), "stream"),
        kind=kind_of(data),
        first_seq=number(data, "first_seq"),
        last_seq=number(data, "last_seq"),
        root=_hex(data, "root", 32) or b"",
        previous=_hex(data, "previous", 32) or b"",
        hash=_hex(data, "hash", 32) or b"",
        sealed_at=_moment(data.get("sealed_at"), "sealed_at"),
        key_id=str(data.get("key_id", "")),
        signature=_hex(data, "signature", 64) or b"",
        purged=data.get("purged_at") is not None,
    )
    if not 1 <= line.first_seq <= line.last_seq:
        raise Unreadable("its first and last row cannot be")
    return line


def kind_of(data: Line) -> str:
    """Which stream a line is of. Raises Unreadable."""
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in canonical.PUBLIC:
        raise Unreadable("its kind is neither event nor call")
    return kind


def number(data: Line, name: str) -> int:
    """A whole number, not negative. Raises Unreadable."""
    value = data.get(name)
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise Unreadable(f"its {name} is not a number")
    return value


def hexed(data: Line, name: str, size: int) -> bytes:
    """Bytes written in hex. Raises Unreadable."""
    return _hex(data, name, size) or b""


def uuid_of(data: Line, name: str) -> UUID:
    """An id. Raises Unreadable."""
    return _uuid(data.get(name), name)


def moment_of(data: Line, name: str) -> datetime:
    """A moment with a zone. Raises Unreadable."""
    return _moment(data.get(name), name)


def _field(data: Line, name: str) -> Any:
    """A field of a row as the value that was hashed."""
    if name not in data:
        raise Unreadable(f"its field {name} is missing")
    value = data[name]
    if name in canonical.UUIDS and value is not None:
        return _uuid(value, name)
    return _moment(value, name) if name in canonical.MOMENTS else value


def _uuid(value: Any, name: str) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise Unreadable(f"its {name} is not an id") from None


def _moment(value: Any, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        canonical.microseconds(moment)
    except (ValueError, TypeError, OverflowError):
        raise Unreadable(f"its {name} is not a moment with a zone") from None
    return moment


def _hex(data: Line, name: str, size: int, *, may_be_null: bool = False) -> bytes | None:
    value = data.get(name)
    if value is None and may_be_null:
        return None
    try:
        decoded = bytes.fromhex(value)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        decoded = b""
    if len(decoded) != size:
        raise Unreadable(f"its {name} is not {size} bytes in hex")
    return decoded
