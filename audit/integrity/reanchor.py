"""Starts the checkpoint files anew from the database, after a restored backup, confirmed by two people.

A backup that was restored knows less than the files do, and a check says so for ever after: rightly, for it looks
like a tail that was cut off. This says who restored it and why, and what was given up.
"""

from audit.actions import REANCHOR
from audit.actors import Actor
from audit.change import record
from audit.integrity import signed_removals
from audit.integrity.checking import checkpoint_files
from audit.integrity.sealing import checkpoints, high_water_marks, sealer
from audit.models import Checkpoint
from core.clock import now
from core.errors import Invalid, NothingToReanchor


def reanchor(actor: Actor, *, confirmed_by: str, reason: str) -> str:
    """Put the files aside and write new ones from the database. Returns the folder they are in now.

    `confirmed_by` is what the log calls the second person. Raises NotAllowed, Invalid, NothingToReanchor.
    """
    actor.require(REANCHOR)
    if not reason.strip():
        raise Invalid("reason", "Say what happened.")
    stored, agreed = checkpoints.last_stored_number() or 0, _agreed()
    if stored == agreed:
        raise NothingToReanchor
    last = Checkpoint.objects.order_by("-number").first()
    folder = f"until-{now():%Y%m%d-%H%M%S}"
    facts = {
        "kept": stored,
        "agreed": agreed,
        "database": last.number if last else 0,
        "confirmed_by": confirmed_by,
    }
    event = record(
        actor,
        REANCHOR,
        reason=reason,
        target_kind="checkpoints",
        target_id=folder,
        target_label=f"checkpoints {agreed + 1} to {stored}",
        facts=facts,
    )
    signed_removals.ended(event)
    checkpoints.archive(folder)
    high_water_marks.archive("witness-", folder)
    while sealer.seal_all():
        pass
    return folder


def _agreed() -> int:
    """The last number under which files and database hold the same checkpoint: before it, they always do."""
    low, high = 0, checkpoints.last_stored_number() or 0
    while low < high:
        middle = (low + high + 1) // 2
        external = checkpoint_files.find_checkpoint(middle)
        if external and Checkpoint.objects.filter(number=middle, hash=external.hash).exists():
            low = middle
        else:
            high = middle - 1
    return low
