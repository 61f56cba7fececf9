"""Everything that touches a plaintext: making one and digesting one. Its format: keyformat/grammar.py."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import NoReturn
from urllib.parse import unquote_plus

from django.conf import settings

from keyformat.grammar import (
    ALPHABET,
    CHECKSUM_LENGTH,
    STARTS,
    checksum,
    find_secret,
    prefix_of,
    random_length,
)
from keyformat.redaction import decodings


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


def generate(kind: str) -> Plaintext:
    """A new plaintext of `kind`, one of keyformat's STARTS, from the operating system's randomness."""
    length = random_length(kind) - CHECKSUM_LENGTH
    body = STARTS[kind] + "".join(secrets.choice(ALPHABET) for _ in range(length))
    return Plaintext(body + checksum(body))


def find_in_address(text: str) -> str:
    """The first secret of ours in an address, plain or percent-encoded, once or more often. Empty: there is none."""
    return next(filter(None, map(find_secret, decodings(text, unquote_plus))), "")


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


def pepper_fingerprint(pepper: int) -> str:
    """What may be kept beside the digests to tell one pepper from another: 16 hex digits."""
    return hmac.digest(settings.PEPPERS[pepper], b"mark", "sha256").hex()[:16]


def current_pepper() -> int:
    """The number of the pepper that new digests are made with."""
    return max(settings.PEPPERS)
