"""Which hosts webhooks may reach: public ones over https, private ones only if listed.

A portal that posts wherever it is told to would be a way into the network it stands in. Names are looked up when
something is sent, and what they lead to is what is judged (core/http_client.py connects to nothing else).
"""

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from core.addresses import Address, parse_address
from core.errors import Invalid
from core.hosts import canonical_url, parse_host, parse_origin
from core.text import sanitize

MAX_LENGTH = 500
METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "fd00:ec2::254", "fd20:ce::254")))
"""Where clouds tell a machine its secrets; elsewhere they do it at a link-local address."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class UnreachableHost(Exception):
    """The endpoint cannot be reached; the text says why."""


def parse_url(text: str) -> str:
    """The URL of a webhook. Raises Invalid."""
    url = _in_ascii(text.strip())
    if sanitize(url, MAX_LENGTH) != url or not url.isascii() or " " in url:
        raise Invalid("url", f"Enter a URL of up to {MAX_LENGTH} ASCII characters that contains no key.")
    parts = _split(url)
    if parts.username is not None or parts.fragment:
        raise Invalid("url", "Remove the user name, password or fragment.")
    try:
        host = parse_origin(url).host
    except ValueError:
        raise Invalid("url", "Enter an https URL: https://siem.example.com/hooks/alter.") from None
    listed = is_listed(host)
    if parts.scheme == "http" and not listed:
        raise Invalid("url", "Use https. Plain http is only allowed for hosts in PORTAL_WEBHOOK_HOSTS.")
    address = _parsed(host)
    if address and not may_reach(address, listed):
        raise Invalid("url", f"{host} is a private address. Add it to PORTAL_WEBHOOK_HOSTS to allow it.")
    return url


def addresses_of(host: str, port: int, *, own: bool = False) -> list[str]:
    """What `host` leads to and may be sent to; with `own`, in the portal's own network too. Raises UnreachableHost."""
    try:
        resolved = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise UnreachableHost(f"DNS lookup failed for {host}.") from None
    listed = own or is_listed(host)
    allowed = [text for text in sorted(resolved) if (address := _parsed(text)) and may_reach(address, listed)]
    if not allowed:
        raise UnreachableHost(f"{host} resolves to an address that is not allowed.")
    return allowed


def is_listed(host: str) -> bool:
    """Whether the operator says that `host` is of the portal's own network and may be sent to."""
    try:
        return parse_host(host) in settings.WEBHOOK_HOSTS
    except ValueError:
        return False


def may_reach(address: Address, listed: bool) -> bool:
    """Whether anything may be sent there. Where machines are told their secrets, never."""
    inner = _embedded(address)
    if inner is not None:
        return may_reach(inner, listed)
    if address.is_link_local or address.is_multicast or address.is_unspecified or address in METADATA:
        return False
    return listed or address.is_global


def _embedded(address: Address) -> Address | None:
    """The IPv4 address that an IPv6 one leads on to. None: it leads nowhere else."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _parsed(host: str) -> Address | None:
    """An address without a port. None: it is a name."""
    return parse_address(f"[{host}]" if ":" in host else host)


def _in_ascii(url: str) -> str:
    """An address whose host is in other letters, with the host as it is looked up (RFC 5891)."""
    try:
        return url if url.isascii() else canonical_url(url)
    except ValueError:
        return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.port == 0:
            raise ValueError
    except ValueError:
        raise Invalid("url", "Invalid URL.") from None
    return parts
