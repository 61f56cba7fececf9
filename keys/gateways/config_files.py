"""The files of docs/gateways as an operator needs them, and the small one beside each that holds the secret."""

import os
from pathlib import Path
from typing import NamedTuple

from django.conf import settings


class GatewayFiles(NamedTuple):
    """What a kind of gateway is set up with."""

    shipped: str
    """The file in docs/gateways."""
    place: str
    """Where it usually goes."""
    pair: str
    """The headers in which it tells what was called."""
    secret_place: str
    """Where it looks for the secret: a file that only its owner may read, unlike the first."""
    secret_line: str
    beside: tuple[tuple[str, str], ...] = ()
    """Further files in docs/gateways, and where they go."""


KINDS = {
    "nginx": GatewayFiles(
        "nginx.conf",
        "/etc/nginx/conf.d/alter-api.conf",
        "original",
        "/etc/nginx/alter-gateway.conf",
        "proxy_set_header X-Alter-Gateway {secret};\n",
    ),
    "caddy": GatewayFiles(
        "Caddyfile",
        "/etc/caddy/Caddyfile",
        "forwarded",
        "/etc/caddy/alter-gateway.env",
        "ALTER_GATEWAY={secret}\n",
    ),
    "traefik": GatewayFiles(
        "traefik.yml",
        "/etc/traefik/dynamic/api.yml",
        "forwarded",
        "/etc/traefik/alter-gateway.env",
        "ALTER_GATEWAY={secret}\n",
    ),
    "haproxy": GatewayFiles(
        "haproxy.cfg",
        "/etc/haproxy/haproxy.cfg",
        "original",
        "/etc/haproxy/alter-gateway.env",
        "ALTER_GATEWAY={secret}\n",
        (("haproxy.lua", "/etc/haproxy/alter.lua"),),
    ),
}


PORTAL = "127.0.0.1:8000"
"""Where the files of docs/gateways have the portal."""


def config_of(kind: str, portal: str, secret_place: str = "") -> str:
    """The file for a gateway of this kind, which asks at `portal` and looks for its secret at `secret_place`."""
    files = KINDS[kind]
    text = read(files.shipped).replace(PORTAL, portal)
    return text.replace(files.secret_place, secret_place or files.secret_place)


def read(name: str) -> str:
    """A file of docs/gateways."""
    return Path(settings.BASE_DIR, "docs/gateways", name).read_text()


def secret_text(kind: str, secret: str) -> str:
    """What the file with the secret says. Without a kind: the secret alone."""
    return KINDS[kind].secret_line.format(secret=secret) if kind else f"{secret}\n"


def open_secret_file(place: Path) -> int:
    """A descriptor of the file, made if need be, which others than its owner and group may not read. Raises OSError."""
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT, 0o600)
    os.fchmod(descriptor, os.fstat(descriptor).st_mode & 0o660)
    return descriptor


def write_secret(descriptor: int, text: str) -> None:
    """Put `text` into the file in place of what it held, on disk, and close it."""
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
