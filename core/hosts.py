"""Parses and formats hosts: names, IPv4 and IPv6 addresses, with and without a port. Imports no Django."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_NAME = 253
"""Characters of the longest name (RFC 1035, section 2.3.4)."""
LINK_LOCAL = ipaddress.IPv6Network("fe80::/10")
"""The only addresses that mean something else in another zone, as in `fe80::1%eth0` (RFC 4007)."""
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
ZONE = re.compile(r"[0-9A-Za-z._~-]{1,15}")
"""The name or the number of a network interface."""
_LIKE_A_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes programs take the whole for an IPv4 address (WHATWG URL, section 3.5)."""
_BRACKETED = re.compile(r"^\[([^\[\]]*:[^\[\]]*)\](?=/|$)")
_WITH_PORT = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, where the port is none that goes without saying."""

    scheme: str
    host: str
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        """Host and port as they stand in an address and in the Host header."""
        return format_host(self.host, self.port)


def parse_host(text: str) -> str:
    """The one spelling of a host: small letters, ASCII, no dot at the end; an IPv6 address short and without brackets.

    Brackets are taken off an IPv6 address. A zone stays with a link-local address, whether `%` or `%25` goes before
    it (RFC 6874). Raises ValueError for what is no host.
    """
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in bare:
        return _parse_ipv6(bare)
    if bare != text:
        raise ValueError("only an IPv6 address stands in brackets")
    return _parse_name(text)


def unbracketed(text: str) -> str:
    """An IPv6 address or range without the brackets that people put around the address."""
    return _BRACKETED.sub(r"\1", text)


def format_host(host: str, port: int | None = None) -> str:
    """A host, and a port if there is one, as they stand in an address or a Host header: IPv6 in brackets."""
    written = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return written if port is None else f"{written}:{port}"


def split_port(text: str) -> tuple[str, int | None]:
    """Host and port of `name:80`, `[::1]:80`, `name`, `[::1]` or `::1`, the host as parse_host() spells it.

    Raises ValueError.
    """
    if text.count(":") > 1 and not text.startswith("["):
        return parse_host(text), None
    match = _WITH_PORT.fullmatch(text)
    if match is None:
        raise ValueError("not a host with a port")
    return parse_host(match["host"]), None if match["port"] is None else parse_port(match["port"])


def parse_port(text: str) -> int:
    """A port, from 1 to 65535. Raises ValueError."""
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise ValueError("a port is a number from 1 to 65535")
    return int(text)


def parse_origin(url: str) -> Origin:
    """The origin that an http or https address begins with. Raises ValueError; so it does for a user's name in it."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or "@" in parts.netloc:
        raise ValueError("not an http or https address without a user")
    host, port = split_port(parts.netloc)
    return Origin(parts.scheme, host, None if port == DEFAULT_PORTS[parts.scheme] else port)


def canonical_url(url: str) -> str:
    """An http or https address with its host in the one spelling, for who looks it up. Raises ValueError."""
    parts = urlsplit(url)
    return parts._replace(netloc=parse_origin(url).netloc).geturl()


def _parse_ipv6(text: str) -> str:
    address, percent, zone = text.partition("%")
    parsed = ipaddress.IPv6Address(address)
    if not percent:
        return str(parsed)
    zone = zone.removeprefix("25") or zone
    if parsed not in LINK_LOCAL or not ZONE.fullmatch(zone):
        raise ValueError("only a link-local address has a zone")
    return f"{parsed}%{zone}"


def _parse_name(text: str) -> str:
    if len(text) > MAX_NAME + 1:
        raise ValueError("longer than a host name can be")
    name = text if text.isascii() else idna.encode(text, uts46=True).decode()
    name = name.lower().removesuffix(".")
    labels = name.split(".")
    if _LIKE_A_NUMBER.fullmatch(labels[-1]):
        return str(ipaddress.IPv4Address(name))
    if len(name) > MAX_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("not a host name")
    return name
