"""Checks on SQLite that integrity data is stored in the format the portal writes.

A seal or a checkpoint in another spelling reads as ever, and no condition finds it. What waits needs no look: the
sealer mends it, and a row that waits under another spelling counts as one that does not wait.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import CharField, Func, Model, Q, QuerySet

from audit import sqlite_format
from audit.integrity.checking.findings import Finding, Where
from audit.integrity.sealing import pending_rows
from audit.integrity.sealing.row_values import RECORDS
from audit.models import Checkpoint, Claim, Seal, Tally

MAX_TOLD = 100
SAYS = "is stored in another spelling than the portal's."


def check_checkpoints(stream: UUID | None, after: int, to: int) -> Iterator[Finding]:
    """Checkpoints between two numbers: those of an app, or of all; and those that no longer say of which they are."""
    checkpoints: QuerySet[Any] = QuerySet(Checkpoint).filter(number__gt=after, number__lte=to)
    for number, number_text in _malformed(Checkpoint, checkpoints, "number", "stream"):
        whose = pending_rows.id_of(_text(number_text))
        if None in (stream, whose) or stream == whose:
            yield Finding(
                "edited", f"The checkpoint {SAYS}", Where(checkpoint=int(_text(number)), stream=whose)
            )


def check_seals(checkpoint: Checkpoint) -> Iterator[Finding]:
    """The seals under a checkpoint."""
    for (seq,) in _malformed(Seal, checkpoint.seals(), "seq"):
        where = Where(
            checkpoint.kind, int(_text(seq)), checkpoint=checkpoint.number, stream=checkpoint.stream
        )
        yield Finding("edited", f"The seal {SAYS}", where)


def check_claims() -> Iterator[Finding]:
    """What the portal signed of its record."""
    if many := len(_malformed(Claim, QuerySet(Claim), "id")):
        yield Finding("edited", f"A signed claim {SAYS} There {'is' if many == 1 else 'are'} {many}.")


def check_tallies(stream: UUID) -> Iterator[Finding]:
    """The figures of charts: one line for each hour, and no number below nothing."""
    its: QuerySet[Any] = QuerySet(Tally).filter(stream=stream)
    below = Q(events__lt=0) | Q(allowed__lt=0) | Q(denied__lt=0)
    odd = its.filter(below | ~sqlite_format.whole_hours()).order_by()
    if many := max(odd.count(), len(_malformed(Tally, its, "id"))):
        what = "A figure" if many == 1 else f"{many:,} figures"
        message = (
            f"{what} that charts are drawn from {'is' if many == 1 else 'are'} none that the portal writes."
        )
        yield Finding("tally", message, Where(stream=stream))


def check_ids(kind: str, rows: QuerySet[Any]) -> Iterator[Finding]:
    """Rows whose ids are none, or are spelled otherwise: no seal is looked for by such an id."""
    for (row_id,) in _malformed(RECORDS[kind], rows, "id", looked_at=("id",)):
        text = _text(row_id)
        message = f"A row has an id that the portal does not write, {text[:64]!r}: it was put in or changed."
        yield Finding("inserted", message, Where(kind, row_id=pending_rows.id_of(text)))


def _malformed(
    model: type[Model], rows: QuerySet[Any], *columns: str, looked_at: tuple[str, ...] = ()
) -> list[tuple[str, ...]]:
    """Columns, in hex, of rows that are stored otherwise: one, or none, is as good as all of them."""
    if connection.vendor != "sqlite":
        return []
    in_hex = {f"{name}_in_hex": Func(name, function="hex", output_field=CharField()) for name in columns}
    odd = rows.filter(~sqlite_format.plain(model, *looked_at)).order_by().annotate(**in_hex)
    return list(odd.values_list(*in_hex)[:MAX_TOLD])


def _text(text: str) -> str:
    return bytes.fromhex(text).decode(errors="replace")
