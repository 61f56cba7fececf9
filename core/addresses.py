"""The IP address of a client. X-Forwarded-For is used only from trusted proxies."""

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings

from core.hosts import LINK_LOCAL, ZONE
from core.text import HTTP_WHITESPACE

MAX_LENGTH = 45
"""Characters of the longest address. A key is longer: nothing secret is kept by mistake."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""All of IPv4 as IPv6 addresses (RFC 4291, section 2.5.5.2)."""

_WRITTEN = re.compile(
    r"\[(?P<bracketed>[^\[\]]+)\](?::[0-9]{1,5})?|(?P<with_port>[^:\[\]]+):[0-9]{1,5}|(?P<bare>[^\[\]]+)"
)


def unmapped(network: Network) -> Network:
    """An IPv4-mapped IPv6 range as the IPv4 range it means, because that is how callers are seen.

    Raises ValueError for an IPv6 range that covers all of IPv4 and more.
    """
    if isinstance(network, ipaddress.IPv4Network):
        return network
    if network.supernet_of(MAPPED):
        raise ValueError(f"{network} covers all of IPv4. Write the IPv4 range itself.")
    mapped = network.network_address.ipv4_mapped
    return ipaddress.IPv4Network((mapped, network.prefixlen - MAPPED.prefixlen)) if mapped else network


def parse_address(text: str) -> Address | None:
    """An address from `1.2.3.4`, `1.2.3.4:80`, `::1` or `[::1]:80`; IPv4-mapped IPv6 becomes IPv4. None: no address.

    A zone is taken off a link-local address, and makes any other none: `203.0.113.5%1` is no way to write one.
    """
    return _known(text) if len(text) <= MAX_LENGTH else _parsed(text)


def _parsed(text: str) -> Address | None:
    match = _WRITTEN.fullmatch(text.strip(HTTP_WHITESPACE))
    if match is None:
        return None
    text, percent, zone = (match["bracketed"] or match["with_port"] or match["bare"] or "").partition("%")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if percent and not (address in LINK_LOCAL and ZONE.fullmatch(zone)):
        return None
    if match["bracketed"] and address.version == 4:
        return None
    return getattr(address, "ipv4_mapped", None) or address


_known = lru_cache(4096)(_parsed)


def client_address(meta: Mapping[str, Any]) -> Address | None:
    """The caller's address by WSGI environment.

    REMOTE_ADDR, unless that is a trusted proxy (settings.TRUSTED_PROXIES): then X-Forwarded-For is
    walked from the right to the first hop that is not one. A hop that is no address ends the walk: None. So does an
    empty header: what cannot be read is not what is absent.
    """
    address = parse_address(str(meta.get("REMOTE_ADDR", "")))
    if "HTTP_X_FORWARDED_FOR" not in meta:
        return address
    hops = str(meta["HTTP_X_FORWARDED_FOR"]).split(",")
    while hops and address is not None and is_trusted(address):
        address = parse_address(hops.pop())
    return address


def is_trusted(address: Address) -> bool:
    """Whether `address` is one of the operator's own proxies."""
    return any(address.version == n.version and address in n for n in settings.TRUSTED_PROXIES)
