"""A file is written whole or not at all."""

import os
import threading
from pathlib import Path

import pytest

from alter.atomic_write import written_whole


def test_what_was_there_stays_until_all_of_it_is_written(tmp_path: Path) -> None:
    there, link = tmp_path / "audit.jsonl", tmp_path / "latest.jsonl"
    link.symlink_to(there)
    for path in (there, link):
        there.write_bytes(b"before")
        there.chmod(0o640)
        with pytest.raises(OSError, match="full"), written_whole(path) as target:
            target.write(b"half")
            raise OSError(28, "full")
        assert there.read_bytes() == b"before"
        with written_whole(path) as target:
            target.write(b"whole")
        assert (there.read_bytes(), there.stat().st_mode & 0o777, link.is_symlink()) == (
            b"whole",
            0o640,
            True,
        )
        assert sorted(one.name for one in tmp_path.iterdir()) == ["audit.jsonl", "latest.jsonl"]


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with written_whole(pipe) as target:
        target.write(b"whole")
    reader.join(5)
    assert (read, pipe.is_fifo()) == ([b"whole"], True)
