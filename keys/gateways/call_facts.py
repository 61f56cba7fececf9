"""What was called, as a gateway tells it: believed of one that proved itself, in the one pair of headers it writes.

Method and address decide which call a signature is for, and what the log shows. Whoever writes them decides both.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from core.errors import Refusal
from core.text import HTTP_WHITESPACE
from keys.gateways.directory import KnownGateway, directory
from keys.gateways.errors import GatewayIncomplete, GatewayUnknown

HEADER = "HTTP_X_ALTER_GATEWAY"
PAIRS = {
    "original": ("X-Original-Method", "X-Original-URI"),
    "forwarded": ("X-Forwarded-Method", "X-Forwarded-Uri"),
}
"""The headers that each pair is made of."""
VARIABLES = {
    pair: tuple(f"HTTP_{name.upper().replace('-', '_')}" for name in names) for pair, names in PAIRS.items()
}
"""What a WSGI environment calls them."""
ADDRESSES = tuple(variables[1] for variables in VARIABLES.values())
"""Where an address may stand, whoever wrote it."""

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
"""A token of RFC 9110. Two of them joined are none: a comma is no part of one."""
_TARGET = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|/)[^\x00-\x20\x7f]*")
"""A path, or a whole address. Two of them joined are none: a space is no part of one."""
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


class CallFacts(NamedTuple):
    """What was called. `target` is the address as its caller wrote it; empty: the call was to the door itself."""

    method: str
    target: str = ""
    refusal: Refusal | None = None


def read(meta: Mapping[str, Any]) -> CallFacts:
    """What a request to the door is about, from its WSGI environment. Raises Unavailable."""
    method = str(meta.get("REQUEST_METHOD", ""))
    presented = meta.get(HEADER)
    if presented is None:
        return CallFacts(method)
    gateway = directory.recognize(str(presented).strip(HTTP_WHITESPACE))
    if gateway is None:
        return CallFacts(method, refusal=GatewayUnknown())
    return _told_by(gateway, meta) or CallFacts(method, refusal=_incomplete(gateway))


def _told_by(gateway: KnownGateway, meta: Mapping[str, Any]) -> CallFacts | None:
    """What `gateway` says was called. None: it does not say both, or not in a way that can be read."""
    method, target = (str(meta.get(variable, "")) for variable in VARIABLES[gateway.pair])
    if not (_METHOD.fullmatch(method) and _TARGET.fullmatch(target)):
        return None
    return CallFacts(method, target if target.isascii() else _BEYOND_ASCII.sub(_escaped, target))


def _escaped(match: re.Match[str]) -> str:
    """Bytes that an address may not hold, as an address writes them."""
    return quote(match[0].encode("latin-1", "replace"))


def _incomplete(gateway: KnownGateway) -> Refusal:
    method, target = PAIRS[gateway.pair]
    return GatewayIncomplete(
        f"The gateway {gateway.name} must say once what was called, in {method} and {target}."
    )
