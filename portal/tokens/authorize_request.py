"""Reads what a program on someone's own machine asks for when it wants to sign in (RFC 6749, 7636 and 8252)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from agents.names import parse_name
from core.errors import BadRequest, Invalid
from portal.permissions import READING_AND_WRITING
from portal.tokens.lifecycle import parse_challenge, parse_permissions

START_AGAIN = "Nothing was authorized. Start again in the program that opened this page."
_LOOPBACK = re.compile(
    r"(http://(?:127\.0\.0\.1|localhost|\[::1\]):([1-9][0-9]{0,4}))(?:/[A-Za-z0-9._~/-]*)?"
)
_STATE = re.compile(r"[\x20-\x7e]{1,500}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A program's wish to act as whoever says yes, and where it listens for the answer."""

    client: str
    permissions: list[str]
    redirect_uri: str
    origin: str
    """Scheme, host and port of `redirect_uri`: always this machine's."""
    state: str
    challenge: str

    def redirect_url(self, **answer: str) -> str:
        """Where the browser goes with an answer, the state untouched beside it."""
        return f"{self.redirect_uri}?{urlencode(answer | {'state': self.state})}"

    def form_action(self) -> list[str]:
        """What a content security policy must let a form lead to. It has no way to say an IPv6 address."""
        return [] if "[" in self.origin else [self.origin]

    def fields(self) -> dict[str, str]:
        """The wish once more, for the form that answers it."""
        return {
            "client": self.client,
            "scopes": ",".join(self.permissions),
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        }


def parse_request(sent: Mapping[str, str]) -> AuthorizationRequest:
    """The wish in an address or a form. Raises BadRequest, and no browser is sent anywhere."""
    redirect_uri = sent.get("redirect_uri", "")
    match = _LOOPBACK.fullmatch(redirect_uri)
    if not match or int(match[2]) > 65535:
        raise BadRequest(
            "Invalid redirect_uri: use http://127.0.0.1:PORT/ on this computer.", hint=START_AGAIN
        )
    if not _STATE.fullmatch(sent.get("state", "")):
        raise BadRequest("Invalid state: send 1 to 500 printable ASCII characters.", hint=START_AGAIN)
    if sent.get("code_challenge_method") != "S256":
        raise BadRequest("Invalid code_challenge_method: only S256 is supported.", hint=START_AGAIN)
    try:
        return AuthorizationRequest(
            client=parse_name(sent.get("client", ""), "client"),
            permissions=_permissions(sent.get("scopes", "")),
            redirect_uri=redirect_uri,
            origin=match[1],
            state=sent["state"],
            challenge=parse_challenge(sent.get("code_challenge", "")),
        )
    except Invalid as invalid:
        raise BadRequest(f"Invalid {FIELD_NAMES[invalid.field]}: {invalid.why}", hint=START_AGAIN) from None


FIELD_NAMES = {"client": "client name", "permissions": "scopes", "code_challenge": "code_challenge"}
"""What a value of the request is called to someone who did not write it."""


def _permissions(scopes: str) -> list[str]:
    requested = [scope for scope in scopes.replace(" ", ",").split(",") if scope]
    return parse_permissions(requested) if requested else READING_AND_WRITING
