"""How the portal is reached, and by whom: settings of hosts, read and judged."""

import ipaddress
from collections.abc import Iterable, Sequence
from email.errors import MessageError
from email.headerregistry import HeaderRegistry
from typing import Any
from urllib.parse import urlsplit

from core.addresses import Network, unmapped
from core.hosts import Origin, format_host, parse_host, parse_origin, unbracketed
from core.masking import mask_value
from portal.config.errors import Reading, WrongSetting

LOCAL = ("localhost", "127.0.0.1", "[::1]")


def origin(given: str) -> Origin | None:
    """The portal's own address; None for none."""
    if not given:
        return None
    with Reading(
        f"PORTAL_ORIGIN is {mask_value(given)!r}: write a scheme and a host, https://keys.example.com, and no path."
    ):
        parts = urlsplit(given)
        if parts.path not in ("", "/") or parts.query or parts.fragment or given.endswith(("?", "#")):
            raise ValueError("more than an origin")
        return _nameable(parse_origin(given))


def _nameable(origin: Origin) -> Origin:
    """Another machine's zone says nothing here, and no browser sends one."""
    if "%" in origin.host:
        raise ValueError("a zone")
    return origin


def allowed_hosts(own: Origin | None, given: Iterable[str]) -> list[str]:
    """Host names that requests may ask for, as Django compares them: `.example.com` stands for all below it."""
    hosts = [format_host(own.host)] if own else []
    for text in given:
        with Reading(
            f"PORTAL_ALLOWED_HOSTS: {mask_value(text)!r} is no host. Write names or addresses with commas between, "
            "without scheme and port."
        ):
            dot = "." if text.startswith(".") else ""
            hosts.append("*" if text == "*" else dot + format_host(parse_host(text.removeprefix("."))))
    return [*hosts, *LOCAL]


def proxies(given: Iterable[str]) -> list[Network]:
    """The networks of the operator's own proxies."""
    return [_network(text) for text in given]


def _network(text: str) -> Network:
    with Reading(_no_range(f"{mask_value(text)!r} is no range of addresses")):
        ipaddress.ip_network(unbracketed(text), strict=False)
    try:
        return unmapped(ipaddress.ip_network(unbracketed(text)))
    except ValueError as wrong:
        raise WrongSetting(_no_range(str(wrong))) from None


def _no_range(why: str) -> str:
    return f"PORTAL_TRUSTED_PROXIES: {why}. Write ranges with commas between: 10.0.0.0/8, 127.0.0.1/32."


def sender(given: str, own: Origin | None) -> str:
    """The From of mail; of itself the portal's name at its own host."""
    if not given:
        return f"alter portal <portal@{_mail_host(own.host if own else 'localhost')}>"
    if not _is_sender(given):
        raise WrongSetting(
            f"PORTAL_EMAIL_FROM is {mask_value(given)!r}: write an address, or a name and an address, alter portal "
            '<portal@example.com>; a name with a comma in it stands in ".'
        )
    return given


def _is_sender(text: str) -> bool:
    try:
        header = HeaderRegistry()("From", text)
    except (MessageError, IndexError):  # what the library says of some, and of others nothing
        return False
    addresses: Sequence[Any] = getattr(header, "addresses", ())
    return not header.defects and len(addresses) == 1 and bool(addresses[0].username and addresses[0].domain)


def _mail_host(host: str) -> str:
    """An address in place of a name is a literal (RFC 5321, section 4.1.3)."""
    if ":" in host:
        return f"[IPv6:{host}]"
    return f"[{host}]" if host.rpartition(".")[2].isdecimal() else host


def web_address(name: str, url: str) -> None:
    """Refuse what is no address of something on the web. Raises WrongSetting."""
    with Reading(f"{name} is {mask_value(url)!r}: write an https address."):
        parse_origin(url)
