"""Reads an export or a row proof line by line and reports what does not hold. Imports no Django."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from audit.integrity.checking import evidence, external_checkpoints, handovers, removal_claims, trust
from audit.integrity.checking.evidence import Unreadable
from audit.integrity.checking.findings import Finding, Where
from audit.integrity.checking.handovers import SealKeyLine
from audit.integrity.checking.offline_part import Selection
from audit.integrity.checking.offline_whole import WholeExport
from audit.integrity.checking.trust import Trust

FORMAT, PROOF_FORMAT = "alter-audit-1", "alter-audit-proof-1"
MAX_LINE = 4 << 20
"""Bytes. No row is anywhere near."""
EXPORT_SIGNED = b"alter export 1\0"
NOWHERE = UUID(int=0)


@dataclass(slots=True)
class Inspection:
    """One file on its way through. `findings()` reads it; afterwards the rest says what was seen."""

    source: BinaryIO
    given: Mapping[str, bytes] = field(default_factory=dict)
    """Public keys that are trusted, by id. Empty: those that the file names."""
    kept_in: tuple[Path, ...] = ()
    header: Mapping[str, Any] = field(default_factory=dict)
    trust: Trust = field(default_factory=Trust)
    rows: int = 0
    checkpoints: int = 0
    at: int = 0
    """The line that was read last."""
    is_signed: bool = False
    """Whether the end of the file is signed by a trusted key."""

    def findings(self) -> Iterator[Finding]:
        """Everything that does not hold, in the order of the file. Raises Unreadable if it is no export at all."""
        first, digest = self._line(), sha256()
        data = _object(first)
        if data is None or data.get("format") not in (FORMAT, PROOF_FORMAT):
            data = _object(first + self.source.read(MAX_LINE)) or {}
        self.header = data
        if data.get("format") == PROOF_FORMAT:
            yield from self._noted(self._proof)
        elif data.get("format") == FORMAT and data.get("type") == "header":
            digest.update(first)
            yield from self._export(digest)
        else:
            raise Unreadable("This is neither an export of the audit log nor a proof of an entry.")

    def _noted(self, parts: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        """The same, after what is to be said of the keys."""
        keys = [key for key in [_key(self.header.get("key"))] if key]
        present, handed = keys[0][0] if keys else "", _handovers(self.header)
        self.trust = handovers.extend(self.given or dict(keys), handed, present)
        if not trust.CAN_CHECK:
            yield Finding("unsigned", "The library cryptography is not installed: no signature was checked.")
        elif not self.given:
            message = "The file vouches for itself with the key" + ("s " if len(self.trust.keys) > 1 else " ")
            yield Finding("vouched", message + (", ".join(self.trust.keys) or "that it does not name") + ".")
        yield from parts()

    def _export(self, digest: Any) -> Iterator[Finding]:
        yield from self._noted(lambda: self._body(digest))

    def _body(self, digest: Any) -> Iterator[Finding]:
        stream = _stream(self.header)
        known = external_checkpoints.read(self.kept_in, stream)
        if self.header.get("selection"):
            part: Selection | WholeExport = Selection(stream, self.trust, known)
        else:
            part = WholeExport(stream, self.trust, known)
        ended = False
        while line := self._line():
            data = _object(line)
            if data is None or ended:
                why = "cut short or not JSON" if data is None else "after the end"
                yield Finding("unreadable", f"The line is {why}.", Where(line=self.at))
                break
            for finding in self._told(part, data, digest):
                yield _at(finding, self.at)
            ended = data.get("type") == "end"
            digest.update(line)
        if not ended:
            yield Finding(
                "cut", f"The file ends after line {self.at} without its end line.", Where(line=self.at)
            )
        for finding in part.finish(
            _exported_at(self.header) if self.is_signed or not trust.CAN_CHECK else None
        ):
            yield finding
        yield from self._promised(part)

    def _told(self, part: Selection | WholeExport, data: Mapping[str, Any], digest: Any) -> Iterator[Finding]:
        """What is wrong with one line."""
        try:
            match data.get("type"):
                case "row":
                    self.rows += 1
                    yield from part.row(evidence.row(data))
                case "checkpoint":
                    self.checkpoints += 1
                    yield from part.checkpoint(evidence.checkpoint(data))
                case "claim":
                    yield from part.claim(removal_claims.read(data))
                case "end":
                    yield from self._end(data, digest.digest())
                case _:
                    yield Finding("unreadable", "No line of an export is of this type.")
        except Unreadable as why:
            seq = data.get("seq")
            yield Finding(
                "unreadable",
                f"The line cannot be taken: {why}.",
                Where(seq=seq if type(seq) is int else None),
            )

    def _end(self, data: Mapping[str, Any], digest: bytes) -> Iterator[Finding]:
        if data.get("rows") != self.rows:
            yield Finding("count", f"The end says {data.get('rows')} rows, and there are {self.rows}.")
        if data.get("sha256") != digest.hex():
            yield Finding("edited", "The bytes before the end are not those that its hash was made of.")
        elif trust.CAN_CHECK:
            signature = b"" if data.get("signature") is None else evidence.hexed(data, "signature", 64)
            keys = self.trust.keys.values()
            self.is_signed = any(trust.is_signed(key, EXPORT_SIGNED + digest, signature) for key in keys)
            if not self.is_signed:
                yield Finding("signature", "The end is not signed by a key that is trusted.")

    def _promised(self, part: Selection | WholeExport) -> Iterator[Finding]:
        """What the header says that did not come."""
        if type(self.header.get("rows")) is int and self.header["rows"] != self.rows:
            message = f"The header says {self.header['rows']} rows, and there are {self.rows}."
            yield Finding("count", message, Where(line=1))
        if isinstance(part, WholeExport):
            for stream in _list(self.header.get("streams")):
                kind, last = stream.get("kind"), stream.get("last_seq")
                if type(last) is int and isinstance(kind, str) and (ends := part.last_seq(kind)) < last:
                    message = f"The header says that it goes to no. {last}, and it ends at {ends}."
                    yield Finding("cut", message, Where(kind, ends + 1))

    def _proof(self) -> Iterator[Finding]:
        """The proof of one row: the row, its checkpoint and the hashes between."""
        try:
            row = evidence.row(self.header.get("row") or {})
            above = evidence.checkpoint(self.header.get("checkpoint") or {})
            claims = [removal_claims.read(data) for data in _list(self.header.get("claims"))]
        except (Unreadable, AttributeError) as why:
            yield Finding("unreadable", f"The proof cannot be read: {why}.")
            return
        self.rows = self.checkpoints = 1
        part = Selection(
            row.app_id or NOWHERE, self.trust, external_checkpoints.read(self.kept_in, above.stream)
        )
        yield from part.checkpoint(above)
        for claim in claims:
            yield from part.claim(claim)
        yield from part.row(row)

    def _line(self) -> bytes:
        line = self.source.readline(MAX_LINE + 1)
        if len(line) > MAX_LINE:
            raise Unreadable(f"Line {self.at + 1} is longer than any line of an export.")
        self.at += bool(line)
        return line


def _object(line: bytes) -> Mapping[str, Any] | None:
    """A line as a JSON object. None: it is none."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _at(finding: Finding, line: int) -> Finding:
    return finding if finding.where.line else replace(finding, where=replace(finding.where, line=line))


def _list(value: Any) -> list[Any]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _key(value: Any) -> tuple[str, bytes] | None:
    """A public key that a file names, under its id."""
    with suppress(Unreadable, AttributeError):
        public = evidence.hexed(value, "public", 32)
        return trust.key_id(public), public
    return None


def _handovers(header: Mapping[str, Any]) -> Iterator[SealKeyLine]:
    """How the keys that a file names followed each other. Signatures decide what of it counts."""
    for data in _list(header.get("keys")):
        with suppress(Unreadable):
            yield handovers.read(data)


def _stream(header: Mapping[str, Any]) -> UUID:
    """Whose record it is. NOWHERE: what belongs to no app."""
    app = header.get("app")
    with suppress(ValueError, TypeError, AttributeError):
        return UUID(app["id"] if isinstance(app, dict) else app)
    return NOWHERE


def _exported_at(header: Mapping[str, Any]) -> datetime | None:
    with suppress(ValueError, TypeError, KeyError):
        moment = datetime.fromisoformat(header["exported_at"])
        return moment if moment.tzinfo else None
    return None
