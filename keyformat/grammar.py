"""The grammar of a secret: its kinds, their starts and lengths, the checksum at its end, and its prefix.

A key is `alter_key_<kind>_` and base62 characters up to 40 after `alter_key_`, an access token `alter_pat_` and 40, a
gateway's secret `alter_gateway_` and 40; the last six are a CRC-32 of everything before them, so that a typo is known
without asking the database (the published client insists on the lengths).
"""

import re
import string
import zlib
from collections.abc import Iterator
from typing import NamedTuple

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
CHECKSUM_LENGTH = 6
"""Base62 characters."""
PREFIX_LENGTH = 8
"""Characters after the start that may be shown and logged."""
BODY_LENGTH = 40
"""Characters after `alter_key_`, `alter_pat_` or `alter_gateway_`, the checksum included."""
KEY_START = "alter_key_"
STARTS = {
    "app": "alter_key_app_",
    "agent": "alter_key_agent_",
    "derived": "alter_key_derived_",
    "token": "alter_pat_",
    "gateway": "alter_gateway_",
}
"""How a secret of each kind begins. The first three are keys."""
KEY_KINDS = ("app", "agent", "derived")


def random_length(kind: str) -> int:
    """How many characters of a secret of `kind` follow its start, the checksum included."""
    start = STARTS[kind]
    return BODY_LENGTH - (len(start) - len(KEY_START) if kind in KEY_KINDS else 0)


def _whole(kinds: tuple[str, ...]) -> str:
    return "|".join(f"{STARTS[kind]}[0-9A-Za-z]{{{random_length(kind)}}}" for kind in kinds)


STARTS_PATTERN = r"alter_(?:key_(?:app|agent|derived)|pat|gateway)_"
KEY_PREFIX = re.compile(rf"{KEY_START}(?:app|agent|derived)_[0-9A-Za-z]{{{PREFIX_LENGTH}}}")
"""A key's prefix, whole: as the log keeps it."""
PARTIAL_KEY_PREFIX = re.compile(rf"{KEY_START}(?:app|agent|derived)_[0-9A-Za-z]{{1,{PREFIX_LENGTH}}}")
SECRET = re.compile(_whole(tuple(STARTS)))
_SECRET_BYTES = re.compile(SECRET.pattern.encode())
MAX_LENGTH = max(len(start) + random_length(kind) for kind, start in STARTS.items())
"""Characters of the longest secret."""
_KEY = re.compile(_whole(KEY_KINDS))
_TOKEN = re.compile(_whole(("token",)))
_GATEWAY_SECRET = re.compile(_whole(("gateway",)))
_PREFIX = re.compile(rf"{STARTS_PATTERN}[0-9A-Za-z]{{0,{PREFIX_LENGTH}}}")
_DIGIT_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)


def checksum(body: str) -> str:
    """CRC-32 of `body` in six base62 digits, most significant first."""
    number, last = divmod(zlib.crc32(body.encode()), len(_DIGIT_PAIRS))
    first, middle = divmod(number, len(_DIGIT_PAIRS))
    return _DIGIT_PAIRS[first] + _DIGIT_PAIRS[middle] + _DIGIT_PAIRS[last]


def is_key(text: str) -> bool:
    """Whether `text` has the shape of a key and its checksum holds. Says nothing of whether the key exists."""
    return bool(_KEY.fullmatch(text)) and _checksum_holds(text)


def is_token(text: str) -> bool:
    """Whether `text` has the shape of an access token and its checksum holds."""
    return bool(_TOKEN.fullmatch(text)) and _checksum_holds(text)


def is_gateway_secret(text: str) -> bool:
    """Whether `text` has the shape of a gateway's secret and its checksum holds."""
    return bool(_GATEWAY_SECRET.fullmatch(text)) and _checksum_holds(text)


def is_secret(text: str) -> bool:
    """Whether `text` is a key, an access token or a gateway's secret, by shape and checksum."""
    return bool(SECRET.fullmatch(text)) and _checksum_holds(text)


def _checksum_holds(text: str) -> bool:
    return text[-CHECKSUM_LENGTH:] == checksum(text[:-CHECKSUM_LENGTH])


def find_secret(text: str) -> str:
    """The first thing in `text` that has the shape of a secret of any kind. Empty: there is none."""
    match = SECRET.search(text) if text else None
    return match[0] if match else ""


class Occurrence(NamedTuple):
    """A whole secret in some bytes."""

    secret: bytes
    start: int
    """Offset of its first byte."""


def find_secrets(data: bytes) -> Iterator[Occurrence]:
    """Every key, access token and gateway's secret in `data` whose checksum holds."""
    for match in _SECRET_BYTES.finditer(data):
        if _checksum_holds(match[0].decode()):
            yield Occurrence(match[0], match.start())


def prefix_of(text: str) -> str:
    """The part of a secret that may be shown and logged: its start and eight characters. Empty if it is none."""
    match = _PREFIX.match(text)
    return match[0] if match else ""
