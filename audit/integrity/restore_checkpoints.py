"""Rewrites lost checkpoint files from the database, and records it as an event."""

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
    stored = list(checkpoints.read_stored())
    _must_agree({line["number"]: line["hash"] for line in stored})
    known = Checkpoint.objects.count()
    if not checkpoints.describe_problem() and len(stored) >= known:
        raise NothingToRestore
    folder, position = f"until-{now():%Y%m%d-%H%M%S}", high_water_marks.read(checkpoints.MARK)
    facts = {"kept": len(stored), "written_to": position.number if position else 0, "database": known}
    event = record(
        actor,
        RESTORE,
        reason=reason,
        target_kind="checkpoints",
        target_id=folder,
        target_label=f"{known - len(stored):,} lost checkpoints",
        facts=facts,
    )
    signed_removals.ended(event)
    checkpoints.archive(folder)
    while seal_all():
        pass
    checkpoints.write_pending()
    return Checkpoint.objects.count()


def _must_agree(stored: dict[int, str]) -> None:
    """What the files still hold must be what the database says, and each checkpoint signed by a trusted key."""
    keys, last = signing.known(), 0
    for checkpoint in Checkpoint.objects.order_by("number").iterator():
        line = checkpoints.to_line(checkpoint)
        if stored.pop(checkpoint.number, line["hash"]) != line["hash"] or checkpoint.number != last + 1:
            raise Rewritten
        if any(keys.doubts(signed_removals.line(checkpoint))):
            raise Rewritten
        last = checkpoint.number
    if stored:
        raise Rewritten
