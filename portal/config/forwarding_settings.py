"""Where the operator says that the record is to be handed on: settings, read and judged. Imports no Django."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from core.hosts import format_host, parse_host, split_port
from core.masking import mask_path, mask_value
from portal.config.errors import Reading, WrongSetting

FORMATS = ("json", "ocsf", "cef")


def syslog(given: str) -> str:
    """The address of a syslog server, its host in the one spelling; empty for none."""
    if not given or given.startswith("unix:///"):
        return given
    with Reading(
        f"PORTAL_FORWARD_SYSLOG is {mask_value(given)!r}: write udp://host:514, tcp://host:601 or unix:///dev/log."
    ):
        parts = urlsplit(given)
        host, port = split_port(parts.netloc)
        if (
            parts.scheme not in ("udp", "tcp")
            or not port
            or parts.path.strip("/")
            or parts.query
            or parts.fragment
        ):
            raise ValueError("not the address of a syslog server")
    return f"{parts.scheme}://{format_host(host, port)}"


def file(given: str) -> Path | None:
    """The file that rows are appended to; None for none."""
    if not given:
        return None
    path = Path(given)
    if not path.is_absolute() or not path.parent.is_dir() or (path.exists() and not path.is_file()):
        raise WrongSetting(
            f"PORTAL_FORWARD_FILE is {mask_path(given)!r}: write a file's whole path, in a folder that is there."
        )
    return path


def hosts(given: Iterable[str]) -> frozenset[str]:
    """Hosts of one's own network that webhooks may be sent to, in the one spelling."""
    names = set()
    for name in filter(None, (name.strip() for name in given)):
        with Reading(
            f"PORTAL_WEBHOOK_HOSTS: {mask_value(name)!r} is no host. Write names or addresses with commas between."
        ):
            names.add(parse_host(name))
    return frozenset(names)
