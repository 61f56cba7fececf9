"""Searches files for keys: text in UTF-8, UTF-16 and UTF-32, and archives. Unreadable files are reported.

Bytes are searched as they are and without zeros, which turns UTF-16 and UTF-32 of either byte order into ASCII.
"""

import codecs
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from alter.archives import Member, Unreadable, members_of
from keyformat.grammar import MAX_LENGTH, find_secrets

PIECE_SIZE = 1 << 20
HEAD_SIZE = 4096
MAX_DEPTH = 4
"""Archives within archives."""
MAX_UNPACKED = 1 << 30
"""Bytes that one file may unpack to."""
SKIPPED_FOLDERS = {".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__"}
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""What a text may begin with, the longest first, and what that makes of it."""
SPECIAL_FILES = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a folder"))


class Hit(NamedTuple):
    """A key, and the line that it begins in."""

    file: str
    line: int
    secret: bytes


class Unread(NamedTuple):
    """What was not read, and why."""

    file: str
    why: str


@dataclass
class Reader:
    """Reads what is named, and keeps what it could not read in `unread`."""

    unread: list[Unread] = field(default_factory=list)
    files: int = 0
    _left: int = MAX_UNPACKED

    def walk(self, paths: Iterable[Path]) -> Iterator[Path]:
        """Every file that was named, and every one below a folder that was."""
        roots = [Path(path) for path in paths]
        for root in roots:
            if not _is_folder(root):
                yield root
                continue
            for folder, folders, names in os.walk(root, onerror=self._note_error):
                folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
                for name in folders:
                    self._note_link(Path(folder, name), roots)
                yield from (Path(folder) / name for name in sorted(names))

    def read(self, path: Path) -> Iterator[Hit]:
        """Keys in one file, and in what it holds if it is an archive."""
        self.files += 1
        self._left = MAX_UNPACKED
        try:
            if why := _unfit(path.stat().st_mode):
                self.unread.append(Unread(str(path), why))
                return
            with path.open("rb") as file:
                yield from self._read(str(path), file, 0)
        except OSError as error:
            self._note_error(error, path)

    def _read(self, name: str, file: IO[bytes], depth: int) -> Iterator[Hit]:
        head = file.read(HEAD_SIZE)
        file.seek(0)
        try:
            members = members_of(head, file)
        except Unreadable as why:
            self.unread.append(Unread(name, str(why)))
            members = None
        if members is None or depth == MAX_DEPTH:
            if members is not None:
                self.unread.append(Unread(name, f"archives are nested more than {MAX_DEPTH} deep"))
            file.seek(0)
            yield from self._search(name, head, file)
            return
        before = len(self.unread)
        yield from self._read_members(name, members, depth)
        if len(self.unread) > before:  # what it holds may stand in it as it is
            file.seek(0)
            yield from self._search(name, head, file)

    def _read_members(self, name: str, members: Iterator[Member], depth: int) -> Iterator[Hit]:
        """Keys in what an archive holds. A member that cannot be read hides no other, unless too much was unpacked."""
        try:
            for member in members:
                inner = f"{name}!{member.name}" if member.name else name
                if member.why_not:
                    self.unread.append(Unread(inner, member.why_not))
                    continue
                yield from self._read_member(inner, member, depth)
                if self._left < 0:
                    raise Unreadable("it unpacks to more than 1 GiB")
        except Unreadable as why:
            self.unread.append(Unread(name, str(why)))

    def _read_member(self, name: str, member: Member, depth: int) -> Iterator[Hit]:
        try:
            with member.unpack(self._left) as file:
                file.seek(0, os.SEEK_END)
                self._left -= file.tell()
                file.seek(0)
                yield from self._read(name, file, depth + 1)
        except Unreadable as why:
            self._left -= why.unpacked
            if self._left >= 0:  # otherwise it is said of the archive
                self.unread.append(Unread(name, str(why)))

    def _search(self, name: str, head: bytes, file: IO[bytes]) -> Iterator[Hit]:
        """Keys in a file, which is read in pieces: as bytes first, then as what else it can be."""
        views = _views(head)
        owners: dict[bytes, _View] = {}
        while True:
            piece = file.read(PIECE_SIZE)
            for view in views:
                for line, secret in view.feed(piece, is_last=len(piece) < PIECE_SIZE):
                    if owners.setdefault(secret, view) is view:
                        yield Hit(name, line, secret)
            if len(piece) < PIECE_SIZE:
                return

    def _note_error(self, error: OSError, path: Path | None = None) -> None:
        self.unread.append(Unread(str(error.filename or path or "?"), error.strerror or str(error)))

    def _note_link(self, path: Path, roots: list[Path]) -> None:
        """A link to a folder is not followed; what lies below a root is read there."""
        if not path.is_symlink():
            return
        goal = Path(os.path.realpath(path))
        if not any(goal.is_relative_to(os.path.realpath(root)) for root in roots):
            self.unread.append(Unread(str(path), f"a link to the folder {goal}"))


class _View:
    """One way to see the bytes of a file: as they are, without zeros, or decoded."""

    def __init__(self) -> None:
        self._line, self._kept = 1, b""

    def feed(self, piece: bytes, *, is_last: bool) -> Iterator[tuple[int, bytes]]:
        """Keys in the next piece, which overlaps with the one before by a key."""
        data = self._kept + self.see(piece, is_last)
        end = len(data) if is_last else max(len(data) - MAX_LENGTH, 0)
        for secret, start in find_secrets(data):
            if start < end:
                yield self._line + data.count(b"\n", 0, start), secret
        self._line += data.count(b"\n", 0, end)
        self._kept = data[end:]

    def see(self, piece: bytes, is_last: bool) -> bytes:
        """The piece as it is."""
        return piece


class _WithoutZeros(_View):
    def see(self, piece: bytes, is_last: bool) -> bytes:
        return piece.replace(b"\0", b"")


class _Decoded(_View):
    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def see(self, piece: bytes, is_last: bool) -> bytes:
        return self._decoder.decode(piece, is_last).encode("utf-8", "replace")


def _views(head: bytes) -> list[_View]:
    encoding = _encoding(head)
    return [_View(), *([_Decoded(encoding)] if encoding else []), _WithoutZeros()]


def _encoding(head: bytes) -> str:
    """What a text is encoded in, by its mark, or by where its zeros are; empty for bytes."""
    for mark, name in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even == odd or min(even, odd) * 8 > max(even, odd):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # reading it says why
        return False


def _unfit(mode: int) -> str:
    """Why what is there is not read. Empty: it is a file."""
    if stat.S_ISREG(mode):
        return ""
    return next((name for fits, name in SPECIAL_FILES if fits(mode)), "a device")
