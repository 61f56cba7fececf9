"""Opens archives and compressed files: zip, tar, gzip, bzip2, xz and git's. Others are said to be unreadable."""

import bz2
import gzip
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Protocol

MEMORY = 1 << 22
"""What is unpacked is held in memory up to here, and in a temporary file beyond."""
_STEP = 1 << 16
_BLOCK = 512
TAR_MARK, TAR_MARK_AT = b"ustar", 257
ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
UNKNOWN = (
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"\x1f\x9d", "compress"),
    (b"PACK\x00\x00\x00", "git pack"),
)
"""Archives that are not opened: how they begin, and what they are."""
BROKEN = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError)
DAMAGED = (*BROKEN, zipfile.BadZipFile, tarfile.TarError)
"""What the readers of archives raise for one that is not whole."""


class Unreadable(Exception):
    """An archive or a member that cannot be opened, why, and how many bytes were unpacked before that was known."""

    def __init__(self, why: str, unpacked: int = 0) -> None:
        super().__init__(why)
        self.unpacked = unpacked


class Source(Protocol):
    """As much of a file as unpacking needs."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *_: Any) -> Any: ...

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Member:
    """A file in an archive. An empty name: all there is of a compressed file."""

    name: str
    open: Callable[[], Source]
    why_not: str = ""

    @contextmanager
    def unpack(self, limit: int) -> Iterator[IO[bytes]]:
        """What it holds, in which one can go back and forth. Raises Unreadable, also for more than `limit` bytes."""
        with tempfile.SpooledTemporaryFile(MEMORY) as room:
            try:
                with self.open() as source:
                    while piece := source.read(_STEP):
                        room.write(piece)
                        if room.tell() > limit:
                            raise Unreadable("it unpacks to more than 1 GiB", room.tell())
            except DAMAGED as error:
                raise Unreadable(f"damaged: {error}", room.tell()) from None
            room.seek(0)
            yield room


def members_of(head: bytes, file: IO[bytes]) -> Iterator[Member] | None:
    """What an archive holds, or None for any other file. Raises Unreadable for one that is not opened."""
    if kind := next((kind for mark, kind in UNKNOWN if head.startswith(mark)), None):
        raise Unreadable(f"{kind} archives are not supported")
    if head.startswith(ZIPS):
        return _zipped(file)
    if head[TAR_MARK_AT:].startswith(TAR_MARK):
        return _tarred(file)
    opener = next((opener for mark, opener in COMPRESSED if head.startswith(mark)), None)
    if opener is not None:
        return iter([Member("", lambda: opener(file))])
    if _is_deflated(head):
        return iter([Member("", lambda: _Inflated(file))])
    return None


COMPRESSED: tuple[tuple[bytes, Callable[[Any], Any]], ...] = (
    (b"\x1f\x8b\x08", lambda file: gzip.GzipFile(fileobj=file, mode="rb")),
    *((b"BZh%d1AY&SY" % level, bz2.BZ2File) for level in range(1, 10)),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
)


def _zipped(file: IO[bytes]) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    locked = "it is encrypted" if member.flag_bits & 1 else ""
                    yield Member(member.filename, _opener(archive.open, member), locked)
    except DAMAGED as error:
        raise Unreadable(f"damaged: {error}") from None


def _tarred(file: IO[bytes]) -> Iterator[Member]:
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                if member.isfile():
                    yield Member(member.name, _opener(archive.extractfile, member))
            # tarfile takes whatever is no header for the end, which is a block of zeros.
            file.seek(archive.offset)
            if file.read(_BLOCK) != bytes(_BLOCK):
                raise Unreadable("damaged: it ends too early")
    except DAMAGED as error:
        raise Unreadable(f"damaged: {error}") from None


def _opener(open: Callable[[Any], Any], member: Any) -> Callable[[], Source]:
    return lambda: open(member)


def _is_deflated(head: bytes) -> bool:
    """Whether this is an object of git's: zlib, with a kind of object at its start."""
    if head[:1] != b"x":
        return False
    try:
        start = zlib.decompressobj().decompress(head, 16)
    except zlib.error:
        return False
    return start.startswith((b"blob ", b"tree ", b"commit ", b"tag "))


class _Inflated:
    """An object of git's as a file, without the line that says its kind and size."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._stream = file, zlib.decompressobj()
        self._in_head = True

    def __enter__(self) -> "_Inflated":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing: the file is another's."""

    def read(self, size: int, /) -> bytes:
        """Some of it; empty at its end."""
        while not self._stream.eof:
            data = self._stream.unconsumed_tail or self._file.read(size)
            if not data:
                raise EOFError("it ends too early")
            out = self._stream.decompress(data, size)
            if self._in_head:
                _, end, out = out.partition(b"\0")
                self._in_head = not end
            if out:
                return out
        return b""
