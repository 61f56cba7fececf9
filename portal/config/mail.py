"""How mail leaves the portal, read from EMAIL_URL as it is written."""

from pathlib import Path
from typing import Any

from environ import Env

from portal.config import service_urls
from portal.config.errors import WrongSetting
from portal.config.service_urls import ServiceUrl

FORM = "smtps://user:password@mail.example.com, or smtp+tls:// for STARTTLS"
CONSOLE = "consolemail://"
PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465, "smtp+ssl": 465}
AT_ONCE = ("smtps", "smtp+ssl")
"""The schemes whose connection is encrypted from its first byte (RFC 8314, section 3.3)."""
ELSEWHERE = ("consolemail", "dummymail", "memorymail", "filemail")


def read(url: str, base: Path) -> dict[str, Any]:
    """Django's settings of mail. A folder that is not whole begins at `base`. Raises WrongSetting."""
    parsed = service_urls.parse("EMAIL_URL", url, FORM)
    if parsed.scheme in PORTS:
        return _smtp(parsed)
    if parsed.scheme not in ELSEWHERE:
        raise WrongSetting(f"EMAIL_URL begins with no way to send mail; write {FORM}.")
    settings = {"EMAIL_BACKEND": Env.EMAIL_SCHEMES[parsed.scheme]}
    if parsed.scheme == "filemail":
        if not parsed.path or parsed.hosts:
            raise WrongSetting("EMAIL_URL names no folder: write filemail:////path/to/folder.")
        settings["EMAIL_FILE_PATH"] = str(base / parsed.path)
    return settings


def _smtp(parsed: ServiceUrl) -> dict[str, Any]:
    if len(parsed.hosts) != 1 or not parsed.host or parsed.path or parsed.options:
        raise WrongSetting(f"EMAIL_URL names one host, and no path or options behind it; write {FORM}.")
    return {
        "EMAIL_BACKEND": Env.EMAIL_SCHEMES["smtp"],
        "EMAIL_HOST": parsed.host,
        "EMAIL_PORT": parsed.hosts[0][1] or PORTS[parsed.scheme],
        "EMAIL_HOST_USER": parsed.user,
        "EMAIL_HOST_PASSWORD": parsed.password,
        "EMAIL_USE_TLS": parsed.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parsed.scheme in AT_ONCE,
    }
