"""Knows one of the portal's keys when it sees one, by shape and checksum, and shows no more than its prefix.

Written again here because the command is installed without the portal; tests/alter/test_keyformat.py compares.
"""

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECK_LENGTH = 6
LONGEST = 54
TOKEN_START = "alter_pat_"
GATEWAY_START = "alter_gateway_"

_KEY = re.compile(
    rb"alter_(?:key_(?:app_[0-9A-Za-z]{36}|agent_[0-9A-Za-z]{34}|derived_[0-9A-Za-z]{32})|pat_[0-9A-Za-z]{40}|gateway_[0-9A-Za-z]{40})"
)
_BEYOND_PREFIX = re.compile(r"(alter_(?:key_(?:app|agent|derived)|pat|gateway)_[0-9A-Za-z]{8})[0-9A-Za-z]+")


class Found(NamedTuple):
    """A whole key, and where it begins."""

    secret: bytes
    start: int


def find(data: bytes) -> Iterator[Found]:
    """Every key or access token in `data` whose checksum holds."""
    for match in _KEY.finditer(data):
        if is_whole(match[0].decode()):
            yield Found(match[0], match.start())


def is_whole(text: str) -> bool:
    """Whether `text` is a key or an access token, of our shape and with a checksum that holds."""
    body, check = text[:-CHECK_LENGTH], text[-CHECK_LENGTH:]
    return bool(_KEY.fullmatch(text.encode(errors="replace"))) and check == checksum(body)


def checksum(body: str) -> str:
    """CRC-32 of `body` in six base62 digits, most significant first."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def redact(text: str) -> str:
    """`text` with every key and token in it cut to its prefix."""
    return _BEYOND_PREFIX.sub(r"\1...", text)
