"""Lines reach a file whole or not at all, whatever happens to the disk and to the file meanwhile."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core import file_sink


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """A disk on which no file may be longer: the kernel cuts the write short there, and refuses the next."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


def test_a_full_disk_leaves_neither_half_a_line_nor_lines_that_come_again(path: Path) -> None:
    file_sink.append(path, ["one"])
    for room in range(4, 4 + 12):
        with room_for(room), pytest.raises(OSError, match="too large"):
            file_sink.append(path, ["two", "three", "four"])
        assert path.read_text() == "one\n", room
    file_sink.append(path, ["two", "three", "four"])
    assert path.read_text() == "one\ntwo\nthree\nfour\n"


def test_a_torn_tail_is_cut_back_however_it_is_torn(path: Path) -> None:
    whole = "".join(f"{'é' * n}\n" for n in (1, 40_000, 3))
    for torn in (b"", b"x", b'{"seq":0,"half', "é".encode()[:1], b"y" * 200_000, b"\0" * 5000):
        for before in (b"", whole.encode()):
            path.write_bytes(before + torn)
            file_sink.append(path, ["next"])
            assert path.read_bytes() == before + b"next\n", torn[:5]


def test_what_is_no_file_of_the_portals_is_left_as_it_is(path: Path) -> None:
    theirs = path.with_name("database")
    theirs.write_bytes(b"x" * 1_000_000)
    path.symlink_to(theirs)
    with pytest.raises(OSError, match="is a symbolic link"):
        file_sink.append(path, ["one"])
    with pytest.raises(OSError, match="too long to be the portal's"):
        file_sink.append(theirs, ["one"])
    assert theirs.stat().st_size == 1_000_000
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="is no file"):
        file_sink.append(path, ["one"])
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="is no file"):
        file_sink.append(path, ["one"])
    os.close(reader)
    with pytest.raises(OSError, match="is no file"):
        file_sink.append(Path("/dev/full"), ["one"])
    with pytest.raises(OSError, match="directory"):
        file_sink.append(path.parent, ["one"])


def test_logrotate_may_rename_or_copy_and_truncate(path: Path) -> None:
    file_sink.append(path, ["one"])
    path.rename(path.with_suffix(".1"))
    file_sink.append(path, ["two"])
    assert (path.with_suffix(".1").read_text(), path.read_text()) == ("one\n", "two\n")
    os.truncate(path, 0)
    file_sink.append(path, ["three"])
    assert path.read_text() == "three\n"
