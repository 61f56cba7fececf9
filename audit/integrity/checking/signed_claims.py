"""Looks up the signed claims for purged and erased rows, and verifies each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from audit.integrity.checking import evidence, removal_claims, trust
from audit.integrity.checking.evidence import Unreadable
from audit.integrity.checking.removal_claims import ERASE, PURGE, REANCHOR, RESTORE
from audit.integrity.checking.trust import Trust
from audit.integrity.sealing import checkpoints
from audit.models import Checkpoint, Claim, Event
from audit.models.seals import NOWHERE

MAX_CANDIDATES = 100
"""Claims that are tried for one place. Whoever puts in more has made a finding, not an excuse."""
MAX_ACTS = 1_000
NOBODY = "no signed claim says so"
UNSIGNED = "an act says so that nobody signed"


@dataclass(slots=True)
class SignedClaims:
    """The claims of the database, each checked once."""

    trust: Trust
    known: dict[UUID, str] = field(default_factory=dict)
    """Of each claim that was looked at: why it does not count. Empty: it does."""

    def against_purge(self, checkpoint: Checkpoint) -> str:
        """Why the rows of a checkpoint may not be gone. Empty: the portal signed that it let go of them."""
        return self._against(PURGE, checkpoint, checkpoint.first_seq, checkpoint.last_seq)

    def against_erasure(self, checkpoint: Checkpoint, seq: int) -> str:
        """Why the row in a place under a checkpoint may not be erased. Empty: the portal signed that it was."""
        return self._against(ERASE, checkpoint, seq, seq)

    def _against(self, action: str, checkpoint: Checkpoint, first: int, last: int) -> str:
        reasons = []
        for stored in _about(action, checkpoint.stream, checkpoint.kind, first, last):
            reason = self._judged(stored)
            if not reason and (action == PURGE or _erases(stored, checkpoint, first)):
                return ""
            reasons.append(reason or "its claim is of other rows")
        if reasons:
            return reasons[0]
        return UNSIGNED if _is_said(action, checkpoint, first, last) else NOBODY

    def _judged(self, stored: Claim) -> str:
        if stored.id not in self.known:
            self.known[stored.id] = self._judge(stored)
        return self.known[stored.id]

    def _judge(self, stored: Claim) -> str:
        try:
            claim = removal_claims.read(stored.told)
        except (Unreadable, AttributeError) as why:
            return f"its claim cannot be read: {why}"
        spoken_of = (claim.action, claim.stream, claim.kind, claim.first_seq, claim.last_seq)
        if spoken_of != (stored.action, stored.stream, stored.kind, stored.first_seq, stored.last_seq):
            return "its claim is of other rows"
        above = Checkpoint.objects.filter(stream=claim.stream, kind=claim.kind, hash=claim.hash).first()
        if above is None:
            return "its claim is of another checkpoint"
        return claim.unsigned(self.trust) or claim.unfit(evidence.checkpoint(checkpoints.to_line(above)))


def stream_claims(stream: UUID) -> Iterator[Mapping[str, Any]]:
    """Every claim about rows of an app, as it was signed: for an export."""
    claims = Claim.objects.filter(stream=stream, action__in=(PURGE, ERASE)).order_by(
        "kind", "first_seq", "id"
    )
    return claims.values_list("told", flat=True).iterator()


def erasure_claims(checkpoint: Checkpoint) -> list[Mapping[str, Any]]:
    """The claims about erased rows under a checkpoint: for a selection, and for a proof."""
    about = Claim.objects.filter(stream=checkpoint.stream, kind=checkpoint.kind, action=ERASE)
    claims = about.filter(first_seq__gte=checkpoint.first_seq, last_seq__lte=checkpoint.last_seq)
    return list(claims.order_by("first_seq", "id").values_list("told", flat=True))


def ended(folder: str, keys: Trust) -> Mapping[str, Any] | None:
    """What was signed when the account of checkpoints in this folder was ended. None: nothing was."""
    for stored in Claim.objects.filter(action__in=(REANCHOR, RESTORE), stream=NOWHERE):
        claim = (
            stored.told if isinstance(stored.told, dict) else {}
        )  # whoever can write to the table may write anything
        if claim.get("folder") == folder and _is_signed(claim, keys.keys):
            return dict(claim)
    return None


def _is_signed(data: Mapping[str, Any], keys: Mapping[str, bytes]) -> bool:
    try:
        public, signature = keys[data["key_id"]], bytes.fromhex(data["signature"])
        return trust.is_signed(public, removal_claims.signed_bytes(data), signature)
    except (KeyError, ValueError, TypeError):
        return False


def _about(action: str, stream: UUID, kind: str, first: int, last: int) -> Iterator[Claim]:
    about = Claim.objects.filter(stream=stream, kind=kind, action=action)
    return iter(
        about.filter(first_seq__lte=first, last_seq__gte=last).order_by("-first_seq")[:MAX_CANDIDATES]
    )


def _erases(stored: Claim, checkpoint: Checkpoint, seq: int) -> bool:
    claim = removal_claims.read(stored.told)
    return claim.covers(seq) and claim.hash == bytes(checkpoint.hash)


def _is_said(action: str, checkpoint: Checkpoint, first: int, last: int) -> bool:
    """Whether an act on record says so, as acts did before claims were signed."""
    acts = Event.objects.filter(target_id=str(checkpoint.stream), action=action).order_by("-at")
    for facts in acts.values_list("facts", flat=True)[:MAX_ACTS]:
        if not isinstance(facts, dict) or facts.get("kind") != checkpoint.kind:
            continue
        ranges = facts.get("ranges") or [[facts.get("first_seq"), facts.get("last_seq")]]
        if isinstance(ranges, list) and any(_within(run, first, last) for run in ranges):
            return True
    return False


def _within(run: Any, first: int, last: int) -> bool:
    whole = isinstance(run, list) and len(run) == 2 and all(type(seq) is int for seq in run)
    return whole and bool(run[0] <= first and last <= run[1])
