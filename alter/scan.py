"""`alter scan`: find keys in files by checksum, and look them up by hash. No key is ever sent."""

import hashlib
from collections import Counter
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

BATCH_SIZE = 500
"""Hashes in one lookup."""
MAX_SHOWN = 50
"""Messages about files that could not be read."""
RULES = {"gitleaks": gitleaks, "trufflehog": trufflehog}
ACTIVE_STATES = ("active", "deprecated", "rotating")
NO_KEYS = ("token", "gateway")
"""Kinds of secret that are not keys. Each is a state of its own."""
NOUNS = {"token": "access token", "gateway": "gateway secret", "unchecked": "key"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a file."""

    file: str
    line: int
    secret: bytes

    @property
    def sha256(self) -> str:
        """Its hash, for the lookup."""
        return hashlib.sha256(self.secret).hexdigest()

    @property
    def prefix(self) -> str:
        """Its first characters, which may be shown."""
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
@click.option("--offline", is_flag=True, help="Do not look keys up; every key counts.")
@click.option("--rules", type=click.Choice(list(RULES)), help="Print rules for another secret scanner.")
@pass_run
def scan(run: Run, paths: tuple[str, ...], offline: bool, rules: str | None) -> None:
    """Find API keys in files, and look up which are active.

    Keys are recognized by their checksum. They are never printed or sent: the lookup uses SHA-256. Exit code 1: an
    active key, an access token or a gateway secret was found; with --offline, any key. Exit code 8: none was found,
    but some files could not be read.
    """
    if bool(rules) == bool(paths):
        raise click.UsageError("Give files or folders, or --rules without any.")
    if rules:
        output.emit(RULES[rules](), end="")
        return
    if not offline:
        run.client  # a missing token is reported before the scan  # noqa: B018
    reader = Reader()
    findings = list(_search(reader, _check_paths(paths)))
    _report_unread(reader.unread)
    hashes = {finding.sha256 for finding in findings if not _kind(finding)}
    matches = {} if offline else _look_up(run, hashes)
    rows = [_row(finding, matches.get(finding.sha256), offline) for finding in findings]
    if rows or run.format("table") != "table":
        run.show_all(rows)
    exposed = [row for row in rows if row["state"] in (*ACTIVE_STATES, "unchecked", *NO_KEYS)]
    if exposed:
        raise Failure(
            Exit.ERROR,
            f"{_summary(exposed)} found.",
            "Revoke each, mint a new one, and do not write it to a file: alter keys revoke --key ID",
        )
    summary = f"{len(rows)} keys found, none of them active." if rows else "No keys found."
    if reader.unread:
        raise Failure(
            Exit.INCOMPLETE,
            f"{summary} Not read: {len(reader.unread)}.",
            "Make them readable or unpack them, or give only the files to read.",
        )
    output.say(summary)


def _summary(exposed: list[dict[str, Any]]) -> str:
    """How many keys and other secrets: `1 active key, 2 access tokens`."""
    nouns = Counter(NOUNS.get(row["state"], "active key") for row in exposed)
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in nouns.items())


def _check_paths(paths: Iterable[str]) -> list[Path]:
    """The given paths, all of which exist. Raises Failure."""
    for path in map(Path, paths):
        try:
            path.lstat()
        except FileNotFoundError:
            raise Failure(Exit.NOT_FOUND, f"{path}: no such file or folder.") from None
        except (OSError, ValueError):
            continue  # reported as not read
    return list(map(Path, paths))


def _search(reader: Reader, paths: list[Path]) -> Iterator[Finding]:
    with Progress("files read") as progress:
        for path in reader.walk(paths):
            yield from (Finding(*hit) for hit in reader.read(path))
            progress.add(1)


def _report_unread(unread: list[Unread]) -> None:
    for skipped in unread[:MAX_SHOWN]:
        output.complain("not read", f"{skipped.file}: {skipped.why}.")
    if len(unread) > MAX_SHOWN:
        output.complain("not read", f"{len(unread) - MAX_SHOWN} more.")


def _look_up(run: Run, hashes: set[str]) -> dict[str, dict[str, Any]]:
    """The matching keys by hash."""
    ordered = sorted(hashes)
    batches = (ordered[start : start + BATCH_SIZE] for start in range(0, len(ordered), BATCH_SIZE))
    answers = (run.client.post("/lookup", {"sha256": batch}) for batch in batches)
    return {match["sha256"]: match for answer in answers for match in answer["items"]}


def _row(finding: Finding, match: dict[str, Any] | None, offline: bool) -> dict[str, Any]:
    key = match["key"] if match else {}
    state = _kind(finding) or ("unchecked" if offline else key.get("status", "unknown"))
    return {
        "file": finding.file,
        "line": finding.line,
        "key_prefix": finding.prefix,
        "fingerprint": finding.sha256[:8],
        "state": state,
        "key_id": key.get("id"),
        "key_name": key.get("name"),
        "app_id": match["app_id"] if match else None,
        "app_name": match["app_name"] if match else None,
    }


def _kind(finding: Finding) -> str:
    """token or gateway. Empty: a key. Only keys can be looked up by hash."""
    return next((kind for kind in NO_KEYS if finding.secret.startswith(STARTS[kind].encode())), "")
