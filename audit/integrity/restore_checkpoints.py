"""Writes the files of checkpoints anew from the database after they were lost, and says so for ever."""

from audit.actions import RESTORE
from audit.actors import Actor
from audit.change import record
from audit.integrity import signed_removals
from audit.integrity.sealing import checkpoints, high_water_marks, signing
from audit.integrity.sealing.sealer import seal_all
from audit.models import Checkpoint
from core.clock import now
from core.errors import Invalid, NothingToRestore, Rewritten


def restore(actor: Actor, *, reason: str) -> int:
    """Put what is left of the files aside and write all of them from the database. Returns how many checkpoints.

    Raises NotAllowed, Invalid, NothingToRestore; Rewritten if what is left tells otherwise than the database.
    """
    actor.require(RESTORE)
    if not reason.strip():
        raise Invalid("reason", "Say what happened to the files.")
    kept = list(checkpoints.kept())
    _must_agree({told["number"]: told["hash"] for told in kept})
    known = Checkpoint.objects.count()
    if not checkpoints.trouble() and len(kept) >= known:
        raise NothingToRestore
    folder, mark = f"until-{now():%Y%m%d-%H%M%S}", high_water_marks.read(checkpoints.MARK)
    facts = {"kept": len(kept), "written_to": mark.number if mark else 0, "database": known}
    act = record(
        actor,
        RESTORE,
        reason=reason,
        target_kind="checkpoints",
        target_id=folder,
        target_label=f"{known - len(kept):,} lost checkpoints",
        facts=facts,
    )
    signed_removals.ended(act)
    checkpoints.start_anew(folder)
    while seal_all():
        pass
    checkpoints.keep()
    return Checkpoint.objects.count()


def _must_agree(kept: dict[int, str]) -> None:
    """What the files still hold must be what the database says, and each checkpoint signed by a trusted key."""
    keys, last = signing.known(), 0
    for one in Checkpoint.objects.order_by("number").iterator():
        told = checkpoints.told(one)
        if kept.pop(one.number, told["hash"]) != told["hash"] or one.number != last + 1:
            raise Rewritten
        if any(keys.doubts(signed_removals.line(one))):
            raise Rewritten
        last = one.number
    if kept:
        raise Rewritten
