"""What a signed request says and whether its signature holds (docs/sdk.md, Signing).

The key signs; it arrives with every request, so nothing that could sign is ever stored. All the work that
needs the key is done here when the request is read, and what is left of it is plain facts for judge().
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.errors import Refusal
from keys.admission import call_errors, request_target

SKEW = 300
"""Seconds a caller's clock may be off, either way."""
HEADERS = ("X-Alter-Timestamp", "X-Alter-Nonce", "X-Alter-Content-SHA256", "X-Alter-Signature")
NARROWING = ("X-Alter-Scope-Constraints", "X-Alter-Request-Rule")
SECOND_FORM = "X-Alter-Signature-V2"
IDENTITY = {
    "caller": "X-Alter-Caller",
    "caller-type": "X-Alter-Caller-Type",
    "actor-id": "X-Alter-Actor-ID",
    "actor-context": "X-Alter-Context",
}
"""The second form's extra lines, in their order, and the header each repeats."""

_MOMENT = re.compile(r"[0-9]{1,12}", re.ASCII)
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_HEX = re.compile(r"[0-9a-f]{64}")
_SHAPES = dict(zip(HEADERS, (_MOMENT, _NONCE, _HEX, _HEX), strict=True))


EVERY = (*HEADERS, *NARROWING, SECOND_FORM, *IDENTITY.values())
"""All that a signature is made of, or over."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is signed of a request. `path` is decoded (keys/admission/request_target.py), all else is as it came.

    `body` is None where it is not seen: then whoever sees it has to compare it with X-Alter-Content-SHA256.
    """

    method: str
    path: str
    query: str
    body: bytes | None
    headers: Mapping[str, str]
    ambiguous: bool = False
    """Whether what is signed says nothing certain of where the request goes: then no signature fits it."""

    def header(self, name: str) -> str:
        """A header's value; empty if it is absent, which signs the same."""
        return self.headers.get(name) or ""


@dataclass(frozen=True, slots=True)
class Signature:
    """What is known of a request's signature before the key behind it is looked up."""

    missing: tuple[str, ...] = ()
    """The headers it lacks; all of HEADERS if the request is not signed at all."""
    malformed: str = ""
    """The header whose value has the wrong shape."""
    moment: int = 0
    """Unix second at which it says it was made."""
    nonce: str = ""
    body_matches: bool = False
    matches: bool = False
    """Whether it is the signature of this request in the form that its headers call for."""
    first_form_matches: bool = False
    """Whether it is that of the request without its identity headers, which old clients did not sign."""
    replayed: bool = False
    """Whether its nonce has been used with this key before."""

    @property
    def absent(self) -> bool:
        """Whether there is none: not a header of it."""
        return self.missing == HEADERS

    @property
    def covers_identity(self) -> bool:
        """Whether the identity headers may be believed."""
        return self.matches


def read(request: Request, presented: str) -> Signature:
    """The signature on `request`, checked with the key that was `presented` with it."""
    values = {name: request.header(name) for name in HEADERS}
    moment, nonce, content, signature = values.values()
    missing = tuple(name for name, value in values.items() if not value)
    malformed = "" if missing else _malformed(values)
    if missing or malformed:
        return Signature(missing, malformed)
    key, text = signing_key(presented), signed_text(request)
    first = _mac(key, text)
    return Signature(
        moment=int(moment),
        nonce=nonce,
        body_matches=request.body is None
        or hmac.compare_digest(hashlib.sha256(request.body).hexdigest(), content),
        matches=not request.ambiguous and _matches(request, key, text, first, signature),
        first_form_matches=not request.ambiguous and hmac.compare_digest(first, signature),
    )


def fault(signature: Signature, now: datetime, *, required: bool) -> Refusal | None:
    """Why `signature` cannot be taken; None if it can. Unless it is `required`, there may be none,
    and an old client's, which does not cover the identity headers, is good enough."""
    if signature.missing:
        return None if signature.absent and not required else _unsigned(signature.missing)
    if signature.malformed:
        return call_errors.InvalidSignature(f"The header {signature.malformed} is malformed.")
    if abs(signature.moment - now.timestamp()) > SKEW:
        return call_errors.TimestampOutOfRange(server_time=int(now.timestamp()))
    if not signature.body_matches:
        return call_errors.ContentHashMismatch()
    if not (signature.matches or (signature.first_form_matches and not required)):
        return call_errors.InvalidSignature()
    return call_errors.NonceReplayed() if signature.replayed else None


def signing_key(presented: str) -> bytes:
    """The 32 bytes that a key signs with (section 2.2)."""
    return hmac.digest(presented.encode(errors="surrogatepass"), b"alter-signing-v1", "sha256")


def signed_text(request: Request) -> str:
    """What is signed in the first form (section 2.3)."""
    rule = request.header("X-Alter-Request-Rule")
    lines = (
        request.method,
        request_target.canonical(request.path, request.query),
        request.header("X-Alter-Timestamp"),
        request.header("X-Alter-Nonce"),
        request.header("X-Alter-Content-SHA256"),
        request.header("X-Alter-Scope-Constraints"),
        *((f"request-rule:{rule}",) if rule else ()),
    )
    return "\n".join(lines)


def _matches(request: Request, key: bytes, text: str, first: str, signature: str) -> bool:
    """Any identity header calls for the second form, in both headers; without one the first form stands."""
    identity_lines = [
        f"{label}:{value}" for label, name in IDENTITY.items() if (value := request.header(name))
    ]
    expected = _mac(key, "\n".join([text, *identity_lines])) if identity_lines else first
    second = request.header(SECOND_FORM)
    if identity_lines and not second:
        return False
    return hmac.compare_digest(expected, signature) and (not second or _same(expected, second))


def _same(expected: str, presented: str) -> bool:
    """In constant time, whatever characters a stranger may send."""
    return hmac.compare_digest(expected.encode(), presented.encode(errors="replace"))


def _mac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(errors="surrogateescape"), "sha256").hex()


def _malformed(values: Mapping[str, str]) -> str:
    return next((name for name, value in values.items() if not _SHAPES[name].fullmatch(value)), "")


def _unsigned(missing: tuple[str, ...]) -> Refusal:
    return call_errors.SignatureRequired(missing=list(missing))
