"""Erases a person from sealed rows: what may name them goes, a commitment to it stays, and every seal still fits.

The shell alone may (security.md section 8). What is erased cannot be brought back: with the salt, whoever guesses a
person could still prove the guess.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.actions import ERASE, REANCHOR
from audit.actors import Actor
from audit.change import record
from audit.checking import batches
from audit.checking.claims import PURGE, Places
from audit.clock import now
from audit.keeping import claiming
from audit.keeping.fences import maintenance
from audit.models import Pending, Seal
from audit.models.seals import NOWHERE
from audit.refusals import Invalid, Unsealed
from audit.sealing import canonical, rows, seals
from audit.sealing.rows import FIELDS, RECORDS, Row

A_SLICE, A_STEP = 10_000, 500
"""How many rows are looked at in one statement, and how many are erased in one transaction."""
PATIENCE = 60.0
"""Seconds to wait for rows that another process seals."""
BLANK: dict[str, Any] = {"context": {}, "changes": {}, "facts": {}}
KEPT_ACTS = (ERASE.name, PURGE, REANCHOR.name)
"""Acts that account for rows which are gone. They name rows, not people."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What came of it."""

    rows: int
    unfit: int
    """Rows that do not fit their seals, and were left as they are: they are evidence."""


def erase(
    actor: Actor, *, actor_id: str = "", ip: str = "", app_id: UUID | None = None, reason: str
) -> Erased:
    """Erase whoever has this id, or called from this address, from the rows of an app, or of all.

    Rows that wait are sealed first. It goes on batch by batch: one that fails leaves those before it erased.
    Raises Invalid, NotAllowed, Unsealed.
    """
    actor.require(ERASE)
    if bool(actor_id) == bool(ip):
        raise Invalid("actor_id", "Say whom: either an actor's id or an address.")
    if not reason.strip():
        raise Invalid("reason", "Say why, without naming the person: the reason is kept.")
    _seal_first()
    count = unfit = 0
    for kind in RECORDS:
        for ids in _found(kind, actor_id, ip, app_id):
            done, left = _step(actor, kind, ids, reason)
            count, unfit = count + done, unfit + left
    return Erased(count, unfit)


def _seal_first() -> None:
    begun, ends = now(), time.monotonic() + PATIENCE
    while Pending.objects.filter(at__lte=begun).exists():
        if not seals.seal_all():
            if time.monotonic() > ends:
                raise Unsealed
            time.sleep(0.05)


def _found(kind: str, actor_id: str, ip: str, app_id: UUID | None) -> Iterator[list[UUID]]:
    """The rows that are meant, some at a time. The database looks at A_SLICE of them in one statement."""
    there = RECORDS[kind].objects.filter(**{"app_id": app_id} if app_id else {}).order_by("id")
    last = UUID(int=0)
    while edge := there.filter(id__gt=last).values_list("id", flat=True)[:A_SLICE]:
        ends = list(edge)[-1]
        meant = list(
            _meant(there.filter(id__gt=last, id__lte=ends), kind, actor_id, ip).values_list("id", flat=True)
        )
        yield from (meant[start : start + A_STEP] for start in range(0, len(meant), A_STEP))
        last = ends


def _meant(some: QuerySet[Any], kind: str, actor_id: str, ip: str) -> QuerySet[Any]:
    if kind == "event":
        some = some.exclude(action__in=KEPT_ACTS)
    if ip:
        return some.filter(ip=ip)
    return some.filter(Q(actor_id=actor_id) | Q(target_id=actor_id)) if kind == "event" else some.none()


def _step(actor: Actor, kind: str, ids: Sequence[UUID], reason: str) -> tuple[int, int]:
    """Erase these, unless they are erased already. Returns how many were, and how many do not fit their seals."""
    with maintenance():
        found = Seal.objects.select_for_update().filter(row_id__in=ids).exclude(salt=None).order_by("seq")
        told = _rows(kind, ids)
        pairs = [(seal, told[seal.row_id]) for seal in found if seal.row_id in told]
        fit = [(seal, row) for seal, row in pairs if batches.fits(row, seal)]
        for seal, row in fit:
            commitment = row.commitment(bytes(seal.salt or b""))
            Seal.objects.filter(row_id=seal.row_id).update(salt=None, commitment=commitment)
        _blank(kind, [row for _, row in fit])
        for stream, seqs in _by_stream(fit).items():
            _tell(actor, stream, kind, seqs, reason)
    return len(fit), len(pairs) - len(fit)


def _rows(kind: str, ids: Sequence[UUID]) -> dict[UUID, Row]:
    found = RECORDS[kind].objects.filter(id__in=ids).order_by().values_list(*FIELDS[kind])
    return rows.by_id(Row(kind, values) for values in found)


def _blank(kind: str, found: Sequence[Row]) -> None:
    if found:
        moments = [row.at for row in found]
        mine = RECORDS[kind].objects.filter(id__in=[row.id for row in found])
        blank = {name: BLANK.get(name, "") for name in canonical.PERSONAL[kind]}
        mine.filter(at__gte=min(moments), at__lte=max(moments)).update(**blank)


def _by_stream(fit: Sequence[tuple[Seal, Row]]) -> dict[UUID, list[int]]:
    found: defaultdict[UUID, list[int]] = defaultdict(list)
    for seal, _ in fit:
        found[seal.stream].append(seal.seq)
    return found


def _tell(actor: Actor, stream: UUID, kind: str, seqs: Sequence[int], reason: str) -> None:
    """How many, which by their places, and why. Not whom."""
    places = Places()
    for seq in seqs:
        places.add(seq, seq)
    act = record(
        actor,
        ERASE,
        reason=reason,
        app_id=None if stream == NOWHERE else stream,
        target_kind="audit log",
        target_id=str(stream),
        target_label=f"{len(seqs):,} {kind}{'' if len(seqs) == 1 else 's'}",
        facts={"kind": kind, "rows": len(seqs), "ranges": [list(run) for run in places.runs]},
    )
    claiming.erased(stream, kind, seqs, act)
