"""Maps a time range to checkpoints by their signed times.

Of a checkpoint the columns `earliest_at` and `latest_at` are sealed by nothing, and `sealed_at` counts once hash and
signature fit. A checkpoint that is not sure is never a reason to look at less.
"""

from datetime import datetime

from django.db.models import Max, Q, QuerySet

from audit.integrity.checking import batches, checkpoint_files
from audit.integrity.checking.evidence import Unreadable
from audit.integrity.checking.trust import Trust
from audit.integrity.sealing import signing
from audit.models import Checkpoint


def newest() -> int:
    """The highest number that a checkpoint of the database has. 0: there is none."""
    checkpoints = Checkpoint.objects.filter(
        number__lt=1 << 62
    )  # which no text is, that SQLite would have for a number
    return int(checkpoints.aggregate(last=Max("number"))["last"] or 0)


def begins(since: datetime | None) -> int:
    """The number of a checkpoint that is sure and was sealed before the time. 0: all of them are looked at.

    Rows are sealed after their moment, and numbers are given in the order of sealing: what is before is older.
    """
    if since is None:
        return 0
    trust, low, high = signing.known(), 0, newest()
    while low < high:
        middle = (low + high + 1) // 2
        checkpoint = (
            Checkpoint.objects.filter(number__gte=middle, number__lte=high).order_by("number").first()
        )
        if checkpoint and checkpoint.sealed_at < since and _is_sure(checkpoint, trust):
            low = checkpoint.number
        else:
            high = middle - 1
    return low


def up_to(until: datetime, checkpoints: QuerySet[Checkpoint]) -> QuerySet[Checkpoint]:
    """Those that rows before a moment may lie under: sealed up to a day after it, and what says it has older rows."""
    late, trust, low, high = until + batches.LATE, signing.known(), 0, newest() + 1
    while low + 1 < high:
        middle = (low + high) // 2
        checkpoint = Checkpoint.objects.filter(number__gt=low, number__lte=middle).order_by("-number").first()
        if checkpoint and checkpoint.sealed_at >= late and _is_sure(checkpoint, trust):
            high = checkpoint.number
        else:
            low = middle
    return checkpoints.filter(Q(number__lt=high) | Q(earliest_at__lt=until))


def _is_sure(checkpoint: Checkpoint, trust: Trust) -> bool:
    """Whether it is what the portal signed, and what was kept under its number where one was."""
    try:
        line = batches.line(checkpoint)
    except Unreadable:
        return False
    external = checkpoint_files.find_checkpoint(checkpoint.number)
    is_signed = line.recomputed() == line.hash and not any(trust.doubts(line))
    return is_signed and (external is None or external.hash == line.hash)
