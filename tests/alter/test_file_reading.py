"""`alter scan` finds a key however a file is written, and says what it could not read."""

import bz2
import gzip
import io
import lzma
import os
import socket
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from alter import file_reading
from alter.file_reading import PIECE_SIZE, Hit, Reader
from tests.alter.running import alter
from tests.keys.asking import UNKNOWN

TEXT = f"# ✓ 上海 Ċ\r\nkey = {UNKNOWN}\n"
MARKS = {
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\0\0",
    "utf-32-be": b"\0\0\xfe\xff",
}


def hits(path: str = "file") -> list[Hit]:
    reader = Reader()
    found = [hit for file in reader.walk([Path(path)]) for hit in reader.read(file)]
    assert reader.unread == []
    return found


def unread(*paths: str) -> dict[str, str]:
    reader = Reader()
    for file in reader.walk(map(Path, paths)):
        assert list(reader.read(file)) == []
    return {one.file: one.why for one in reader.unread}


def test_text_of_every_width_order_and_beginning_is_read() -> None:
    for encoding, mark in MARKS.items():
        Path("file").write_bytes(mark + TEXT.encode(encoding))
        assert [(hit.line, hit.secret.decode()) for hit in hits()] == [(2, UNKNOWN)], encoding
        Path("file").write_bytes(TEXT.encode(encoding))
        assert [hit.secret.decode() for hit in hits()] == [UNKNOWN], f"{encoding} without a mark"
    for encoding in ("utf-16-le", "utf-16-be"):
        for before in (PIECE_SIZE // 2 - 20, PIECE_SIZE // 2, PIECE_SIZE - 30):
            Path("file").write_bytes(("\n" * before + UNKNOWN).encode(encoding))
            assert [hit.line for hit in hits()] == [before + 1], (encoding, before)
    for beside in (b"\0" * 3, b"\xff\0\xfe", b"\xff\xfe", b"MZ\x90\0\x03"):
        Path("file").write_bytes(beside + UNKNOWN.encode() + beside + UNKNOWN[:-1].encode())
        assert [hit.secret.decode() for hit in hits()] == [UNKNOWN], beside


def archive(name: str, content: bytes) -> bytes:
    """An archive of one file, in the format of an ending."""
    out = io.BytesIO()
    if name == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("in/side", content)
    elif name == "tar":
        with tarfile.open(fileobj=out, mode="w") as tarred:
            entry = tarfile.TarInfo("in/side")
            entry.size = len(content)
            tarred.addfile(entry, io.BytesIO(content))
    else:
        packers: dict[str, Callable[[bytes], bytes]] = {
            "gz": gzip.compress,
            "bz2": bz2.compress,
            "xz": lzma.compress,
            "git": _object,
        }
        return packers[name](content)
    return out.getvalue()


def _object(content: bytes) -> bytes:
    return zlib.compress(b"blob %d\0" % len(content) + content)


def test_archives_are_read_and_archives_within_them() -> None:
    for outer in ("zip", "tar", "gz", "bz2", "xz", "git"):
        for inner in ("", "zip", "tar", "gz"):
            plain = TEXT.encode("utf-16")
            Path("file").write_bytes(archive(outer, archive(inner, plain) if inner else plain))
            assert [hit.secret.decode() for hit in hits()] == [UNKNOWN], (outer, inner)
    assert hits()[0].file == "file"
    Path("file").write_bytes(archive("gz", archive("tar", TEXT.encode())))
    assert hits()[0][:2] == ("file!in/side", 2)


def test_a_member_that_is_damaged_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as zipped:
        for name in ("a", "b", "c"):
            zipped.writestr(name, f"{name * 9}\n{UNKNOWN if name == 'c' else ''}")
    Path("file").write_bytes(out.getvalue().replace(b"bbbbbbbbb", b"bbbbXbbbb"))
    reader = Reader()
    hits = [hit.file for hit in reader.read(Path("file"))]
    assert (hits[0], [one.file for one in reader.unread]) == ("file!c", ["file!b"])
    monkeypatch.setattr(
        "alter.file_reading.MAX_UNPACKED", 15
    )  # a and what of b was unpacked leave too little for c
    reader = Reader()
    assert list(reader.read(Path("file")))[0].file == "file"
    assert [one.file for one in reader.unread][-1] == "file"


def test_archives_that_are_not_opened_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("zip", "gz", "bz2", "xz", "git"):
        Path("file").write_bytes(archive(name, TEXT.encode() * 50)[:-30])
        assert unread("file")["file"].startswith("damaged"), name
    two = io.BytesIO()
    with tarfile.open(fileobj=two, mode="w") as tarred:
        tarred.addfile(tarfile.TarInfo("a"))
        tarred.addfile(tarfile.TarInfo("b"))
    damaged = bytearray(two.getvalue())
    damaged[512:1024] = b"x" * 512
    Path("file").write_bytes(bytes(damaged))
    assert unread("file") == {"file": "damaged: it ends too early"}
    for start in (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x01", b"\x28\xb5\x2f\xfd", b"PACK\0\0\0\x02"):
        Path("file").write_bytes(start + b"x" * 99)
        assert unread("file")["file"].endswith("archives are not supported"), start
    nested = TEXT.encode()
    for _ in range(6):
        nested = archive("gz", nested)
    Path("file").write_bytes(nested)
    assert "archives are nested more than 4 deep" in unread("file")["file"]
    monkeypatch.setattr(file_reading, "MAX_UNPACKED", 1000)
    Path("file").write_bytes(archive("gz", bytes(10_000)))
    assert unread("file") == {"file": "it unpacks to more than 1 GiB"}


def test_what_is_no_file_is_counted(home: Path) -> None:
    Path("tree").mkdir()
    os.mkfifo("tree/pipe")
    Path("tree/nowhere").symlink_to("gone")
    Path("tree/loop").symlink_to("loop")
    (home / "other").mkdir()
    Path("tree/outside").symlink_to(home / "other")
    Path("tree/inside").symlink_to(".")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("tree/socket")
    why = unread("tree", "/dev/null", "/dev/zero")
    assert sorted(why) == [
        "/dev/null",
        "/dev/zero",
        "tree/loop",
        "tree/nowhere",
        "tree/outside",
        "tree/pipe",
        "tree/socket",
    ]
    assert (why["tree/pipe"], why["/dev/zero"]) == ("a pipe", "a device")


def test_a_folder_without_rights_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for somebody who is not root."""
    Path("tree/closed").mkdir(parents=True)
    scan = os.scandir

    def refused(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    for named in ("tree", "tree/closed"):
        result = alter("scan", "--offline", named)
        assert result.code == 8 and "not read: tree/closed: Permission denied." in result.err, result.err
        assert result.error.startswith("error: No keys found. Not read: 1")


def test_a_living_key_is_worse_than_what_was_not_read() -> None:
    Path("one").write_text(UNKNOWN)
    os.mkfifo("pipe")
    result = alter("scan", "--offline", ".", "--output", "json")
    assert (result.code, len(result.json), "not read: pipe: a pipe." in result.err) == (1, 1, True)


def test_names_of_any_bytes_are_read_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(os.fsdecode(b"na\xffme\x1b[31m\n")).write_text(UNKNOWN)
    assert "na" in alter("scan", "--offline", ".").out
    assert alter("scan", "--offline", ".", "--output", "json").json[0]["file"].startswith("na")
    assert (
        "\x1b"
        not in alter("scan", "--offline", ".").out + alter("scan", "--offline", ".", "--output", "json").out
    )


def test_a_path_of_a_closed_folder_is_not_told_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, **_: object) -> object:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "lstat", refused)
    monkeypatch.setattr(Path, "stat", refused)
    result = alter("scan", "--offline", "closed/file")
    assert (result.code, "not read: closed/file: Permission denied." in result.err) == (8, True)
