"""`alter lookup`: find keys by their hash."""

import hashlib
import re
import sys
from collections.abc import Iterable

import click

from alter import output
from alter.command import Verb
from alter.exit_codes import Exit, Failure, usage
from alter.portal_columns import MATCH
from alter.run import Run, pass_run

BATCH_SIZE = 500
"""Hashes in one lookup."""
SHA256 = re.compile("[0-9a-fA-F]{64}")


@click.command(
    cls=Verb,
    shows=MATCH,
    examples="""
    alter lookup 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
    printf %s "$SUSPECT" | alter lookup -
    """,
)
@click.argument("hashes", nargs=-1, metavar="SHA256...|-")
@pass_run
def lookup(run: Run, hashes: tuple[str, ...]) -> None:
    """Find keys in your apps by the SHA-256 of their plaintext.

    -: read keys or hashes from standard input, one per line. Keys are hashed on this machine, and only the hashes are
    sent. Without arguments, asks for one key. Exit code 4: none was found.
    """
    wanted = _read(run, hashes)
    rows = [row for part in _batches(wanted) for row in run.client.post("/lookup", {"sha256": part})["items"]]
    if rows or run.format("table") != "table":
        run.show_all(rows)
    if not rows:
        raise Failure(
            Exit.NOT_FOUND, "No key of your apps has this hash.", "Hash the whole key, without a line end."
        )
    if missing := len(wanted) - len(rows):
        output.say(f"Not found: {missing} of {len(wanted)}.")


def _read(run: Run, hashes: tuple[str, ...]) -> list[str]:
    """The hashes to look up, each once. Raises Failure."""
    if not hashes:
        run.need_terminal("Give hashes, or - to read keys from standard input.")
        lines = [click.prompt("Key", hide_input=True, err=True)]
    elif "-" in hashes:
        lines = [*(word for word in hashes if word != "-"), *sys.stdin.read().splitlines()]
    else:
        lines = list(hashes)
    if any(not SHA256.fullmatch(word) for word in hashes if word != "-"):
        raise usage(
            "A hash has 64 hexadecimal digits. Other users can see a key on the command line.",
            'For a key: printf %s "$KEY" | alter lookup -',
        )
    wanted = list(dict.fromkeys(_hashed(line.strip()) for line in lines if line.strip()))
    if not wanted:
        raise usage("Standard input is empty.", "Give keys or hashes, one per line.")
    return wanted


def _hashed(line: str) -> str:
    """A hash as it is, and that of a key."""
    return line.lower() if SHA256.fullmatch(line) else hashlib.sha256(line.encode()).hexdigest()


def _batches(hashes: list[str]) -> Iterable[list[str]]:
    return (hashes[start : start + BATCH_SIZE] for start in range(0, len(hashes), BATCH_SIZE))
