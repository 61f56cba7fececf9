"""What holds for one run: which portal and token, which app, and how to print. Flags win, then the environment."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, wraps
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from alter import output, streams, undo_commands
from alter.exit_codes import Exit, Failure, usage
from alter.output import Progress, Row, Shape
from alter.param_types import Id, read_named
from keyformat.grammar import STARTS

if TYPE_CHECKING:
    from alter.client import Client
    from alter.config import Credentials

MOST = 1000
"""The longest page the portal gives."""
TOKEN_OPTIONS = ("token_file", "token_stdin", "token")
SIGN_IN = "Run alter auth login, or set ALTER_PAT to an access token."


class Token(NamedTuple):
    """An access token and where it was found."""

    secret: str
    source: str


class Run:
    """The options of every command, and what follows from them."""

    def __init__(self) -> None:
        self._said: dict[str, Any] = {}
        self.shape = Shape("rows", ())

    def note(self, name: str, value: Any) -> None:
        """An option was given."""
        self._said[name] = value

    def said(self, name: str) -> Any:
        """What an option says, or None."""
        return self._said.get(name)

    def begin(self, shape: Shape | None) -> None:
        """Refuse what cannot be printed before anything is done. Raises Failure."""
        if shape is None:
            return
        self.shape = shape
        if self.said("output") == "table" or not self.fields:
            return
        if unknown := [name for name in self.fields if name not in shape.fields]:
            raise usage(f"--fields: there is no field {unknown[0]!r}.", f"Fields: {', '.join(shape.fields)}.")
        if "api_key" in shape.fields and "api_key" not in self.fields:
            raise usage("--fields: without api_key the new key would be lost.", "Name api_key as well.")

    # ── where to ─────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def credentials(self) -> "Credentials":
        """The tokens that are kept."""
        from alter.config import Credentials, credentials_path, others_may_read

        if others_may_read(path := credentials_path()):
            output.complain("warning", f"others may read {path}. Close it: chmod 600 {path}")
        return Credentials()

    @cached_property
    def asked_base_url(self) -> str | None:
        """The portal that was named, or signed in to last."""
        from alter.config import parse_base_url

        if named := self.said("base_url"):
            return parse_base_url(named)
        if named := os.environ.get("ALTER_BASE_URL"):
            return parse_base_url(named, "ALTER_BASE_URL")
        from alter.config import credentials_path

        current = self.credentials.current
        return parse_base_url(current, str(credentials_path())) if current else None

    @property
    def base_url(self) -> str:
        """The portal. Raises Failure if none is known."""
        if self.asked_base_url:
            return self.asked_base_url
        raise usage(
            "No portal is named.", "Give --base-url https://portal.example.com, or set ALTER_BASE_URL."
        )

    @cached_property
    def given_token(self) -> Token | None:
        """The token that was given for this run, not the one that is kept. Raises Failure."""
        given = [name for name in TOKEN_OPTIONS if self.said(name)]
        if len(given) > 1:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in given)
            raise usage(f"{names} are both given.", "Give one token.")
        if self.said("token"):
            output.complain("warning", "--token shows in lists of processes and in the shell's history.")
            return _token(self.said("token"), "--token")
        if path := self.said("token_file"):
            return _token(read_named(path), path)
        if self.said("token_stdin"):
            return _token(sys.stdin.read(), "--token-stdin")
        if secret := os.environ.get("ALTER_PAT"):
            return _token(secret, "ALTER_PAT")
        return None

    @property
    def token(self) -> Token:
        """The token to send. Raises Failure (3 if there is none)."""
        if self.given_token:
            return self.given_token
        from alter.config import credentials_path

        base_url = self.asked_base_url
        kept = self.credentials.token(base_url) if base_url else None
        if kept is None:
            raise Failure(Exit.AUTH, f"Not signed in{f' to {base_url}' if base_url else ''}.", SIGN_IN)
        return Token(kept, str(credentials_path()))

    @cached_property
    def client(self) -> "Client":
        """What speaks to the portal."""
        from alter.client import Client

        token = self.token
        return Client(self.base_url, token.secret)

    # ── which app ────────────────────────────────────────────────────────────────────────────────────

    @property
    def app_id(self) -> str:
        """The app to work on. Raises Failure (2 if there is none)."""
        if named := self.said("app"):
            return _app_id(named, "--app")
        if named := os.environ.get("ALTER_APP_ID"):
            return _app_id(named, "ALTER_APP_ID")
        from alter.config import linked_app

        if linked := linked_app():
            return _app_id(linked[0], str(linked[1]))
        raise usage(
            "No app is named.", "Give --app ID, set ALTER_APP_ID, or link this folder: alter link ID."
        )

    def path(self, *parts: str) -> str:
        """An address below the app's."""
        return "/".join(["", "apps", self.app_id, *parts])

    # ── what came of it ──────────────────────────────────────────────────────────────────────────────

    @property
    def fields(self) -> list[str]:
        """Fields to print. None: all."""
        return self.said("fields") or []

    def format(self, usual: str) -> str:
        """The format to print in. Asking for fields is asking for JSON."""
        return self.said("output") or ("json" if self.fields else usual)

    def show(self, one: Row) -> None:
        """Print an object."""
        output.print_one(self.shape, one, self.format("json"), self.fields)

    def reveal(
        self, request: Callable[[], dict[str, Any]], end: Callable[[dict[str, Any]], tuple[str, ...]]
    ) -> dict[str, Any]:
        """Have something made whose secret is shown this once, and show it; `end` is the command that ends it.

        Nothing is asked for while stdout cannot take it. If showing fails all the same, that command is said.
        Raises Failure.
        """
        streams.check_writable()
        told = request()
        ending = self.command(*end(told))
        try:
            self._show_secret(told, ending)
            streams.settle()
        except (streams.Unwritable, KeyboardInterrupt) as error:
            streams.abandon()
            why = "Interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
            exit = Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.ERROR
            raise Failure(
                exit,
                f"{told['id']} was made and could not be printed: {why}. It lives, and nobody has its secret.",
                f"End it: {ending}",
            ) from None
        return told

    def command(self, *words: str) -> str:
        """A command to copy, which asks the portal that this run asks."""
        flags = {"--base-url": self.said("base_url"), "--token-file": self.said("token_file")}
        return undo_commands.line(
            *words, *(word for name, said in flags.items() if said for word in (name, said))
        )

    @property
    def has_changed(self) -> bool:
        """Whether the portal has done something for this run that was more than answering."""
        return "client" in self.__dict__ and self.client.has_changed

    def _show_secret(self, one: dict[str, Any], ending: str) -> None:
        """Print an object with the plaintext in it, which goes nowhere else."""
        secret = one.get("api_key") or one.get("link")
        if self.format("json") == "table" and one.get("api_key"):
            self.show({name: value for name, value in one.items() if name != "api_key"})
            output.emit(f"\n{secret}")
        else:
            self.show(one)
        if one.get("link"):
            output.say("The link is shown this once. Whoever opens it first is let in.")
        elif secret:
            output.say("The key is shown this once and kept nowhere. Store it now.")
        else:
            output.say("This was done before under the same idempotency key. A plaintext is shown once only.")
            output.say(f"If it is lost, end {one['id']} and make another: {ending}")

    def show_all(self, rows: Iterable[Row]) -> int:
        """Print a list. Returns how many there were."""
        return output.print_all(self.shape, rows, self.format("table"), self.fields)

    def show_page(self, path: str, /, *, limit: int, offset: int, every: bool, **filters: Any) -> None:
        """Print a part of a list, or all of it, and say if there is more."""
        if every:
            self.show_all(self.pull(path, **filters))
            return
        page = self.client.get(path, limit=limit, offset=offset, **filters)
        count = self.show_all(page["items"])
        if page["has_more"]:
            output.say(f"{count} of {page['total']}. More: --offset {offset + count}, or --all.")

    def pull(self, path: str, /, *, most: int | None = None, **filters: Any) -> Iterator[Row]:
        """Every row of a list, newest first, page after page, counting on stderr."""
        with Progress(self.shape.noun) as progress:
            yield from islice(self._pull(path, progress, filters, most), most)

    def _pull(
        self, path: str, progress: Progress, filters: dict[str, Any], most: int | None
    ) -> Iterator[Row]:
        cursor, limit = None, min(most or MOST, MOST)
        while True:
            page = self.client.get(path, limit=limit, cursor=cursor, **filters)
            if cursor or page.get("next_cursor"):
                progress.add(len(page["items"]), page.get("total"))
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def ask(self, question: str) -> None:
        """Ask y/N, once it is sure that there is a terminal. Raises Failure for a no."""
        if not click.confirm(output.plain(question), err=True):
            raise Failure(Exit.ERROR, "Not confirmed. Nothing was changed.")

    def need_terminal(self, otherwise: str) -> None:
        """Refuse to ask where nobody can answer. Raises Failure."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise usage("There is no terminal to ask at.", otherwise)


def pass_run(act: Callable[..., None]) -> Callable[..., None]:
    """Give a command its run."""

    @wraps(act)
    def with_run(**asked: Any) -> None:
        act(click.get_current_context().ensure_object(Run), **asked)

    return with_run


def _token(text: str, source: str) -> Token:
    secret = text.strip()
    if (
        not secret.startswith(STARTS["token"])
        or not secret.isascii()
        or not secret.isprintable()
        or " " in secret
    ):
        raise Failure(
            Exit.AUTH, f"{source} holds no access token.", f"Access tokens begin with {STARTS['token']}."
        )
    return Token(secret, source)


def _app_id(text: str, source: str) -> str:
    try:
        return Id().convert(text, None, None)
    except click.BadParameter as error:
        raise usage(f"{source}: {error.message}", "alter apps list shows them.") from None
