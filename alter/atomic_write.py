"""Writes a file whole or not at all, for the command and the portal: half an export must not be taken for an export."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the place of `path` once all of it is on the disk. Raises OSError.

    Whatever goes wrong before, what was there is untouched. A pipe or a device is written to as it is.
    """
    there = path.resolve()
    if there.exists() and not there.is_file():
        with there.open("wb") as target:
            yield target
        return
    draft = there.with_name(f".{there.name}.{os.getpid()}.part")
    try:
        with draft.open("xb") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        if there.exists():
            draft.chmod(there.stat().st_mode & 0o7777)
        draft.replace(there)
    finally:
        draft.unlink(missing_ok=True)
