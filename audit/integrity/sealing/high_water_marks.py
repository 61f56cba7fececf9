"""High-water marks outside the database: the last checkpoint written to files and to each witness.

Without them a file that was cut, or a witness that forgot, would look like one that has not come as far yet.
"""

import json
import os
import secrets
from pathlib import Path
from typing import NamedTuple

from django.conf import settings


class HighWaterMark(NamedTuple):
    """A checkpoint that was written or acknowledged."""

    number: int
    hash: bytes


def read(name: str) -> HighWaterMark | None:
    """The mark of this name. None: there is none, or it cannot be read."""
    try:
        data = json.loads(_path(name).read_text())
        return HighWaterMark(int(data["number"]), bytes.fromhex(data["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_damaged(name: str) -> bool:
    """Whether a mark is there that cannot be read: it says no more than none, and must not be taken for none."""
    return os.path.lexists(_path(name)) and read(name) is None


def write(name: str, number: int, its_hash: bytes) -> None:
    """Set a mark, whole or not at all. Raises OSError."""
    path = _path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("w") as opened:
            opened.write(json.dumps({"number": number, "hash": its_hash.hex()}) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def archive(prefix: str, name: str) -> None:
    """Begin anew with the marks whose names begin so; those of before are kept under another name."""
    folder: Path = settings.MARKS_DIR
    for path in folder.glob(f"{prefix}*"):
        path.rename(folder / f"{name}-{path.name}")


def _path(name: str) -> Path:
    folder: Path = settings.MARKS_DIR
    return folder / name
