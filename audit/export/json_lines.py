"""The JSON lines export, with proofs that `python -m audit.verify FILE` checks offline.

A header, the rows, the checkpoints they are sealed under, and an end that says how many rows there were and signs the
bytes before it. docs/integrity.md tells the format; docs/decisions/0019 why a selection looks different.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from audit.export import selection
from audit.export.extract import Extract
from audit.integrity.checking import signed_claims
from audit.integrity.sealing import checkpoints, sealed_rows, signing
from audit.integrity.sealing.plain_values import plain
from audit.integrity.sealing.proof_trees import Trees
from audit.integrity.sealing.sealed_rows import Sealed
from core.text import json_line

SIGNED = b"alter export 1\0"
"""Before the digest in what the key signs of a file."""


def lines(extract: Extract) -> Iterator[bytes]:
    """`extract` line by line. The last one stands for all the others."""
    digest, rows = sha256(), 0
    objects = _selection(extract) if extract.is_selection else _whole(extract)
    yield (first := as_line({"type": "header", **extract.head()}))
    digest.update(first)
    for entry in objects:
        line = as_line(entry)
        digest.update(line)
        rows += entry["type"] == "row"
        yield line
    signature = signing.sign(SIGNED + digest.digest())
    yield as_line({"type": "end", "rows": rows, "sha256": digest.hexdigest(), "signature": signature.hex()})


def as_line(data: Mapping[str, Any]) -> bytes:
    """An object on one line. Control characters, and half a character, which SQLite keeps, are written as escapes."""
    return json_line(data).encode() + b"\n"


def row(sealed: Sealed) -> dict[str, Any]:
    """A row, its place, and all that is hashed of it."""
    return {
        "type": "row",
        "kind": sealed.row.kind,
        "seq": sealed.seq,
        **plain(sealed.row),
        "salt": sealed.salt.hex() if sealed.salt else None,
        "commitment": sealed.commitment.hex() if sealed.commitment else None,
        "leaf": sealed.leaf.hex(),
    }


def _whole(extract: Extract) -> Iterator[Mapping[str, Any]]:
    """The claims of what is gone; then batch by batch, each checkpoint after its rows: gaps can be seen."""
    yield from signed_claims.stream_claims(extract.within.stream)
    for kind in extract.within.last:
        for batch in sealed_rows.batches(extract.within, kind):
            yield from map(row, batch.rows)
            yield checkpoints.to_line(batch.checkpoint)


def _selection(extract: Extract) -> Iterator[Mapping[str, Any]]:
    """The oldest first, each row with its proof, and each checkpoint before the first row of it."""
    trees, known = Trees(extract.within.stream), Numbers()
    for sealed in selection.walk(extract.filters, extract.within):
        tree = trees.find(sealed.row.kind, sealed.seq)
        if tree and known.add(tree.checkpoint.number):
            yield checkpoints.to_line(tree.checkpoint)
            yield from signed_claims.erasure_claims(tree.checkpoint)
        yield row(sealed) | {"proof": [beside.hex() for beside in tree.proof(sealed.seq)] if tree else []}


class Numbers:
    """The numbers that were seen, one bit each: an app that is idle mostly has a checkpoint for nearly every row."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> bool:
        """Note a number. False: it was seen before."""
        index, bit = number >> 3, 1 << (number & 7)
        if index >= len(self._bits):
            self._bits.extend(bytes(index + 1 - len(self._bits)))
        fresh = not self._bits[index] & bit
        self._bits[index] |= bit
        return fresh
