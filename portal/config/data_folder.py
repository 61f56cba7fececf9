"""The data folder: what the portal keeps outside its database, made at the first start."""

import errno
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core import file_lock
from core.masking import mask_path
from portal.config.errors import WrongSetting

_NUMBERED = re.compile(r"([1-9][0-9]{0,3}):([0-9a-fA-F]{64,128})")


def path(name: str, given: str, base: Path) -> Path:
    """The path in the setting `name`, as it is written. One that is not whole begins at `base`. Raises WrongSetting."""
    if given != given.lstrip() or given.startswith("~"):
        raise WrongSetting(
            f"{name} is {mask_path(given)!r}: write a path without blanks before it and without ~, "
            "which a shell would replace."
        )
    return base / given


def prepare(folder: Path) -> Path:
    """The data folder, made if need be, open to its owner alone."""
    os.umask(0o077)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:  # one that is closed may be on a disk that takes no change
            folder.chmod(0o700)
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    except OSError as error:
        raise WrongSetting(
            f"PORTAL_DATA: {mask_path(str(folder))} cannot be used as the data folder: {error.strerror}."
        ) from None
    return folder


def secret_key(folder: Path, given: str) -> str:
    """The key that signs sessions and links: PORTAL_SECRET_KEY, or the one made at the first start."""
    if given and len(given) < 50:
        raise WrongSetting("PORTAL_SECRET_KEY is too short: use at least 50 random characters.")
    return given or _kept(folder / "secret-key", lambda: secrets.token_urlsafe(64))


def peppers(folder: Path, given: str) -> dict[int, bytes]:
    """The numbered peppers of docs/decisions/0001: PORTAL_PEPPERS, or the file with number 1 made at first start."""
    text = given or _kept(folder / "peppers", lambda: f"1:{secrets.token_hex(32)}")
    return _numbered(text, "PORTAL_PEPPERS: write each pepper once")


def mac_keys(folder: Path, given: str) -> dict[int, bytes]:
    """The numbered keys of row MACs (docs/decisions/0039): PORTAL_MAC_KEYS, or the file made at first start."""
    text = given or _kept(folder / "mac-keys", lambda: f"1:{secrets.token_hex(32)}")
    return _numbered(text, "PORTAL_MAC_KEYS: write each key once")


def seal_key(folder: Path, given: str) -> bytes:
    """The key that signs the record's checkpoints, 32 bytes: PORTAL_SEAL_KEY, or the one made at first start."""
    text = (given or _kept(folder / "seal-key", lambda: secrets.token_hex(32))).strip()
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise WrongSetting("PORTAL_SEAL_KEY: write 64 hex digits, as in the data folder's file seal-key.")
    return bytes.fromhex(text)


def _numbered(text: str, message: str) -> dict[int, bytes]:
    secrets: dict[int, bytes] = {}
    for entry in re.split(r"[\s,]+", text.strip()):
        pair = _NUMBERED.fullmatch(entry)
        if not pair or int(pair[1]) in secrets:
            raise WrongSetting(f"{message}, as number:hex, 64 hex digits or more, with commas between them.")
        secrets[int(pair[1])] = bytes.fromhex(pair[2])
    return secrets


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The text in `path`, or a new one. Two starting at once agree on it: the file appears whole or not at all."""
    try:
        if not path.exists():
            _make(path, make() + "\n")
        text = path.read_text().strip()
    except OSError as error:
        raise WrongSetting(
            f"PORTAL_DATA: {mask_path(str(path))} cannot be read or written: {error.strerror}."
        ) from None
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise WrongSetting(
            f"PORTAL_DATA: {mask_path(str(path))} is empty or no text: bring it back from a backup; "
            "see docs/self-hosting.md."
        )
    return text


def _make(path: Path, text: str) -> None:
    """Make the file `path`, whole and on the disk, unless another process has by then. Raises OSError."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("x") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            _link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _link(draft: Path, path: Path) -> None:
    """Give `draft` its name, unless that is taken (FileExistsError), on disks without hard links, too."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        with file_lock.file_lock(path.with_name(f"{path.name}.lock")):
            if not path.exists():
                draft.replace(path)
