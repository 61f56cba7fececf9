"""The state of one run: portal, token, app and output format. Options win over the environment."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, wraps
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from alter import output, streams, undo_commands
from alter.catalogue import SCOPES
from alter.exit_codes import Exit, Failure, usage
from alter.output import Progress, Row, Shape
from alter.param_types import Id, read_named
from keyformat.grammar import STARTS

if TYPE_CHECKING:
    from alter.client import Client
    from alter.config import Credentials

MAX_PAGE_SIZE = 1000
"""The largest page of the API."""
TOKEN_OPTIONS = ("token_file", "token_stdin", "token")
SECRET_NOUNS = {"api_key": "key", "link": "link", "token": "token", "secret": "signing secret"}
"""What is shown once, by its field in a response."""
SIGN_IN = "Run alter auth login, or set ALTER_PAT to a personal access token."


class Token(NamedTuple):
    """An access token and its source."""

    secret: str
    source: str


class Run:
    """The common options of a command, and what they resolve to."""

    def __init__(self) -> None:
        self._options: dict[str, Any] = {}
        self.shape = Shape("rows", ())

    def note(self, name: str, value: Any) -> None:
        """Store a common option."""
        self._options[name] = value

    def option(self, name: str) -> Any:
        """The value of a common option, or None."""
        return self._options.get(name)

    def begin(self, shape: Shape | None) -> None:
        """Check --fields before anything is done. Raises Failure."""
        if shape is None:
            return
        self.shape = shape
        if self.option("output") == "table" or not self.fields:
            return
        if unknown := [name for name in self.fields if name not in shape.fields]:
            raise usage(f"--fields: unknown field {unknown[0]!r}.", f"Fields: {', '.join(shape.fields)}.")
        if shape.shown_once and shape.shown_once not in self.fields:
            raise usage(
                f"--fields must include {shape.shown_once}, or the new {SECRET_NOUNS[shape.shown_once]} would be lost.",
                f"Add {shape.shown_once}.",
            )

    # ── portal ─────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def credentials(self) -> "Credentials":
        """The stored tokens."""
        from alter.config import Credentials, credentials_path, others_may_read

        if others_may_read(path := credentials_path()):
            output.complain("warning", f"{path} is readable by other users. Run: chmod 600 {path}")
        return Credentials()

    @cached_property
    def configured_base_url(self) -> str | None:
        """The portal of --base-url, ALTER_BASE_URL or the last sign-in."""
        from alter.config import parse_base_url

        if value := self.option("base_url"):
            return parse_base_url(value)
        if value := os.environ.get("ALTER_BASE_URL"):
            return parse_base_url(value, "ALTER_BASE_URL")
        from alter.config import credentials_path

        current = self.credentials.current
        return parse_base_url(current, str(credentials_path())) if current else None

    @property
    def base_url(self) -> str:
        """The portal's URL. Raises Failure if there is none."""
        if self.configured_base_url:
            return self.configured_base_url
        raise usage("No portal URL.", "Use --base-url https://portal.example.com, or set ALTER_BASE_URL.")

    @cached_property
    def given_token(self) -> Token | None:
        """The token given for this run, not the stored one. Raises Failure."""
        given = [name for name in TOKEN_OPTIONS if self.option(name)]
        if len(given) > 1:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in given)
            raise usage(f"{names} cannot be combined.", "Use one token.")
        if self.option("token"):
            output.complain("warning", "--token is visible in the process list and the shell history.")
            return _token(self.option("token"), "--token")
        if path := self.option("token_file"):
            return _token(read_named(path), path)
        if self.option("token_stdin"):
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

        base_url = self.configured_base_url
        stored = self.credentials.token(base_url) if base_url else None
        if stored is None:
            raise Failure(Exit.AUTH, f"Not signed in{f' to {base_url}' if base_url else ''}.", SIGN_IN)
        return Token(stored, str(credentials_path()))

    @cached_property
    def client(self) -> "Client":
        """The client of the portal's API."""
        from alter.client import Client

        token = self.token
        return Client(self.base_url, token.secret)

    # ── app ────────────────────────────────────────────────────────────────────────────────────

    @property
    def app_id(self) -> str:
        """The app id. Raises Failure (2 if there is none)."""
        if value := self.option("app"):
            return _app_id(value, "--app")
        if value := os.environ.get("ALTER_APP_ID"):
            return _app_id(value, "ALTER_APP_ID")
        from alter.config import linked_app

        if linked := linked_app():
            return _app_id(linked[0], str(linked[1]))
        raise usage("No app.", "Use --app ID, set ALTER_APP_ID, or link this folder: alter link ID.")

    def path(self, *parts: str) -> str:
        """A path of the API below the app."""
        return "/".join(["", "apps", self.app_id, *parts])

    def known_scopes(self) -> tuple[str, ...]:
        """The scopes of the app, for suggestions; those that every app begins with if the portal does not say."""
        try:
            return tuple(row["name"] for row in self.client.get(self.path("scopes"))["scopes"])
        except Failure:
            return SCOPES

    # ── output ──────────────────────────────────────────────────────────────────────────────

    @property
    def fields(self) -> list[str]:
        """The fields to print. Empty: all."""
        return self.option("fields") or []

    def format(self, default: str) -> str:
        """The output format. --fields implies JSON."""
        return self.option("output") or ("json" if self.fields else default)

    def show(self, row: Row) -> None:
        """Print one object."""
        output.print_one(self.shape, row, self.format("json"), self.fields)

    def reveal(
        self,
        create: Callable[[], dict[str, Any]],
        undo_command: Callable[[dict[str, Any]], tuple[str, ...]],
        *,
        undo: str = "revoke",
    ) -> dict[str, Any]:
        """Create something whose secret is shown once, and print it.

        Nothing is created while stdout cannot be written. If printing fails all the same, the error has the command
        that revokes what was created. Raises Failure.
        """
        streams.check_writable()
        created = create()
        revoke = self.command(*undo_command(created))
        try:
            self._show_secret(created, undo, revoke)
            streams.settle()
        except (streams.Unwritable, KeyboardInterrupt) as error:
            streams.abandon()
            why = "Interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
            exit = Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.ERROR
            raise Failure(
                exit,
                f"{created['id']} was created but could not be printed: {why}. It is active, and its secret is lost.",
                f"{undo.capitalize()} it: {revoke}",
            ) from None
        return created

    def command(self, *words: str) -> str:
        """A command line to copy, for the same portal."""
        flags = {"--base-url": self.option("base_url"), "--token-file": self.option("token_file")}
        return undo_commands.line(
            *words, *(word for name, value in flags.items() if value for word in (name, value))
        )

    @property
    def has_changed(self) -> bool:
        """Whether this run has changed something in the portal."""
        return "client" in self.__dict__ and self.client.has_changed

    def _show_secret(self, row: dict[str, Any], undo: str, command: str) -> None:
        """Print an object with its secret."""
        field = self.shape.shown_once
        noun, secret = SECRET_NOUNS[field], row.get(field)
        if self.format("json") == "table" and secret and field != "link":
            self.show({name: value for name, value in row.items() if name != field})
            output.emit(f"\n{secret}")
        else:
            self.show(row)
        if not secret:
            output.say(f"Already created with this idempotency key. The {noun} is shown only once.")
            output.say(f"If you lost it, {undo} {row['id']} and create a new one: {command}")
        elif field == "link":
            output.say("The link is shown only once. Anyone with the link can accept the invitation.")
        else:
            output.say(f"The {noun} is shown only once. Store it now.")

    def show_all(self, rows: Iterable[Row]) -> int:
        """Print a list. Returns the number of rows."""
        return output.print_all(self.shape, rows, self.format("table"), self.fields)

    def show_page(self, path: str, /, *, limit: int, offset: int, every: bool, **filters: Any) -> None:
        """Print a page of a list, or all of it, and whether there is more."""
        if every:
            self.show_all(self.pull(path, **filters))
            return
        page = self.client.get(path, limit=limit, offset=offset, **filters)
        count = self.show_all(page["items"])
        if page["has_more"]:
            output.say(f"{count} of {page['total']}. Next page: --offset {offset + count}. All: --all")

    def pull(self, path: str, /, *, max_rows: int | None = None, **filters: Any) -> Iterator[Row]:
        """The rows of a list, page after page, with progress on stderr."""
        with Progress(self.shape.noun) as progress:
            yield from islice(self._pull(path, progress, filters, max_rows), max_rows)

    def _pull(
        self, path: str, progress: Progress, filters: dict[str, Any], max_rows: int | None
    ) -> Iterator[Row]:
        cursor, limit = None, min(max_rows or MAX_PAGE_SIZE, MAX_PAGE_SIZE)
        while True:
            page = self.client.get(path, limit=limit, cursor=cursor, **filters)
            if cursor or page.get("next_cursor"):
                progress.add(len(page["items"]), page.get("total"))
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def ask(self, question: str) -> None:
        """Ask y/N. Raises Failure for a no."""
        if not click.confirm(output.plain(question), err=True):
            raise Failure(Exit.ERROR, "Not confirmed. Nothing was changed.")

    def need_terminal(self, hint: str) -> None:
        """Raises Failure where there is no terminal to ask at."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise usage("There is no terminal to ask for confirmation.", hint)


def pass_run(command: Callable[..., None]) -> Callable[..., None]:
    """Pass the run to a command."""

    @wraps(command)
    def with_run(**options: Any) -> None:
        command(click.get_current_context().ensure_object(Run), **options)

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
            Exit.AUTH, f"{source} contains no access token.", f"Access tokens start with {STARTS['token']}."
        )
    return Token(secret, source)


def _app_id(text: str, source: str) -> str:
    try:
        return Id().convert(text, None, None)
    except click.BadParameter as error:
        raise usage(f"{source}: {error.message}", "To list your apps: alter apps list") from None
