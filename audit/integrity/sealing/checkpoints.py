"""The checkpoint files outside the database: one line for each checkpoint, one file for each month.

Whoever can write to the database can cut its end off and none of it would tell. The file tells. It is written after
the commit, so it never knows more than the database did; what a crash left out is caught up on. Files that are gone, or
end sooner than they did, are never written anew by themselves: what they knew might be what is missing here.
"""

import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from django.conf import settings

from audit.integrity.sealing import high_water_marks
from audit.models import Checkpoint
from core import file_sink
from core.clock import now

try:
    import fcntl
except ImportError:  # on Windows one process serves
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)
BATCH_SIZE = 1000
MARK = "checkpoints"
GRACE_PERIOD = timedelta(minutes=2)
"""How long after its seal a checkpoint may be missing from the files: others seal, and write, too."""


def folder() -> Path:
    """Where the files are: one for each month."""
    path: Path = settings.CHECKPOINT_DIR
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def files() -> list[Path]:
    """The files there are, the oldest first."""
    return sorted(folder().glob("[0-9][0-9][0-9][0-9]-[0-9][0-9].jsonl"))


def to_line(checkpoint: Checkpoint) -> dict[str, Any]:
    """A checkpoint as JSON: bytes in hex, moments to the microsecond."""
    return {
        "type": "checkpoint",
        "number": checkpoint.number,
        "stream": str(checkpoint.stream),
        "kind": checkpoint.kind,
        "first_seq": checkpoint.first_seq,
        "last_seq": checkpoint.last_seq,
        "root": bytes(checkpoint.root).hex(),
        "previous": bytes(checkpoint.previous).hex(),
        "hash": bytes(checkpoint.hash).hex(),
        "sealed_at": moment(checkpoint.sealed_at),
        "key_id": checkpoint.key_id,
        "signature": bytes(checkpoint.signature).hex(),
        **({"purged_at": moment(checkpoint.purged_at)} if checkpoint.purged_at else {}),
    }


def moment(at: datetime) -> str:
    """An instant in UTC, to the microsecond, as exports and files write it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def write_pending() -> int:
    """Append to the files what they do not know yet; return how many. A disk that is full is told of, and no more."""
    try:
        with _alone():
            return _write_pending()
    except OSError as error:
        log.error("checkpoints cannot be written to %s: %s", settings.CHECKPOINT_DIR, error.strerror)
        return 0


def begin() -> None:
    """Say that nothing has been written yet: before the first checkpoint of a portal."""
    if high_water_marks.read(MARK) is None:
        try:
            high_water_marks.write(MARK, 0, b"")
        except OSError as error:
            log.error("%s cannot be written to: %s", settings.MARKS_DIR, error.strerror)


def resume(newest: Checkpoint) -> None:
    """Before a batch is added: without a mark, begin one if the files are whole, as after an upgrade.

    If they are not, nobody knows whether they ever were: then the mark stays missing, and trouble() says so.
    """
    if high_water_marks.read(MARK) is None and (last := _last()) == (newest.number, bytes(newest.hash)):
        try:
            high_water_marks.write(MARK, *last)
        except OSError as error:
            log.error("%s cannot be written to: %s", settings.MARKS_DIR, error.strerror)


def describe_backlog() -> str:
    """That checkpoints are in the database, and could not be written to the files. Empty: they are in both."""
    newest = Checkpoint.objects.filter(sealed_at__lt=now() - GRACE_PERIOD).order_by("-number").first()
    if newest is None or newest.number <= (last_stored_number() or 0):
        return ""
    write_pending()  # a crash may have come between
    if newest.number <= (last_stored_number() or 0):
        return ""
    message = f"Checkpoint {newest.number} could not be written to the checkpoint files."
    return f"{message} Check the disk space and the permissions of {settings.CHECKPOINT_DIR}."


def describe_problem() -> str:
    """Why nothing is added to the files, and the next step. Empty: nothing is in the way."""
    last = _last()
    if last and not Checkpoint.objects.filter(number=last[0], hash=last[1]).exists():
        message = f"The checkpoint files do not match the database at checkpoint {last[0]}."
        return (
            f"{message} Run .venv/bin/python manage.py check_audit. "
            "If a backup was restored, run .venv/bin/python manage.py reanchor_audit."
        )
    return describe_loss()


def describe_loss() -> str:
    """That the files end sooner than they did, or may have, and the next step. Empty: they do not."""
    if high_water_marks.is_damaged(MARK):
        message = f"Cannot read the checkpoint position file: {settings.MARKS_DIR / MARK}."
        remedy = (
            "Restore it. If it is lost, delete it: it is created again if the checkpoint files are complete."
        )
        return f"{message} {remedy}"
    position = high_water_marks.read(MARK)  # before the files: others write these first, and then the mark
    went_to = position.number if position else _newest()
    last = _last()
    if not went_to or (last is not None and last[0] >= went_to):
        return ""
    ends = f"end with checkpoint {last[0]}" if last else "are missing"
    if position:
        message = f"The checkpoint files {ends}, but were written up to checkpoint {went_to}."
    else:
        message = (
            f"The checkpoint files {ends}, and their position file is missing. "
            f"The database has checkpoints up to {went_to}."
        )
    return f"{message} Restore the files, or run .venv/bin/python manage.py restore_checkpoints."


def is_due(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint is old enough to be in the files."""
    return checkpoint.sealed_at < now() - GRACE_PERIOD


def last_stored_number() -> int | None:
    """The number of the last checkpoint in the files. None: there is none yet."""
    last = _last()
    return last[0] if last else None


def read_stored() -> Iterator[dict[str, Any]]:
    """Every checkpoint in the files, in order. Lines that a crash cut short are left out."""
    for path in files():
        with path.open() as lines:
            for line in lines:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue


def archive(name: str) -> None:
    """Put the present files aside, in a folder of this name: what is written from now on begins a new account."""
    high_water_marks.write(MARK, 0, b"")
    aside = folder() / name
    aside.mkdir(mode=0o700)
    for path in files():
        path.rename(aside / path.name)


def _write_pending() -> int:
    if message := describe_problem():
        log.error(message)
        return 0
    last = _last()
    number = last[0] if last else 0
    count = _append(Checkpoint.objects.filter(number__gt=number).order_by("number").iterator(BATCH_SIZE))
    if read_stored := _last():
        high_water_marks.write(MARK, *read_stored)
    return count


def _newest() -> int:
    """The number of the newest checkpoint of the database. 0: there is none."""
    return Checkpoint.objects.order_by("-number").values_list("number", flat=True).first() or 0


def _last() -> tuple[int, bytes] | None:
    """Number and hash of the last checkpoint in the files."""
    for path in reversed(files()):
        for line in reversed(_tail(path)):
            try:
                to_line = json.loads(line)
                return int(to_line["number"]), bytes.fromhex(to_line["hash"])
            except (ValueError, KeyError, TypeError):
                continue  # a line that a crash cut short
    return None


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time writes: two that seal one after the other may get here together."""
    with (folder() / "lock").open("ab") as lock:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _append(fresh: Iterable[Checkpoint]) -> int:
    """Write each to the file of its month, whole lines at a time; return how many."""
    count, remaining = 0, iter(fresh)
    while batch := list(islice(remaining, BATCH_SIZE)):
        for path, checkpoints in groupby(batch, key=_path):
            lines = [json.dumps(to_line(checkpoint), separators=(",", ":")) for checkpoint in checkpoints]
            file_sink.append(path, lines)
            count += len(lines)
    return count


def _path(checkpoint: Checkpoint) -> Path:
    return folder() / f"{checkpoint.sealed_at.astimezone(UTC):%Y-%m}.jsonl"


def _tail(path: Path, size: int = 8192) -> list[bytes]:
    """The last lines of a file that are whole."""
    with path.open("rb") as opened:
        opened.seek(0, os.SEEK_END)
        opened.seek(max(0, opened.tell() - size))
        return file_sink.whole_lines(opened.read())
