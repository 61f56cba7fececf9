"""The integrity check of the database, in steps of bounded size.

Five things are gone through, one after the other: checkpoints by number, with their rows, against each other and
against those kept outside the database; seals beyond the last checkpoint; rows that neither have a seal nor wait; what
charts count; whether indexes hold what their tables hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce

from audit.integrity.checking import (
    batches,
    checkpoint_files,
    forged_rows,
    indexes,
    schema,
    seal_backlog,
    signed_claims,
    stored_format,
    tally_recount,
    time_ranges,
    triggers,
    unsealed_rows,
)
from audit.integrity.checking.checkpoint_chain import Chain
from audit.integrity.checking.evidence import CheckpointLine, Unreadable
from audit.integrity.checking.findings import Finding, Where
from audit.integrity.checking.removal_claims import RESTORE
from audit.integrity.checking.signed_claims import SignedClaims
from audit.integrity.checking.trust import Trust
from audit.integrity.sealing import checkpoints, pinned_keys, signing
from audit.integrity.sealing.row_values import RECORDS
from audit.integrity.witnesses import status as witnesses
from audit.models import Checkpoint, Event, Seal
from core.errors import Invalid

MAX_ROWS, MAX_CHECKPOINTS, MAX_NUMBERS = 5_000, 200, 20_000
"""How much of each is looked at in one step at the most; of one batch, all of it."""
MAX_BEYOND, MAX_STEPS, MAX_SHOWN = 100, 10, 100


@dataclass(frozen=True, slots=True)
class CheckRange:
    """What is checked."""

    stream: UUID | None = None
    """The app, or NOWHERE. None: all of the portal."""
    kind: str = ""
    """event or call. Empty: both."""
    since: datetime | None = None
    until: datetime | None = None

    def checkpoints(self) -> QuerySet[Checkpoint]:
        """Those that rows of the time may lie under, after the one that windows.begins() names."""
        bounds = {"stream": self.stream, "kind": self.kind or None}
        matching = Checkpoint.objects.filter(
            **{name: value for name, value in bounds.items() if value is not None}
        )
        return time_ranges.up_to(self.until, matching) if self.until else matching

    def includes(self, checkpoint: CheckpointLine) -> bool:
        """Whether a checkpoint is of a stream that is checked."""
        return self.stream in (None, checkpoint.stream) and self.kind in ("", checkpoint.kind)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step found, and the position at which the next begins."""

    findings: list[Finding]
    next_position: str | None
    """None: that was the last."""
    checkpoints: int = 0
    rows: int = 0

    @property
    def wrong(self) -> list[Finding]:
        """What does not hold, without notes."""
        return [finding for finding in self.findings if not finding.is_note]

    @property
    def shown(self) -> list[Finding]:
        """As many as a page shows: what does not hold first, then notes."""
        return sorted(self.findings, key=lambda finding: finding.is_note)[:MAX_SHOWN]


def step(scope: CheckRange, position: str = "", patience: float | None = indexes.STEP_SECONDS) -> Step:
    """Check a bounded piece, from where the one before ended. Raises Invalid for a place that is none.

    `patience`: for how many seconds indexes are looked at. None: to their end.
    """
    part, _, rest = (position or f"c.{time_ranges.begins(scope.since)}").partition(".")
    if part == "c" and rest.isascii() and rest.isdigit() and len(rest) < 19:
        return _numbers(scope, int(rest))
    if part == "s" and not rest:
        forged = forged_rows.findings(scope.stream, scope.kind, (scope.since, scope.until))
        return Step([*_beyond(scope), *forged], unsealed_rows.begin(scope.kind))
    if part == "r":
        findings, rows, further = unsealed_rows.step(
            scope.stream, scope.kind, (scope.since, scope.until), rest
        )
        return Step(findings, further or "t.", rows=rows)
    if part == "t":
        results, further = tally_recount.step(scope.stream, scope.kind, (scope.since, scope.until), rest)
        return Step(results, f"t.{further}" if further else "i.0")
    if part == "i" and rest.isascii() and rest.isdigit() and len(rest) < 4:
        results, following = indexes.step(int(rest), patience=patience)
        return Step([*results, *_unchecked(scope)], None if following is None else f"i.{following}")
    raise Invalid("cursor", "This is not where a step ended.")


def check(scope: CheckRange) -> Iterator[Step]:
    """All steps, one after the other."""
    position: str | None = ""
    while position is not None:
        done = step(scope, position, patience=None)
        yield done
        position = done.next_position


def newest(scope: CheckRange, most: int = 20) -> Step:
    """Check the last few checkpoints of an app, and what lies beside them. Bounded, as a step is."""
    latest = list(scope.checkpoints().order_by("-number")[:most])
    position: str | None = f"c.{latest[-1].number - 1}" if latest else "s"
    beside = replace(scope, since=min((checkpoint.earliest_at for checkpoint in latest), default=None))
    findings, checkpoints, rows = list[Finding](), 0, 0
    for _ in range(MAX_STEPS):
        if position is None:
            break
        done = step(scope if position.startswith("c") else beside, position, patience=indexes.PAGE_SECONDS)
        findings += done.findings
        checkpoints, rows, position = checkpoints + done.checkpoints, rows + done.rows, done.next_position
    return Step(findings, position, checkpoints, rows)


def _numbers(scope: CheckRange, after: int) -> Step:
    """Checkpoints from a number on. The place is the number up to which all have been looked at."""
    last = time_ranges.newest()
    to = min(_far(after), max(last, after))
    batch = list(_few(scope.checkpoints().filter(number__gt=after, number__lte=to).order_by("number")))
    if len(batch) == MAX_CHECKPOINTS or sum(map(_size, batch)) >= MAX_ROWS:
        to = batch[-1].number
    external = {checkpoint.number: checkpoint for checkpoint in checkpoint_files.between(after, to)}
    look, findings, rows = _Checker(signing.known(), external), list[Finding](), 0
    for checkpoint in batch:
        results, count = look.at(checkpoint)
        findings += results
        rows += count
    findings += [*_absent(scope, after, to, external), *_missing_outside(batch, external)]
    findings += stored_format.check_checkpoints(scope.stream, after, to)
    if to < last:
        return Step(findings, f"c.{to}", len(batch), rows)
    return Step([*findings, *_cut(scope, to), *_put_aside(), *_other_evidence()], "s", len(batch), rows)


@dataclass(slots=True)
class _Checker:
    """Goes from checkpoint to checkpoint, of as many streams as there are."""

    trust: Trust
    external: Mapping[int, CheckpointLine]
    """Those outside the database, by number."""
    chains: dict[tuple[UUID, str], Chain] = field(default_factory=dict)
    claims: SignedClaims = field(init=False)

    def __post_init__(self) -> None:
        self.claims = SignedClaims(self.trust)

    def at(self, checkpoint: Checkpoint) -> tuple[list[Finding], int]:
        """What is wrong with a checkpoint, and how many rows of it were looked at."""
        try:
            line = batches.line(checkpoint)
        except Unreadable as why:
            message = f"The checkpoint cannot be read: {why}."
            return [
                Finding("unreadable", message, Where(checkpoint=checkpoint.number, stream=checkpoint.stream))
            ], 0
        links = self._chain(checkpoint).follow(line)
        findings, rows = batches.check(checkpoint, self.claims)
        return [*links, *self._unlike(line), *findings], rows

    def _unlike(self, line: CheckpointLine) -> Iterator[Finding]:
        external = self.external.get(line.number)
        if external and external.hash != line.hash:
            message = "It is not the checkpoint that was kept outside the database under this number."
            yield Finding("rewritten", message, line.where)

    def _chain(self, checkpoint: Checkpoint) -> Chain:
        """The chain as far as the checkpoint before this one."""
        key = (checkpoint.stream, checkpoint.kind)
        if key not in self.chains:
            before = _before(checkpoint)
            self.chains[key] = chain = Chain(checkpoint.kind, self.trust)
            if before:
                chain.last_seq, chain.hash = before.last_seq, bytes(before.hash)
                chain.number, chain.key_id = before.number, before.key_id
        return self.chains[key]


def _before(checkpoint: Checkpoint) -> Checkpoint | None:
    earlier = Checkpoint.objects.filter(
        stream=checkpoint.stream, kind=checkpoint.kind, number__lt=checkpoint.number
    )
    return earlier.filter(first_seq__lte=checkpoint.first_seq).order_by("-first_seq", "-number").first()


def _few(matching: QuerySet[Checkpoint]) -> Iterator[Checkpoint]:
    """As many as one step takes."""
    rows = 0
    for checkpoint in matching[:MAX_CHECKPOINTS]:
        yield checkpoint
        rows += _size(checkpoint)
        if rows >= MAX_ROWS:
            return


def _absent(
    scope: CheckRange, after: int, to: int, external: Mapping[int, CheckpointLine]
) -> Iterator[Finding]:
    """Numbers that no checkpoint has. The files say whose they were."""
    existing = Checkpoint.objects.filter(number__gt=after, number__lte=to)
    if existing.count() >= to - after:
        return
    known = set(existing.values_list("number", flat=True))
    yield from (
        _gone(checkpoint, "missing")
        for checkpoint in external.values()
        if checkpoint.number not in known and scope.includes(checkpoint)
    )
    for before, following in pairwise([after, *sorted(known), to + 1]):
        for number in range(before + 1, min(following, before + 1 + MAX_SHOWN)):
            if number not in external:
                message = f"There is no checkpoint {number}, and later ones."
                yield Finding("number", message, Where(checkpoint=number))


def _far(after: int) -> int:
    """How far one step may go: over a gap, however wide somebody made it, in one stride."""
    following = (
        Checkpoint.objects.filter(
            number__gt=after, number__lt=1 << 62
        )  # which no text is, as in windows.newest()
        .order_by("number")
        .values_list("number", flat=True)
        .first()
    )
    return max(after + MAX_NUMBERS, following or 0)


def _missing_outside(
    batch: Sequence[Checkpoint], external: Mapping[int, CheckpointLine]
) -> Iterator[Finding]:
    """Checkpoints that the files should know and do not: a finding for each row of neighbours."""
    gone = [
        checkpoint
        for checkpoint in batch
        if checkpoint.number not in external and checkpoints.is_due(checkpoint)
    ]
    for at, checkpoint in enumerate(gone if checkpoint_files.is_there() else ()):
        if at == 0 or checkpoint.number != gone[at - 1].number + 1:
            absent = f"Checkpoint {checkpoint.number} and what follows it"
            message = f"{absent} is not among those kept outside the database."
            yield Finding(
                "unkept",
                message,
                Where(
                    checkpoint.kind,
                    checkpoint.first_seq,
                    checkpoint=checkpoint.number,
                    stream=checkpoint.stream,
                ),
            )


def _cut(scope: CheckRange, last: int) -> Iterator[Finding]:
    """What the files know after the last checkpoint there is."""
    ahead = [
        checkpoint
        for checkpoint in checkpoint_files.between(last, last + MAX_NUMBERS)
        if scope.includes(checkpoint)
    ]
    existing = set(
        Checkpoint.objects.filter(number__in=[checkpoint.number for checkpoint in ahead]).values_list(
            "number", flat=True
        )
    )
    yield from (_gone(checkpoint, "cut") for checkpoint in ahead if checkpoint.number not in existing)
    if last and not checkpoint_files.is_there():
        message = "No checkpoints are kept outside the database to compare with."
        yield Finding(
            "unkept",
            f"{message} Bring the files back, or run .venv/bin/python manage.py restore_checkpoints.",
        )


def _gone(checkpoint: CheckpointLine, what: str) -> Finding:
    rows = f"{checkpoint.kind}s {checkpoint.first_seq} to {checkpoint.last_seq}"
    message = f"Checkpoint {checkpoint.number}, of the {rows}, is kept and not here."
    return Finding(what, message, checkpoint.where)


def _other_evidence() -> Iterator[Finding]:
    """What else proves the record: files, fences, the sealer, witnesses, keys that followed without a handover."""
    yield from stored_format.check_claims()
    looks = {
        "unkept": checkpoints.describe_loss,
        "fence": triggers.broken,
        "schema": schema.changed,
        "stalled": seal_backlog.trouble,
    }
    yield from (Finding(what, message) for what, look in looks.items() if (message := look()))
    yield from (Finding("silent", message) for _, message in witnesses.wrong())
    for line in pinned_keys.lines():
        if line.before is not None and not line.is_vouched_for():
            message = f"The seal key {line.id} followed another that did not sign it, {line.since[:10]}: {line.reason}"
            yield Finding("unlinked", message)


def _put_aside() -> Iterator[Finding]:
    """Accounts outside the database that were ended: the portal must have signed of each how that came to be."""
    for folder in checkpoint_files.put_aside():
        claim = signed_claims.ended(folder.name, signing.known())
        if claim is None:
            message = f"The checkpoints in {folder.name} were put aside, and no signed act says so."
            yield Finding("cut", message)
        else:
            event = Event.objects.filter(id=claim["act"]).first()
            yield Finding(*_ended(claim, event), Where("event", row_id=UUID(claim["act"])))


def _ended(claim: Mapping[str, Any], event: Event | None) -> tuple[str, str]:
    """What to call it, and to say of it."""
    day, reason = claim["at"][:10], event.reason if event else "the act has been purged"
    who = event.actor_label if event else "somebody"
    if claim["action"] == RESTORE:
        return "restored", f"On {day} {who} had the files of checkpoints written anew: {reason}"
    both = f"{who} and {claim.get('confirmed_by')}"
    gave_up = f"{claim.get('agreed', 0) + 1} to {claim.get('kept', 0)}"
    return "reanchored", f"On {day} {both} gave up the checkpoints {gave_up}: {reason}"


def _beyond(scope: CheckRange) -> Iterator[Finding]:
    """Seals that no checkpoint stands above, read with the checkpoints in one statement."""
    for stream in _streams() if scope.stream is None else [scope.stream]:
        for kind in [scope.kind] if scope.kind else RECORDS:
            conditions = {"stream": stream, "kind": kind}
            last = Checkpoint.objects.filter(**conditions).order_by("-first_seq").values("last_seq")[:1]
            seals = Seal.objects.filter(seq__gt=Coalesce(Subquery(last), 0), **conditions).order_by("seq")
            for seal in seals[:MAX_BEYOND]:
                where = Where(kind, seal.seq, seal.row_id, stream=stream)
                yield Finding("inserted", "The row has a seal, and no checkpoint stands above it.", where)


def _unchecked(scope: CheckRange) -> Iterator[Finding]:
    """That nobody can say whether indexes hold all of it: with the check of everything, not each day."""
    if scope == CheckRange() and not indexes.is_possible():
        message = "PostgreSQL's extension amcheck is not there, or this role may not use it."
        yield Finding("unchecked", f"{message} docs/self-hosting.md says how it is given.")


def _streams() -> Iterator[UUID]:
    """Every app with a sealed row. Each is found by a look at an index."""
    last, seals = None, Seal.objects.order_by("stream").values_list("stream", flat=True)
    while (last := (seals.filter(stream__gt=last) if last else seals).first()) is not None:
        yield last


def _size(checkpoint: Checkpoint) -> int:
    return 0 if checkpoint.purged_at else checkpoint.last_seq - checkpoint.first_seq + 1
