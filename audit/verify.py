"""`python -m audit.verify FILE`: checks an export of the record, or the proof of one row, offline. Imports no Django.

It needs Python alone, and the library `cryptography` to check signatures. docs/seals.md tells what is checked.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from audit.integrity.checking import trust
from audit.integrity.checking.evidence import Unreadable
from audit.integrity.checking.findings import Finding
from audit.integrity.checking.inspection import Inspection
from core.text import escape_controls

HOLDS, WRONG, UNREADABLE, UNSIGNED = 0, 1, 2, 3
_HEX = re.compile("[0-9A-Fa-f]{64}")
MAX_SHOWN = 20
"""Findings that are shown. The others are counted."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the command line names; return the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        given = dict(_key(text) for text in asked.key)
        with _opened(asked.file) as source:
            return _inspect(Inspection(source, given, tuple(asked.checkpoints)), asked.json)
    except Unreadable as why:
        return _refused(str(why), asked.json)
    except OSError as error:
        return _refused(f"{error.filename or asked.file} cannot be read: {error.strerror}.", asked.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m audit.verify",
        description="Check an export of the audit log (JSON lines), or the proof of one row, offline.",
        epilog="Exit code 0: all of it holds. 1: something is wrong. 2: it cannot be read. "
        "3: all that could be checked holds, but signatures could not be.",
    )
    parser.add_argument("file", metavar="FILE", help="the export or the proof; - for standard input")
    parser.add_argument(
        "--key", action="append", default=[], help="a public key you trust: 64 hex digits, or a file of them"
    )
    parser.add_argument(
        "--checkpoints", nargs="+", type=Path, default=[], metavar="FILE", help="checkpoints kept elsewhere"
    )
    parser.add_argument("--json", action="store_true", help="print one object for machines")
    return parser


def _opened(name: str) -> BinaryIO:
    return sys.stdin.buffer if name == "-" else Path(name).open("rb")


def _key(text: str) -> tuple[str, bytes]:
    """A public key under its id. Raises Unreadable, and OSError for a file."""
    if not _HEX.fullmatch(text) and Path(text).exists():
        text = Path(text).read_bytes()[:200].decode("ascii", "replace").strip()
    if not _HEX.fullmatch(text):
        raise Unreadable("--key: write the public key as 64 hex digits, or name a file of them.")
    public = bytes.fromhex(text)
    return trust.key_id(public), public


def _inspect(inspection: Inspection, as_json: bool) -> int:
    first, notes, shown, wrong = None, list[Finding](), list[Finding](), 0
    for found in inspection.findings():
        if found.is_note:
            notes.append(found)
            continue
        first, wrong = first or found, wrong + 1
        if len(shown) < MAX_SHOWN:
            shown.append(found)
    unsigned = any(note.what == "unsigned" for note in notes)
    code = WRONG if wrong else UNSIGNED if unsigned else HOLDS
    say = _told(inspection, notes, shown, wrong) if as_json else _said(inspection, notes, shown, wrong)
    sys.stdout.write("\n".join(say if as_json else map(escape_controls, say)) + "\n")
    return code


def _said(inspection: Inspection, notes: list[Finding], shown: list[Finding], wrong: int) -> Iterator[str]:
    """For people."""
    yield from (f"Note. {note.says}" for note in notes)
    seen = f"{inspection.rows} rows under {inspection.checkpoints} checkpoints"
    if not shown:
        yield f"Holds: {seen}."
        return
    yield f"Does not hold: {seen}."
    yield f"First: {shown[0]}"
    if shown[0].where.row_id:
        yield f"       row {shown[0].where.row_id}"
    yield from (f"Then:  {found}" for found in shown[1:])
    if wrong > len(shown):
        yield f"And {wrong - len(shown)} more."


def _told(inspection: Inspection, notes: list[Finding], shown: list[Finding], wrong: int) -> Iterator[str]:
    """For machines."""
    told = {
        "holds": not wrong,
        "rows": inspection.rows,
        "checkpoints": inspection.checkpoints,
        "keys": list(inspection.trust.keys),
        "findings": [found.told() for found in shown],
        "more": wrong - len(shown),
        "notes": [note.told() for note in notes],
    }
    yield json.dumps(told, indent=2)


def _refused(says: str, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"holds": None, "unreadable": says}) + "\n")
    else:
        sys.stderr.write(escape_controls(says) + "\n")
    return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
