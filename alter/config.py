"""Stored configuration: a token for each portal, and the app that a folder is linked to."""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alter.exit_codes import Exit, Failure, usage
from keyformat.redaction import redact

LINK = Path(".alter") / "config.json"
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def folder() -> Path:
    """The platform's configuration folder."""
    if os.name == "nt" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"]) / "alter"
    return Path(os.environ.get("XDG_CONFIG_HOME") or _home() / ".config") / "alter"


def _home() -> Path:
    try:
        return Path.home()
    except (RuntimeError, KeyError):
        raise usage(
            "There is no home folder to store the sign-in.",
            "Set HOME or XDG_CONFIG_HOME. Or set ALTER_PAT and ALTER_BASE_URL, and nothing is stored.",
        ) from None


def credentials_path() -> Path:
    """The file with the tokens, readable by its owner only."""
    return folder() / "credentials.json"


def parse_base_url(text: str, source: str = "--base-url") -> str:
    """A portal's URL, without a trailing slash. Raises Failure."""
    try:
        parts = urlsplit(text.strip())
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or parts.username is not None or parts.query or parts.fragment:
        raise usage(
            f"{source}: {_mask(text)!r} is not the URL of a portal.",
            "For example: https://portal.example.com.",
        )
    if parts.scheme == "http" and parts.hostname not in _LOCAL_HOSTS:
        raise usage(
            f"{source}: {_mask(text)} is not encrypted. Your token could be intercepted.",
            "Use https. http is allowed for localhost only.",
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


_USERINFO = re.compile(r"(//|^)[^/?#]*@")


def _mask(url: str) -> str:
    """`url` for a message: without a user name and password, its query and fragment, and with keys cut."""
    return redact(re.split(r"[?#]", _USERINFO.sub(r"\1***@", url.strip()))[0])


class Credentials:
    """The stored tokens, one for each portal, and the portal of the last sign-in."""

    def __init__(self) -> None:
        path = credentials_path()
        stored = _read(path)
        self.current: str | None = stored.get("current")
        self.portals: dict[str, dict[str, Any]] = stored.get("portals", {})
        if not _is_valid(self.current, self.portals):
            raise _damaged(path)

    def token(self, base_url: str) -> str | None:
        """The token of a portal. It is never sent to another one."""
        return self.portals.get(base_url, {}).get("token")

    def store(self, base_url: str, token: str, **details: Any) -> None:
        """Store a token, and make its portal the current one."""
        self.portals[base_url] = {"token": token, **details}
        self.current = base_url
        self._write()

    def forget(self, base_url: str) -> None:
        """Remove the token of a portal."""
        self.portals.pop(base_url, None)
        if self.current == base_url:
            self.current = next(iter(self.portals), None)
        self._write()

    def _write(self) -> None:
        write_private(credentials_path(), {"current": self.current, "portals": self.portals})


def check_writable() -> None:
    """Check that a token could be stored. Raises Failure."""
    import tempfile

    path = folder()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> Failure:
    """The error of a path that cannot be written."""
    return usage(
        f"{path} cannot be written: {error.strerror}.",
        "Set XDG_CONFIG_HOME to a writable folder. Or set ALTER_PAT, and nothing is stored.",
    )


def write_private(path: Path, value: dict[str, Any]) -> None:
    """Write JSON atomically, readable by its owner only."""
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # 0600 from the start
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
            file.write("\n")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def others_may_read(path: Path) -> bool:
    """Whether other users can read a file."""
    if os.name == "nt":
        return False
    try:
        return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:  # the next read reports the error
        return False


def find_link(start: Path | None = None) -> Path | None:
    """The nearest link file, in this folder or one above it."""
    try:
        here = (start or Path.cwd()).absolute()
        return next((place / LINK for place in (here, *here.parents) if (place / LINK).is_file()), None)
    except FileNotFoundError:
        raise usage(
            "The current folder no longer exists.", "Change to another folder, or use --app ID."
        ) from None
    except OSError as error:
        raise usage(f"{error.filename} cannot be read: {error.strerror}.", "Use --app ID.") from None


def linked_app() -> tuple[str, Path] | None:
    """The app this folder is linked to, and the file that says so. Raises Failure."""
    path = find_link()
    if path is None:
        return None
    app_id = _read(path).get("app_id")
    if not isinstance(app_id, str):
        raise usage(f"{path} contains no app id.", "Link the folder again: alter link ID.")
    return app_id, path


def _read(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Failure(Exit.ERROR, f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        stored = None
    if not isinstance(stored, dict):
        raise _damaged(path)
    return stored


def _is_valid(current: object, portals: object) -> bool:
    """Whether the content of the file has the expected types."""
    tokens = list(portals.values()) if isinstance(portals, dict) else [None]
    return isinstance(current, str | None) and all(
        isinstance(entry, dict) and isinstance(entry.get("token"), str) for entry in tokens
    )


def _damaged(path: Path) -> Failure:
    return Failure(Exit.ERROR, f"{path} is damaged.", "Delete it, then sign in or link again.")
