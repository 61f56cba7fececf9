"""The value language of address lists: CIDR ranges a key may be used from."""

import ipaddress
from collections.abc import Iterable

from core.addresses import Address, Network, unmapped
from core.hosts import unbracketed
from core.text import sanitize
from keys.errors import InvalidCidr

__all__ = ["Network", "allows", "covers", "parse_networks", "stored_networks"]
MAX_NETWORKS = 100


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Ranges from text; a bare address is a range of one, host bits are dropped. None given: no restriction.

    Raises InvalidCidr for what is no range, for a catch-all `/0`, and for ranges that together are one.
    """
    networks = _merged(_parse(text.strip()) for text in texts if text.strip())
    if len(networks) > MAX_NETWORKS:
        raise InvalidCidr("networks", f"Use at most {MAX_NETWORKS} ranges.")
    for network in networks:
        if network.prefixlen == 0:
            raise InvalidCidr(
                "networks", "These ranges allow every IP address. Use smaller ones, or leave the list empty."
            )
    return networks


def stored_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The ranges a row holds, as they were parsed when it was written."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def allows(networks: Iterable[Network], address: Address | None) -> bool:
    """Whether `address` lies in one of `networks`. An unknown address lies in none."""
    return address is not None and any(
        address.version == network.version and address in network for network in networks
    )


def covers(outer: Iterable[Network], inner: Iterable[Network]) -> bool:
    """Whether every address of `inner` is one of `outer`. Both have been parsed here, so both are merged."""
    outer = tuple(outer)
    return all(any(_within(network, wider) for wider in outer) for network in inner)


def meet(first: Iterable[Network], second: Iterable[Network]) -> tuple[Network, ...]:
    """The ranges of the addresses that both have. None in common: nothing, which is not the same as no restriction."""
    second = tuple(second)
    smaller = (_smaller(a, b) for a in first for b in second)
    return _merged(network for network in smaller if network is not None)


def merge(first: Iterable[Network], second: Iterable[Network]) -> tuple[Network, ...]:
    """The ranges of the addresses that either has."""
    return _merged([*first, *second])


def _smaller(first: Network, second: Network) -> Network | None:
    if _within(first, second):
        return first
    return second if _within(second, first) else None


def _within(network: Network, wider: Network) -> bool:
    return network.version == wider.version and network.subnet_of(wider)  # type: ignore[arg-type]


def _parse(text: str) -> Network:
    try:
        if "%" in text:
            raise ValueError("a zone means something on one machine only")
        network = ipaddress.ip_network(unbracketed(text), strict=False)
    except ValueError:
        raise InvalidCidr(
            "networks", f"{sanitize(text, 60)!r} is not a CIDR range, for example 203.0.113.0/24."
        ) from None
    if network.prefixlen == 0:
        raise InvalidCidr(
            "networks", f"{text} allows every IP address. Use a smaller range, or leave the field empty."
        )
    try:
        return unmapped(network)
    except ValueError as too_wide:
        raise InvalidCidr("networks", str(too_wide)) from None


def _merged(networks: Iterable[Network]) -> tuple[Network, ...]:
    all_of_them = list(networks)
    v4 = [n for n in all_of_them if isinstance(n, ipaddress.IPv4Network)]
    v6 = [n for n in all_of_them if isinstance(n, ipaddress.IPv6Network)]
    return (*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6))
