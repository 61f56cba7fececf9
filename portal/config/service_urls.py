"""Reads DATABASE_URL and EMAIL_URL, in which passwords stand as people write them: with `#`, `/`, `@` and `%`.

An address is split at its last `@`, so what stands before it need not be escaped. `%23` means `#`, as in every address;
a `%` without two hex digits behind it means itself. No sentence here repeats a part of what was given.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from core.hosts import parse_host, parse_port
from portal.config.errors import WrongSetting

_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<rest>.*)", re.I)
_PLACE = re.compile(r"(?P<hosts>[^/?]*)(?P<path>/[^?]*)?(?:\?(?P<query>.*))?")
_HOST = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[^:]*))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_QUERY_BEFORE = re.compile(r"[/?].*@.*@|\?[^@]*=")
"""What looks as if a path or a query stood before the last `@`: which of several meanings holds, nobody can tell."""


@dataclass(frozen=True, slots=True)
class ServiceUrl:
    """The address of a service, taken apart."""

    scheme: str
    user: str
    password: str
    hosts: tuple[tuple[str, int | None], ...]
    """Names and ports; a folder in place of a name is that of a socket."""
    path: str
    options: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<ServiceUrl {self.scheme}>"

    @property
    def host(self) -> str:
        """The host's name, or those of several with commas between."""
        return ",".join(host for host, _ in self.hosts)

    @property
    def port(self) -> str:
        """The port, or those of several with commas between; empty where none is said."""
        said = [port for _, port in self.hosts]
        return ",".join("" if port is None else str(port) for port in said) if any(said) else ""


def parse(name: str, url: str, form: str) -> ServiceUrl:
    """The address in the setting `name`, which should look like `form`. Raises WrongSetting."""
    try:
        return _parse(url)
    except _NotOne as wrong:
        raise WrongSetting(f"{name} cannot be read: {wrong}; write {form}.") from None
    except ValueError:  # whose own words would repeat what was given
        raise WrongSetting(f"{name} cannot be read: its host or port is none; write {form}.") from None


class _NotOne(ValueError):
    """What was given is no such address; the text says why."""


def _parse(url: str) -> ServiceUrl:
    address = _ADDRESS.fullmatch(url)
    if address is None:
        raise _NotOne("it begins with no scheme")
    before, at, rest = address["rest"].rpartition("@")
    if at and _QUERY_BEFORE.search(before + at):
        raise _NotOne("an @ stands where it can mean two things: %40 is one that separates nothing")
    place = _PLACE.fullmatch(rest)
    if place is None or "#" in rest:
        raise _NotOne("behind the host a # or an @ is written %23 or %40")
    user, _, password = before.partition(":")
    if at and any(mark in user for mark in "/?#"):
        raise _NotOne("in a user's name / ? and # are written %2F %3F and %23")
    return ServiceUrl(
        address["scheme"].lower(),
        decoded(user),
        decoded(password),
        tuple(_host(host) for host in place["hosts"].split(",")) if place["hosts"] else (),
        decoded((place["path"] or "")[1:]),
        _options(place["query"] or ""),
    )


def decoded(text: str) -> str:
    """`text` with its percent escapes resolved, which must be UTF-8. Raises ValueError."""
    plain = unquote(text, errors="strict")
    if _CONTROL.search(plain):
        raise _NotOne("an escape in it stands for a control character")
    return plain


def _host(text: str) -> tuple[str, int | None]:
    if text[:3].lower() == "%2f":
        return decoded(text), None
    match = _HOST.fullmatch(text)
    if match is None:
        raise _NotOne("its host is none; an IPv6 address stands in brackets")
    port = match["port"]
    return parse_host(decoded(match["host"]) if "%" not in match["host"] else match["host"]), (
        parse_port(port) if port else None
    )


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        if not equals or decoded(name) in options:
            raise _NotOne("behind the ? stand options, each once, as name=value with & between")
        options[decoded(name)] = decoded(value)
    return options
