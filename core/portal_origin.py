"""The public URL of the portal, with which links in mails and for copying begin."""

from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings

from core.hosts import format_host, split_port

LOCAL = ("localhost", "127.0.0.1", "[::1]")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class Request(Protocol):
    """What is read of a request; layers below the faces know no more of one."""

    META: dict[str, Any]

    @property
    def scheme(self) -> str | None:
        """http or https."""


def portal_origin(request: Request) -> str:
    """Scheme, host and port: PORTAL_ORIGIN, or this machine's name at the port that the server listens on.

    Who asks writes the Host header. It chooses among the operator's names and those of this machine, and nothing
    else: a link in a mail must not lead to another port, where somebody else may listen.
    """
    if settings.ORIGIN:
        return str(settings.ORIGIN)
    scheme, listens = str(request.scheme), str(request.META.get("SERVER_PORT") or "")
    own_port = "" if listens in ("", _DEFAULT_PORTS.get(scheme)) else f":{listens}"
    name, port = _host(request.META)
    if name in settings.ALLOWED_HOSTS and name not in LOCAL and port in ("", listens):
        return f"{scheme}://{name}" + (own_port if port else "")
    return f"{scheme}://{name if name in LOCAL else LOCAL[0]}{own_port}"


def absolute(request: Request, path: str) -> str:
    """The public address of `path`, which begins with a slash."""
    return portal_origin(request) + path


def _host(meta: Mapping[str, Any]) -> tuple[str, str]:
    """The name and the port that were asked for; nothing for what is no host."""
    requested = str(meta.get("HTTP_HOST") or meta.get("SERVER_NAME") or "")
    try:
        host, port = split_port(
            requested if requested.isascii() else ""
        )  # browsers send names as they are looked up
    except ValueError:
        return "", ""
    return format_host(host), "" if port is None else str(port)
