"""`alter scan`: finds keys in files by their checksum, and asks by hash whether they live. No key is ever sent."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from alter import output
from alter.columns import EXPOSED
from alter.command import Verb
from alter.exit_codes import Exit, Failure
from alter.file_reading import Reader, Unread
from alter.output import Progress
from alter.rules import gitleaks, trufflehog
from alter.run import Run, pass_run
from keyformat.grammar import STARTS, prefix_of

A_QUESTION = 500
"""Hashes to ask about at once."""
MAX_SHOWN = 50
"""Files that are not read and said to be."""
RULES = {"gitleaks": gitleaks, "trufflehog": trufflehog}
LIVING = ("active", "deprecated", "grace")
NO_KEYS = ("token", "gateway")
"""Kinds of secret that are no keys. Each is a state of its own."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """A key in a file."""

    file: str
    line: int
    secret: bytes

    @property
    def sha256(self) -> str:
        """What is asked about in its place."""
        return hashlib.sha256(self.secret).hexdigest()

    @property
    def prefix(self) -> str:
        """What may be shown of it."""
        return prefix_of(self.secret.decode())


@click.command(
    cls=Verb,
    shows=EXPOSED,
    examples="""
    alter scan .
    alter scan --offline src tests
    alter scan --rules gitleaks > alter-keys.toml
    git diff --cached --name-only --diff-filter=d -z | xargs -0 -r alter scan --offline
    """,
)
@click.argument("paths", nargs=-1, metavar="PATHS...")
@click.option("--offline", is_flag=True, help="Do not ask whether they live; every key found counts.")
@click.option("--rules", type=click.Choice(list(RULES)), help="Print rules for another scanner instead.")
@pass_run
def scan(run: Run, paths: tuple[str, ...], offline: bool, rules: str | None) -> None:
    """Find the portal's keys in files, and ask whether they live.

    A key is known by its checksum and never printed or sent: the portal is asked by SHA-256. Exit code 1: a key
    that lives was found, an access token, or a gateway's secret; with --offline, any key. 8: none was, and
    something could not be read.
    """
    if bool(rules) == bool(paths):
        raise click.UsageError("Name files or folders, or --rules and no others.")
    if rules:
        output.emit(RULES[rules](), end="")
        return
    if not offline:
        run.client  # without a token it would be known only at the end  # noqa: B018
    reader, named = Reader(), _check_named(paths)
    found = list(_search(reader, named))
    _say_unread(reader.unread)
    known = {} if offline else _known(run, {one.sha256 for one in found if not _kind(one)})
    rows = [_row(one, known.get(one.sha256), offline) for one in found]
    if rows or run.format("table") != "table":
        run.show_all(rows)
    alarming = [row for row in rows if row["state"] in (*LIVING, "unasked", *NO_KEYS)]
    if alarming:
        raise Failure(
            Exit.ERROR,
            f"{len(alarming)} found that must not be there.",
            "Revoke each, mint another, and keep it out of files: alter keys revoke --key ID.",
        )
    told = f"{len(rows)} keys found, none of them alive." if rows else "No keys found."
    if reader.unread:
        raise Failure(
            Exit.INCOMPLETE,
            f"{told} Not read: {len(reader.unread)}, so this is not all there is.",
            "Make them readable, unpack them, or name what is to be read.",
        )
    output.say(told)


def _check_named(paths: Iterable[str]) -> list[Path]:
    """What was named, all of which is there. Raises Failure."""
    for path in map(Path, paths):
        try:
            path.lstat()
        except FileNotFoundError:
            raise Failure(Exit.NOT_FOUND, f"{path}: there is no such file or folder.") from None
        except (OSError, ValueError):
            continue  # it is counted as not read
    return list(map(Path, paths))


def _search(reader: Reader, paths: list[Path]) -> Iterator[Exposed]:
    with Progress("files read") as progress:
        for path in reader.walk(paths):
            yield from (Exposed(*hit) for hit in reader.read(path))
            progress.add(1)


def _say_unread(unread: list[Unread]) -> None:
    for one in unread[:MAX_SHOWN]:
        output.complain("not read", f"{one.file}: {one.why}.")
    if len(unread) > MAX_SHOWN:
        output.complain("not read", f"{len(unread) - MAX_SHOWN} more.")


def _known(run: Run, hashes: set[str]) -> dict[str, dict[str, Any]]:
    """What the portal knows of them, by hash."""
    every = sorted(hashes)
    parts = (every[at : at + A_QUESTION] for at in range(0, len(every), A_QUESTION))
    answers = (run.client.post("/lookup", {"sha256": part}) for part in parts)
    return {one["sha256"]: one for answer in answers for one in answer["items"]}


def _row(one: Exposed, known: dict[str, Any] | None, offline: bool) -> dict[str, Any]:
    key = known["key"] if known else {}
    state = _kind(one) or ("unasked" if offline else key.get("status", "unknown"))
    return {
        "file": one.file,
        "line": one.line,
        "key_prefix": one.prefix,
        "fingerprint": one.sha256[:8],
        "state": state,
        "key_id": key.get("id"),
        "key_name": key.get("name"),
        "app_id": known["app_id"] if known else None,
        "app_name": known["app_name"] if known else None,
    }


def _kind(one: Exposed) -> str:
    """What it is, if it is no key: the portal tells nobody by hash whether those live."""
    return next((kind for kind in NO_KEYS if one.secret.startswith(STARTS[kind].encode())), "")
