"""What is kept between runs: tokens, each for the portal it is from, and the app a folder is linked to."""

import json
import os
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alter.exit_codes import Exit, Failure, usage

LINK = Path(".alter") / "config.json"
_HERE = ("localhost", "127.0.0.1", "::1")


def folder() -> Path:
    """Where this platform keeps settings of programs."""
    if os.name == "nt" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"]) / "alter"
    return Path(os.environ.get("XDG_CONFIG_HOME") or _home() / ".config") / "alter"


def _home() -> Path:
    try:
        return Path.home()
    except (RuntimeError, KeyError):
        raise usage(
            "There is no home folder to keep a sign-in in.",
            "Set HOME or XDG_CONFIG_HOME; or set ALTER_PAT and ALTER_BASE_URL, and nothing is kept.",
        ) from None


def credentials_path() -> Path:
    """The file that holds tokens. Only its owner may read it."""
    return folder() / "credentials.json"


def parse_base_url(text: str, source: str = "--base-url") -> str:
    """A portal's address, without a slash at its end. Raises Failure."""
    try:
        parts = urlsplit(text.strip())
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.username is not None or parts.query or parts.fragment:
        raise usage(
            f"{source}: {text!r} is not the address of a portal.", "Write https://portal.example.com."
        )
    if parts.scheme == "http" and parts.hostname not in _HERE:
        raise usage(
            f"{source}: {text} is not encrypted, and the token would be read on the way.",
            "Use https. Plain http is for localhost only.",
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


class Credentials:
    """The file of tokens: one for each portal, and which portal was signed in to last."""

    def __init__(self) -> None:
        path = credentials_path()
        kept = _read(path)
        self.current: str | None = kept.get("current")
        self.portals: dict[str, dict[str, Any]] = kept.get("portals", {})
        if not _is_whole(self.current, self.portals):
            raise _damaged(path)

    def token(self, base_url: str) -> str | None:
        """The token for a portal. A token is never sent to another."""
        return self.portals.get(base_url, {}).get("token")

    def keep(self, base_url: str, token: str, **about: Any) -> None:
        """Remember a token, and that this portal is the one to talk to."""
        self.portals[base_url] = {"token": token, **about}
        self.current = base_url
        self._write()

    def forget(self, base_url: str) -> None:
        """Forget a portal's token."""
        self.portals.pop(base_url, None)
        if self.current == base_url:
            self.current = next(iter(self.portals), None)
        self._write()

    def _write(self) -> None:
        write_private(credentials_path(), {"current": self.current, "portals": self.portals})


def check_writable() -> None:
    """Refuse to make what could not be kept. Raises Failure."""
    import tempfile

    path = folder()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> Failure:
    """A place in which nothing can be kept."""
    return usage(
        f"{path} cannot be written: {error.strerror}.",
        "Set XDG_CONFIG_HOME to a folder of yours; or set ALTER_PAT, and nothing is kept.",
    )


def write_private(path: Path, what: dict[str, Any]) -> None:
    """Write JSON that only its owner may read, whole or not at all."""
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # 0600 from the start
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(what, file, indent=2)
            file.write("\n")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def others_may_read(path: Path) -> bool:
    """Whether a file is open to more people than its owner."""
    if os.name == "nt":
        return False
    try:
        return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:  # whoever reads it next says what is wrong with it
        return False


def find_link(start: Path | None = None) -> Path | None:
    """The nearest link file, in this folder or one above it."""
    try:
        here = (start or Path.cwd()).absolute()
        return next((place / LINK for place in (here, *here.parents) if (place / LINK).is_file()), None)
    except FileNotFoundError:
        raise usage(
            "The folder you are in is not there any more.", "Go to another one, or name the app: --app ID."
        ) from None
    except OSError as error:
        raise usage(
            f"{error.filename} cannot be looked at: {error.strerror}.", "Name the app: --app ID."
        ) from None


def linked_app() -> tuple[str, Path] | None:
    """The app this folder is linked to, and the file that says so. Raises Failure."""
    path = find_link()
    if path is None:
        return None
    app_id = _read(path).get("app_id")
    if not isinstance(app_id, str):
        raise usage(f"{path} names no app.", "Link the folder again: alter link ID.")
    return app_id, path


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Failure(Exit.ERROR, f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        kept = None
    if not isinstance(kept, dict):
        raise _damaged(path)
    return kept


def _is_whole(current: object, portals: object) -> bool:
    """Whether what a file of tokens holds has the types that it is written with."""
    tokens = list(portals.values()) if isinstance(portals, dict) else [None]
    return isinstance(current, str | None) and all(
        isinstance(one, dict) and isinstance(one.get("token"), str) for one in tokens
    )


def _damaged(path: Path) -> Failure:
    return Failure(Exit.ERROR, f"{path} is damaged.", "Remove it; then sign in or link again.")
