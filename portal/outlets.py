"""Where the operator says that the record is to be handed on: settings, read and judged. Imports no Django."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from portal.data import WrongSetting

FORMATS = ("json", "ocsf", "cef")


def syslog(given: str) -> str:
    """The address of a syslog server; empty for none."""
    try:
        parts = urlsplit(given)
        by_net = (
            parts.scheme in ("udp", "tcp") and parts.hostname and parts.port and not parts.path.strip("/")
        )
        locally = parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")
    except ValueError:
        by_net = locally = False
    if given and not by_net and not locally:
        raise WrongSetting(
            f"PORTAL_FORWARD_SYSLOG is {given!r}: write udp://host:514, tcp://host:601 or unix:///dev/log."
        )
    return given


def file(given: str) -> Path | None:
    """The file that rows are appended to; None for none."""
    if not given:
        return None
    path = Path(given)
    if not path.is_absolute() or not path.parent.is_dir() or (path.exists() and not path.is_file()):
        raise WrongSetting(
            f"PORTAL_FORWARD_FILE is {given!r}: write a file's whole path, in a folder that is there."
        )
    return path


def form(given: str) -> str:
    """How a row is written."""
    if given not in FORMATS:
        raise WrongSetting(
            f"PORTAL_FORWARD_FORMAT is {given!r}: write {', '.join(FORMATS[:-1])} or {FORMATS[-1]}."
        )
    return given


def hosts(given: Iterable[str]) -> frozenset[str]:
    """Hosts of one's own network that webhooks may be sent to, in small letters."""
    found = frozenset(name.strip().lower() for name in given if name.strip())
    if strange := [name for name in sorted(found) if "/" in name or " " in name or "*" in name]:
        raise WrongSetting(
            f"PORTAL_WEBHOOK_HOSTS: {strange[0]!r} is no host. Write names or addresses with commas between."
        )
    return found
