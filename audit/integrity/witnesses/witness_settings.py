"""Parses the settings PORTAL_WITNESS and PORTAL_WITNESS_FOR. Imports no Django."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.hosts import parse_origin
from core.masking import mask_value

PORTAL, FILE, TSA = "portal", "file", "tsa"
MAX_WITNESSES = 8
_NAME = re.compile("[a-z0-9][a-z0-9._-]{0,39}")
_KEY = re.compile("[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Target:
    """One witness."""

    kind: str
    where: str
    """The URL, or the path of the file."""
    public: bytes = b""
    """Of a portal: the key its receipts must be signed with. Empty: the first one it signs with."""

    @property
    def id(self) -> str:
        """What it is called in marks, alarms and the database."""
        return f"witness-{sha256(f'{self.kind} {self.where}'.encode()).hexdigest()[:16]}"

    @property
    def label(self) -> str:
        """What people read."""
        return {PORTAL: "the portal ", FILE: "the file ", TSA: "the time-stamp server "}[
            self.kind
        ] + self.where


def read(text: str) -> Target:
    """One word of PORTAL_WITNESS. Raises ValueError with a sentence."""
    url, _, key = text.partition("#")
    try:
        parts = urlsplit(url.removeprefix("tsa+"))
        fit = bool(parts.scheme == "file" or parse_origin(url.removeprefix("tsa+")))
        path = unquote(parts.path, errors="strict")
    except ValueError:
        fit = False
    if not fit or (key and not _KEY.fullmatch(key)):
        raise ValueError(_refused(text))
    is_file = url.startswith("file:") and not parts.netloc and not parts.query
    if is_file and Path(path).is_absolute() and not key and path.isprintable():
        return Target(FILE, path)
    if parts.scheme in ("https", "http") and parts.hostname:
        if url.startswith("tsa+"):
            return Target(TSA, url.removeprefix("tsa+"))
        return Target(PORTAL, url, bytes.fromhex(key))
    raise ValueError(_refused(text))


def read_all(text: str) -> tuple[Target, ...]:
    """What PORTAL_WITNESS names, with commas or spaces between. Raises ValueError with a sentence."""
    targets = tuple(dict.fromkeys(read(word) for word in re.split(r"[\s,]+", text) if word))
    if len(targets) > MAX_WITNESSES:
        raise ValueError(f"PORTAL_WITNESS names {len(targets)} witnesses: name at most {MAX_WITNESSES}.")
    return targets


def sources(given: Iterable[str]) -> dict[str, bytes]:
    """What PORTAL_WITNESS_FOR names: the portals whose checkpoints are taken, and the public key of each."""
    keys: dict[str, bytes] = {}
    for word in filter(None, (word.strip() for word in given)):
        name, _, key = word.partition(":")
        if not _NAME.fullmatch(name) or not _KEY.fullmatch(key) or name in keys:
            raise ValueError(
                f"PORTAL_WITNESS_FOR: {mask_value(name)!r} cannot be used. Write each portal once, as "
                "name:public-key, with commas between; the key is 64 hex digits, from that portal's page Integrity."
            )
        keys[name] = bytes.fromhex(key)
    return keys


def _refused(text: str) -> str:
    return (
        f"PORTAL_WITNESS: {mask_value(text)!r} cannot be used. Write https://other-portal/witness, "
        "file:///mnt/other/name.jsonl or tsa+https://tsa.example.com, without user names and passwords."
    )
