"""Connection settings of the environment: proxies and certificates. Invalid values are named, but never printed."""

import ipaddress
import os
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from alter.exit_codes import Exit, Failure, usage

PROXY_NAMES = ("all_proxy", "https_proxy", "http_proxy")
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
WRITE_PROXY = (
    "Write http://user:password@proxy.example.com:3128, or socks5://. In the user name and password, "
    "write # as %23, / as %2F, @ as %40 and : as %3A."
)
_DIRECT: Mapping[str, None] = {"all://": None, "http://": None, "https://": None}


def open_http(base_url: str, **options: Any) -> httpx2.Client:
    """An HTTP client for one portal. Raises Failure, which names the invalid variable."""
    for name, value in proxies():
        check_proxy(name, value)
    try:
        return httpx2.Client(mounts=_DIRECT if is_direct(base_url) else None, **options)
    except Exception as error:
        raise _to_failure(error) from None


def proxies() -> Iterator[tuple[str, str]]:
    """The proxy variables and their values."""
    for name, value in os.environ.items():
        if name.lower() in PROXY_NAMES and value.strip():
            yield name, value


def proxy_hint() -> str:
    """The proxy variables that are set, for a hint. Empty: none."""
    names = [name for name, _ in proxies()]
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} set." if names else ""


def is_direct(base_url: str) -> bool:
    """Whether NO_PROXY includes the portal: by name, IP address or range, with or without a port."""
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    entries = ",".join(os.environ.get(name, "") for name in ("no_proxy", "NO_PROXY"))
    return any(_matches(entry.strip(), host, port) for entry in entries.split(","))


def _matches(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    pattern, pattern_port = _split_port(entry)
    if not pattern or (pattern_port and pattern_port != str(port)):
        return False
    address = _parse_ip(host)
    if address is None:
        name = pattern.lower().removeprefix("*").removeprefix(".")
        return host == name or host.endswith(f".{name}")
    try:
        return address in ipaddress.ip_network(pattern, strict=False)
    except (ValueError, TypeError):
        return False


def _split_port(entry: str) -> tuple[str, str]:
    """`[::1]:80`, `[::1]`, `::1`, `10.0.0.0/8` and `example.com:80`, each as a host and a port that may be empty."""
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return host + (rest if rest.startswith("/") else ""), rest.removeprefix(":") if ":" in rest else ""
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, port
    return entry, ""


def _parse_ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def check_proxy(name: str, value: str) -> None:
    """Check the URL of a proxy. Raises Failure."""
    url = value.strip() if "://" in value else f"http://{value.strip()}"
    try:
        parts = urlsplit(url)
        httpx2.Proxy(url)
        is_url = bool(parts.hostname) and parts.path in ("", "/") and not parts.query and not parts.fragment
        port_fits = parts.port != 0
    except Exception:
        # The parser's message may contain the password.
        scheme = url.partition("://")[0].lower()
        if scheme not in PROXY_SCHEMES:
            why = f"{name}: unknown proxy type {scheme}. Use one of {', '.join(PROXY_SCHEMES)}."
            raise usage(why, WRITE_PROXY) from None
        is_url = port_fits = False
    if not (is_url and port_fits):
        raise usage(f"{name} is not a proxy URL.", WRITE_PROXY)


def _to_failure(error: Exception) -> Failure:
    """The error of the variable because of which no client could be created."""
    for name, check in (
        ("SSL_CERT_FILE", _open_file),
        ("SSL_CERT_DIR", _open_dir),
        ("SSLKEYLOGFILE", _append),
    ):
        if path := os.environ.get(name):
            try:
                check(path)
            except (OSError, ValueError) as why:
                reason = getattr(why, "strerror", None) or "it contains no readable certificate"
                return usage(f"{name}: {path} cannot be used: {reason}.", "Correct or unset it.")
    return Failure(
        Exit.ERROR,
        f"No connection can be created: {type(error).__name__}: {error}.",
        "Check the environment: proxies, SSL_CERT_FILE, SSL_CERT_DIR, OPENSSL_CONF.",
    )


def _open_file(path: str) -> None:
    Path(path).open("rb").close()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ValueError from None


def _open_dir(path: str) -> None:
    next(Path(path).iterdir(), None)


def _append(path: str) -> None:
    Path(path).open("ab").close()
