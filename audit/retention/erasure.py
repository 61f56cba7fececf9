"""Erases personal data from sealed rows; a hash commitment stays, so that every seal still holds.

The shell alone may. What is erased cannot be brought back: with the salt, whoever guesses a
person could still prove the guess.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit import canonical
from audit.actions import ERASE, ERASE_ELSEWHERE, FORGE, REANCHOR
from audit.actors import Actor
from audit.change import record
from audit.integrity import signed_removals
from audit.integrity.append_only_triggers import maintenance
from audit.integrity.checking import batches
from audit.integrity.checking.removal_claims import PURGE, RowRanges
from audit.integrity.sealing import row_values as rows
from audit.integrity.sealing import sealer
from audit.integrity.sealing.row_values import FIELDS, RECORDS, Row
from audit.models import Pending, Seal
from audit.models.seals import NOWHERE
from audit.retention.personal_data import MIN_LENGTH, Values, known_as, names_at_address
from core.clock import now
from core.errors import Invalid, Unsealed

SCAN_SIZE, BATCH_SIZE = 2_000, 500
"""How many rows are looked at in one statement, and how many are erased in one transaction."""
TIMEOUT = 60.0
"""Seconds to wait for rows that another process seals."""
BLANK: dict[str, Any] = {"context": {}, "changes": {}, "facts": {}, "mac": None}
NEVER_ERASED = (ERASE.name, ERASE_ELSEWHERE.name, PURGE, REANCHOR.name, FORGE.name)
"""Acts that account for rows which are gone. They name rows, not people."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What came of it."""

    rows: int
    unfit: int
    """Rows that do not fit their seals, and were left as they are: they are evidence."""
    kept: int = 0
    """Rows that tell a name in what their seal holds for ever: what a key or an agent is called."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to erase: by an actor's id, by an address they called from, or by names and addresses in any text."""

    actor_id: str = ""
    ip: str = ""
    values: Values = Values(())

    def is_meant(self, row: Row) -> bool:
        """Whether a row was written by them, is about them, or tells a value of theirs in what can be erased."""
        fields = dict(zip(FIELDS[row.kind], row.values, strict=True))
        if self.actor_id and self.actor_id in (fields.get("actor_id"), fields.get("target_id")):
            return True
        if self.ip and fields["ip"] == self.ip:
            return True
        return bool(self.values) and any(
            self.values.are_in(fields[name]) for name in canonical.PERSONAL[row.kind]
        )

    def is_kept_in(self, row: Row) -> bool:
        """Whether a row tells a value of theirs in what its seal holds for ever."""
        return bool(self.values) and any(
            map(self.values.are_in, row.values[: len(canonical.PUBLIC[row.kind])])
        )


def whom(*, actor_id: str = "", ip: str = "", values: Iterable[str] = ()) -> Person:
    """Who is meant by an id, by an address or by values: with all that the record knows them by. Raises Invalid."""
    identifiers = [value.strip() for value in values if value.strip()]
    if sum(map(bool, (actor_id, ip, identifiers))) == 0 or (actor_id and ip):
        raise Invalid("actor_id", "Enter an actor ID or an IP address, or names and email addresses.")
    if short := next((value for value in identifiers if len(value) < MIN_LENGTH), None):
        raise Invalid(
            "values", f"Write at least {MIN_LENGTH} characters: {short} would be found in other words."
        )
    known = known_as(actor_id) if actor_id else names_at_address(ip) if ip else ()
    return Person(actor_id, ip, Values([*identifiers, *known]))


def erase(
    actor: Actor,
    *,
    actor_id: str = "",
    ip: str = "",
    values: Iterable[str] = (),
    app_id: UUID | None = None,
    reason: str,
) -> Erased:
    """Erase whoever has this id, called from this address, or is named by these values, from an app's rows, or all.

    Rows that wait are sealed first. It goes on batch by batch: one that fails leaves those before it erased.
    Raises Invalid, NotAllowed, Unsealed.
    """
    actor.require(ERASE)
    person = whom(actor_id=actor_id, ip=ip, values=values)
    if not reason.strip():
        raise Invalid("reason", "Say why, without naming the person: the reason is kept.")
    if person.values.are_in(reason):
        raise Invalid("reason", "Leave the person out of the reason: it is kept.")
    _seal_first()
    count = unfit = retained = 0
    for kind in RECORDS:
        for ids, skipped in _matching(kind, person, app_id):
            done, left = _step(actor, kind, ids, reason)
            count, unfit, retained = count + done, unfit + left, retained + skipped
    return Erased(count, unfit, retained)


def _seal_first() -> None:
    begun, ends = now(), time.monotonic() + TIMEOUT
    while Pending.objects.filter(at__lte=begun).exists():
        if not sealer.seal_all():
            if time.monotonic() > ends:
                raise Unsealed
            time.sleep(0.05)


def _matching(kind: str, person: Person, app_id: UUID | None) -> Iterator[tuple[list[UUID], int]]:
    """The rows that are meant, some at a time, and how many of a slice tell a name that stays. All are looked at."""
    records = RECORDS[kind].objects.filter(**{"app_id": app_id} if app_id else {}).order_by("id")
    last = UUID(int=0)
    while batch := [
        Row(kind, values) for values in records.filter(id__gt=last).values_list(*FIELDS[kind])[:SCAN_SIZE]
    ]:
        meant = [row.id for row in batch if person.is_meant(row) and not _is_account(row)]
        yield [], sum(map(person.is_kept_in, batch))
        yield from ((meant[start : start + BATCH_SIZE], 0) for start in range(0, len(meant), BATCH_SIZE))
        last = batch[-1].id


def _is_account(row: Row) -> bool:
    return row.kind == "event" and row.values[FIELDS["event"].index("action")] in NEVER_ERASED


def _step(actor: Actor, kind: str, ids: Sequence[UUID], reason: str) -> tuple[int, int]:
    """Erase these, unless they are erased already. Returns how many were, and how many do not fit their seals."""
    if not ids:
        return 0, 0
    with maintenance():
        seals = Seal.objects.select_for_update().filter(row_id__in=ids).exclude(salt=None).order_by("seq")
        rows = _rows(kind, ids)
        pairs = [(seal, rows[seal.row_id]) for seal in seals if seal.row_id in rows]
        fit = [(seal, row) for seal, row in pairs if batches.fits(row, seal)]
        for seal, row in fit:
            commitment = row.commitment(bytes(seal.salt or b""))
            Seal.objects.filter(row_id=seal.row_id).update(salt=None, commitment=commitment)
        _blank(kind, [row for _, row in fit])
        for stream, seqs in _by_stream(fit).items():
            _record(actor, stream, kind, seqs, reason)
    return len(fit), len(pairs) - len(fit)


def _rows(kind: str, ids: Sequence[UUID]) -> dict[UUID, Row]:
    matching = RECORDS[kind].objects.filter(id__in=ids).order_by().values_list(*FIELDS[kind])
    return rows.by_id(Row(kind, values) for values in matching)


def _blank(kind: str, rows: Sequence[Row]) -> None:
    if rows:
        moments = [row.at for row in rows]
        records = RECORDS[kind].objects.filter(id__in=[row.id for row in rows])
        blank = {name: BLANK.get(name, "") for name in (*canonical.PERSONAL[kind], "mac")}
        records.filter(at__gte=min(moments), at__lte=max(moments)).update(**blank)


def _by_stream(fit: Sequence[tuple[Seal, Row]]) -> dict[UUID, list[int]]:
    seqs: defaultdict[UUID, list[int]] = defaultdict(list)
    for seal, _ in fit:
        seqs[seal.stream].append(seal.seq)
    return seqs


def _record(actor: Actor, stream: UUID, kind: str, seqs: Sequence[int], reason: str) -> None:
    """How many, which by their places, and why. Not whom."""
    ranges = RowRanges()
    for seq in seqs:
        ranges.add(seq, seq)
    event = record(
        actor,
        ERASE,
        reason=reason,
        app_id=None if stream == NOWHERE else stream,
        target_kind="audit log",
        target_id=str(stream),
        target_label=f"{len(seqs):,} {kind}{'' if len(seqs) == 1 else 's'}",
        facts={"kind": kind, "rows": len(seqs), "ranges": [list(run) for run in ranges.runs]},
    )
    signed_removals.erased(stream, kind, seqs, event)
