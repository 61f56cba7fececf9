"""Writes exports by docs/integrity.md alone, from whatever the database holds: also from one that was tampered with."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from audit import canonical
from audit.integrity.sealing import checkpoints, signing
from audit.integrity.sealing.row_values import FIELDS, RECORDS
from audit.models import Call, Checkpoint, Claim, Event, Seal
from core.clock import now
from tests.audit.records import APP

Line = dict[str, Any]


def whole(app_id: UUID = APP) -> list[Line]:
    """Everything of an app, batch by batch."""
    lines: list[Line] = list(Claim.objects.filter(stream=app_id).values_list("told", flat=True))
    for kind in RECORDS:
        for above in Checkpoint.objects.filter(stream=app_id, kind=kind).order_by("first_seq", "number"):
            lines += [row_line(seal) for seal in _seals(above) if _row(seal)]
            lines.append(checkpoints.to_line(above))
    return [_header(app_id, lines, selection=False), *lines]


def selection(entries: Iterable[Event | Call], app_id: UUID = APP) -> list[Line]:
    """Some rows, the oldest first, with their proofs; each checkpoint before its first row."""
    lines, known = list[Line](), set[int]()
    for entry in sorted(entries, key=lambda entry: (entry.at, entry.id)):
        seal = Seal.objects.get(row_id=entry.id)
        above = Checkpoint.objects.get(
            stream=app_id, kind=seal.kind, first_seq__lte=seal.seq, last_seq__gte=seal.seq
        )
        if above.number not in known:
            known.add(above.number)
            lines.append(checkpoints.to_line(above))
            places = {"first_seq__gte": above.first_seq, "last_seq__lte": above.last_seq}
            mine = Claim.objects.filter(stream=app_id, kind=seal.kind, **places)
            lines += mine.values_list("told", flat=True)
        leaves = [bytes(one.leaf) for one in _seals(above)]
        proof = canonical.proof(leaves, seal.seq - above.first_seq)
        lines.append(row_line(seal) | {"proof": [step.hex() for step in proof]})
    return [_header(app_id, lines, selection=True), *lines]


def written(lines: Iterable[Mapping[str, Any]]) -> bytes:
    """The lines as a file, with an end that fits them."""
    told = list(lines)
    body = b"".join(as_line(line) for line in told)
    digest = sha256(body).digest()
    end = {
        "type": "end",
        "rows": sum(line.get("type") == "row" for line in told),
        "sha256": digest.hex(),
        "signature": signing.sign(b"alter export 1\0" + digest).hex(),
    }
    return body + as_line(end)


def as_line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told).encode() + b"\n"


def row_line(seal: Seal) -> Line:
    """A row and what its seal says of it."""
    row = _row(seal)
    return {
        "type": "row",
        "kind": seal.kind,
        "seq": seal.seq,
        **{name: _plain(getattr(row, name)) for name in FIELDS[seal.kind]},
        "salt": bytes(seal.salt).hex() if seal.salt else None,
        "commitment": bytes(seal.commitment).hex() if seal.commitment else None,
        "leaf": bytes(seal.leaf).hex(),
    }


def _header(app_id: UUID, lines: list[Line], *, selection: bool) -> Line:
    last = {line["kind"]: line["last_seq"] for line in lines if line["type"] == "checkpoint"}
    return {
        "type": "header",
        "format": "alter-audit-1",
        "app": {"id": str(app_id), "name": "checkout"},
        "filters": {},
        "selection": selection,
        "rows": sum(line["type"] == "row" for line in lines),
        "streams": [{"kind": kind, "first_seq": 1, "last_seq": seq} for kind, seq in last.items()],
        "exported_at": checkpoints.moment(now()),
        "key": {"id": signing.key_id(), "public": signing.public_key().hex()},
    }


def _seals(above: Checkpoint) -> Iterator[Seal]:
    places = {"seq__gte": above.first_seq, "seq__lte": above.last_seq}
    return iter(Seal.objects.filter(stream=above.stream, kind=above.kind, **places).order_by("seq"))


def _row(seal: Seal) -> Event | Call | None:
    return RECORDS[seal.kind].objects.filter(id=seal.row_id).first()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return checkpoints.moment(value)
    return str(value) if isinstance(value, UUID) else value
