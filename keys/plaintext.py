"""Everything that ever touches a plaintext: making one, knowing one, digesting one.

A key is `alter_key_<kind>_` and base62 characters up to 40 after `alter_key_`, an access token `alter_pat_` and 40, a
gateway's secret `alter_gateway_` and 40; the last six are a CRC-32 of everything before them, so that a typo is known
without asking the database (protocol.md section 4.2).
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from typing import NoReturn
from urllib.parse import unquote_plus

from django.conf import settings

from core.text import decodings

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
KINDS = {
    "app": "alter_key_app_",
    "agent": "alter_key_agent_",
    "derived": "alter_key_derived_",
    "token": "alter_pat_",
    "gateway": "alter_gateway_",
}
SHORTEST_START = "alter_key_"
AFTER_START = 40
"""Characters after `alter_key_`, `alter_pat_` or `alter_gateway_`: the published client insists on it."""
CHECK_LENGTH = 6

_SHOWN = re.compile(r"alter_(?:key_(?:app|agent|derived)|pat|gateway)_[0-9A-Za-z]{0,8}")
_WHOLE = re.compile(r"alter_key_(?:app_[0-9A-Za-z]{36}|agent_[0-9A-Za-z]{34}|derived_[0-9A-Za-z]{32})")
_TOKEN = re.compile(r"alter_pat_[0-9A-Za-z]{40}")
_GATEWAY = re.compile(r"alter_gateway_[0-9A-Za-z]{40}")
_ANY = re.compile(rf"{_WHOLE.pattern}|{_TOKEN.pattern}|{_GATEWAY.pattern}")


class Plaintext:
    """A freshly made secret that can be taken once, and that never shows itself by accident."""

    __slots__ = ("_secret", "fingerprint", "prefix")

    def __init__(self, secret: str) -> None:
        self._secret: str | None = secret
        self.prefix = prefix_of(secret)
        self.fingerprint = sha256(secret).hex()[:8]

    def take(self) -> str:
        """The secret, to whoever asks first. Raises RuntimeError on every later call."""
        secret, self._secret = self._secret, None
        if secret is None:
            raise RuntimeError("this plaintext has been taken")
        return secret

    def digest(self) -> bytes:
        """The digest to store, under the current pepper."""
        if self._secret is None:
            raise RuntimeError("this plaintext has been taken")
        return digest(sha256(self._secret), current_pepper())

    def __repr__(self) -> str:
        return f"<Plaintext {self.prefix}…>"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a plaintext is not written anywhere")

    __getstate__ = __reduce__


_PAIRS = tuple(one + other for one in ALPHABET for other in ALPHABET)
"""Two digits at a time."""


def generate(kind: str) -> Plaintext:
    """A new plaintext of `kind`, one of KINDS, from the operating system's randomness."""
    start = KINDS[kind]
    kind_word = len(start) - len(SHORTEST_START) if start.startswith(SHORTEST_START) else 0
    length = AFTER_START - kind_word - CHECK_LENGTH
    body = start + "".join(secrets.choice(ALPHABET) for _ in range(length))
    return Plaintext(body + checksum(body))


def checksum(body: str) -> str:
    """CRC-32 of `body` in six base62 digits, most significant first."""
    number, last = divmod(zlib.crc32(body.encode()), len(_PAIRS))
    first, middle = divmod(number, len(_PAIRS))
    return _PAIRS[first] + _PAIRS[middle] + _PAIRS[last]


def is_well_formed(presented: str) -> bool:
    """Whether `presented` has the shape of a key and its checksum holds. Says nothing of whether it exists."""
    return bool(_WHOLE.fullmatch(presented)) and _checks(presented)


def is_token(presented: str) -> bool:
    """Whether `presented` has the shape of an access token and its checksum holds."""
    return bool(_TOKEN.fullmatch(presented)) and _checks(presented)


def is_gateway_secret(presented: str) -> bool:
    """Whether `presented` has the shape of a gateway's secret and its checksum holds."""
    return bool(_GATEWAY.fullmatch(presented)) and _checks(presented)


def _checks(presented: str) -> bool:
    return presented[-CHECK_LENGTH:] == checksum(presented[:-CHECK_LENGTH])


def find(text: str) -> str:
    """The first thing in `text` that has the shape of a key. Empty: there is none."""
    found = _WHOLE.search(text) if text else None
    return found[0] if found else ""


def find_in_address(text: str) -> str:
    """The first secret of ours in an address, plain or percent-encoded, once or more often. Empty: there is none."""
    return next(filter(None, map(find_any, decodings(text, unquote_plus))), "")


def find_any(text: str) -> str:
    """The first thing in `text` that has the shape of one of our secrets. Empty: there is none."""
    found = _ANY.search(text) if text else None
    return found[0] if found else ""


def prefix_of(presented: str) -> str:
    """The part of a key that may be shown and logged: its type and eight characters. Empty if it is no key."""
    shown = _SHOWN.match(presented)
    return shown[0] if shown else ""


def sha256(presented: str) -> bytes:
    """What a browser or a scanner may send in place of a key: 32 bytes."""
    return hashlib.sha256(presented.encode(errors="surrogatepass")).digest()


def digest(hashed: bytes, pepper: int) -> bytes:
    """HMAC-SHA-256(pepper, SHA-256(plaintext)): what the database holds, 32 bytes (docs/decisions/0001)."""
    return hmac.digest(settings.PEPPERS[pepper], hashed, "sha256")


def digests(hashed: bytes) -> list[bytes]:
    """The digest under each pepper there is, the current one first."""
    return list(by_digest([hashed]))


def by_digest(hashes: Iterable[bytes]) -> dict[bytes, bytes]:
    """Each digest that one of `hashes` may be kept as, and the hash it is of: to look many up in one read."""
    peppers = [settings.PEPPERS[number] for number in sorted(settings.PEPPERS, reverse=True)]
    return {hmac.digest(pepper, hashed, "sha256"): hashed for hashed in hashes for pepper in peppers}


def mark_of(pepper: int) -> str:
    """What may be kept beside the digests to tell one pepper from another: 16 hex digits."""
    return hmac.digest(settings.PEPPERS[pepper], b"mark", "sha256").hex()[:16]


def current_pepper() -> int:
    """The number of the pepper that new digests are made with."""
    return max(settings.PEPPERS)
