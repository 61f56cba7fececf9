"""The canonical bytes that seals hash: rows, leaves, Merkle roots, checkpoints. Imports no Django.

A row is written as its fields in one fixed order, each with its type and length in front, so that no two rows can
give the same bytes. Its personal part is hashed by itself, with a salt: erased, it leaves a commitment behind, and the
row still fits its seal. Trees are those of RFC 9162, section 2.1. docs/integrity.md tells all of it for whoever writes
another verifier.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NOTHING = bytes(32)
"""What the first checkpoint of a stream is chained to."""

_WHO = (
    "id",
    "at",
    "app_id",
    "key_id",
    "key_prefix",
    "key_name",
    "agent_id",
    "agent_name",
    "via",
    "request_id",
)
_CALLER = ("caller_type", "caller_id", "trace_id")
_ACT = ("action", "actor_kind", "actor_id", "target_kind", "target_id", "cause_id")
_ANSWER = ("method", "status", "allowed", "code", "check_failed", "scopes", "took_us")
PUBLIC = {"event": (*_WHO, *_CALLER, *_ACT), "call": (*_WHO, *_CALLER, *_ANSWER)}
"""What a row of each kind keeps when a person is erased from it, in the order it is hashed."""
PERSONAL = {
    "event": (
        "ip",
        "user_agent",
        "caller",
        "context",
        "actor_label",
        "target_label",
        "reason",
        "changes",
        "facts",
    ),
    "call": ("ip", "user_agent", "caller", "context", "path", "detail", "facts"),
}
"""What may name a person, in the order it is hashed."""
UUIDS = frozenset({"id", "app_id", "key_id", "agent_id", "caller_id", "cause_id"})
MOMENTS = frozenset({"at"})


def microseconds(moment: datetime) -> int:
    """Since 1970, in UTC."""
    return (moment - EPOCH) // MICROSECOND


def leaf(kind: str, public: Sequence[Any], commitment: bytes) -> bytes:
    """The hash of a row: of its fields PUBLIC[kind], and of what stands for its personal part."""
    return sha256(b"\0alter row 1\0" + encode(kind) + _joined(public) + commitment).digest()


def commit(salt: bytes, personal: Sequence[Any]) -> bytes:
    """What stands for the fields PERSONAL[kind] of a row. `salt` is 16 random bytes."""
    return sha256(b"\2alter personal 1\0" + salt + _joined(personal)).digest()


def commit_row(kind: str, salt: bytes, personal: Sequence[Any]) -> bytes:
    """The commitment of a row. Calls had no `facts` at first: without them, they are committed to as they were then."""
    if kind != "call":
        return commit(salt, personal)
    *before, facts = personal
    if facts is None:
        return commit(salt, before)
    return sha256(b"\2alter personal 2\0" + salt + _joined(personal)).digest()


def checkpoint_hash(
    *,
    number: int,
    stream: UUID,
    kind: str,
    first_seq: int,
    last_seq: int,
    root: bytes,
    previous: bytes,
    sealed_at: datetime,
) -> bytes:
    """The hash of a checkpoint, which the next one of its stream is chained to."""
    fields = (number, stream, kind, first_seq, last_seq, sealed_at)
    return sha256(b"\3alter checkpoint 1\0" + b"".join(map(encode, fields)) + root + previous).digest()


def signed(checkpoint: bytes) -> bytes:
    """What the key signs for a checkpoint with this hash."""
    return b"alter checkpoint 1\0" + checkpoint


def statement(name: str, data: Mapping[str, Any]) -> bytes:
    """What a key signs for a statement of JSON values: a claim, a handover of the key, a receipt."""
    return f"alter {name} 1\0".encode() + sha256(encode(dict(data))).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle root over at least one leaf."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from the leaf at `index` up to the root."""
    return path(levels(leaves), index)


def levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """A tree from its leaves up to the last level below its root: what all its proofs are made of."""
    rows_above, level = [], list(leaves)
    while len(level) > 1:
        rows_above.append(level)
        level = _above(level)
    return rows_above


def path(tree: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """The proof of the leaf at `index`, from the levels of its tree."""
    return [level[beside] for up, level in enumerate(tree) if (beside := index >> up ^ 1) < len(level)]


def climb(start: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes:
    """The root that a leaf at `index` of `count` leads to by its proof. Raises ValueError for a path that cannot be."""
    if not 0 <= index < count:
        raise ValueError("there is no such leaf")
    here, rest = start, list(path)
    while count > 1:
        if (index ^ 1) < count:
            beside = rest.pop(0) if rest else NOTHING
            here = _node(beside, here) if index & 1 else _node(here, beside)
        index, count = index // 2, (count + 1) // 2
    if rest:
        raise ValueError("the proof is too long")
    return here


def row(kind: str, values: Sequence[Any]) -> bytes:
    """A whole row as bytes, its values in the order of PUBLIC[kind] and PERSONAL[kind]."""
    return encode(kind) + _joined(values)


def encode(value: Any) -> bytes:
    """A value with its type and length in front."""
    return _ENCODERS[type(value)](value)


def _joined(values: Sequence[Any]) -> bytes:
    return b"".join([_ENCODERS[type(value)](value) for value in values])


def _above(level: Sequence[bytes]) -> list[bytes]:
    """The next level of a tree. One that has nothing beside it rises as it is."""
    pairs = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def _number(value: float) -> bytes:
    """A number by its value: databases do not tell 1.0 from 1."""
    digits = str(int(value) if float(value).is_integer() else value).encode()
    return b"n" + _LENGTH(len(digits)) + digits


def _text(value: str) -> bytes:
    if not value:
        return _NO_TEXT  # most texts of a row say nothing
    encoded = value.encode("utf-8", "surrogatepass")
    return b"t" + _LENGTH(len(encoded)) + encoded


def _list(value: Sequence[Any]) -> bytes:
    return b"l" + _LENGTH(len(value)) + b"".join(map(encode, value))


def _mapping(value: Mapping[str, Any]) -> bytes:
    pairs = sorted((_text(name), encode(inner)) for name, inner in value.items())
    return b"m" + _LENGTH(len(pairs)) + b"".join(name + inner for name, inner in pairs)


_NO_TEXT = b"t\0\0\0\0"
_LENGTH = struct.Struct(">I").pack
_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: b"0",
    bool: lambda value: b"y" if value else b"f",
    int: lambda value: b"n" + _text(str(value))[1:],
    float: _number,
    str: _text,
    UUID: lambda value: b"u" + value.bytes,
    datetime: lambda value: b"d" + struct.pack(">q", microseconds(value)),
    list: _list,
    dict: _mapping,
}
