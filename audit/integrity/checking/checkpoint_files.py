"""Searches the checkpoint files outside the database without reading them whole."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from audit.integrity.checking import evidence
from audit.integrity.checking.evidence import CheckpointLine
from audit.integrity.sealing import checkpoints

BISECT_LIMIT = 64 * 1024
"""Bytes that are read through rather than searched."""


def between(after: int, to: int) -> Iterator[CheckpointLine]:
    """The kept checkpoints with numbers above `after` and up to `to`. Lines that a crash cut short are left out."""
    for path in checkpoints.files():
        with path.open("rb") as opened:
            opened.seek(_start(opened, after))
            for line in opened:
                checkpoint = _read(line)
                if checkpoint and checkpoint.number > to:
                    return
                if checkpoint and checkpoint.number > after:
                    yield checkpoint


def find_checkpoint(number: int) -> CheckpointLine | None:
    """The kept checkpoint with this number."""
    return next(between(number - 1, number), None)


def is_there() -> bool:
    """Whether any checkpoint is kept outside the database."""
    return checkpoints.last_stored_number() is not None


def put_aside() -> list[Path]:
    """The folders of accounts that were ended, when a new one was begun."""
    return sorted(path for path in checkpoints.folder().iterdir() if path.is_dir())


def _start(opened: BinaryIO, after: int) -> int:
    """Where a line begins that lies before the first one with a number above `after`, and near it."""
    low, high = 0, opened.seek(0, os.SEEK_END)
    while high - low > BISECT_LIMIT:
        middle = (low + high) // 2
        number = _number_at(opened, middle)
        if number is not None and number <= after:
            low = middle
        else:
            high = middle
    opened.seek(low)
    return low + (len(opened.readline()) if low else 0)


def _number_at(opened: BinaryIO, offset: int) -> int | None:
    """The number of the first whole line after a place in the file."""
    opened.seek(offset)
    opened.readline()
    while line := opened.readline():
        if checkpoint := _read(line):
            return checkpoint.number
    return None


def _read(line: bytes) -> CheckpointLine | None:
    try:
        return evidence.checkpoint(json.loads(line))
    except (ValueError, AttributeError, RecursionError):
        return None
