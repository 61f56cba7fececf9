"""`python -m audit.verify FILE`: checks an export or a row proof offline. Imports no Django.

It needs Python alone, and the library `cryptography` to check signatures. docs/integrity.md tells what is checked.
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
    options = _parser().parse_args(arguments)
    try:
        given = dict(_key(text) for text in options.key)
        with _opened(options.file) as source:
            return _inspect(Inspection(source, given, tuple(options.checkpoints)), options.json)
    except Unreadable as why:
        return _refused(str(why), options.json)
    except OSError as error:
        return _refused(f"{error.filename or options.file} cannot be read: {error.strerror}.", options.json)


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
    first, notes, findings, wrong = None, list[Finding](), list[Finding](), 0
    for finding in inspection.findings():
        if finding.is_note:
            notes.append(finding)
            continue
        first, wrong = first or finding, wrong + 1
        if len(findings) < MAX_SHOWN:
            findings.append(finding)
    unsigned = any(note.what == "unsigned" for note in notes)
    code = WRONG if wrong else UNSIGNED if unsigned else HOLDS
    say = (
        _json_report(inspection, notes, findings, wrong)
        if as_json
        else _text_report(inspection, notes, findings, wrong)
    )
    sys.stdout.write("\n".join(say if as_json else map(escape_controls, say)) + "\n")
    return code


def _text_report(
    inspection: Inspection, notes: list[Finding], findings: list[Finding], wrong: int
) -> Iterator[str]:
    """For people."""
    yield from (f"Note. {note.says}" for note in notes)
    seen = f"{inspection.rows} rows under {inspection.checkpoints} checkpoints"
    if not findings:
        yield f"Holds: {seen}."
        return
    yield f"Does not hold: {seen}."
    yield f"First: {findings[0]}"
    if findings[0].where.row_id:
        yield f"       row {findings[0].where.row_id}"
    yield from (f"Then:  {finding}" for finding in findings[1:])
    if wrong > len(findings):
        yield f"And {wrong - len(findings)} more."


def _json_report(
    inspection: Inspection, notes: list[Finding], findings: list[Finding], wrong: int
) -> Iterator[str]:
    """For machines."""
    data = {
        "holds": not wrong,
        "rows": inspection.rows,
        "checkpoints": inspection.checkpoints,
        "keys": list(inspection.trust.keys),
        "findings": [finding.to_dict() for finding in findings],
        "more": wrong - len(findings),
        "notes": [note.to_dict() for note in notes],
    }
    yield json.dumps(data, indent=2)


def _refused(message: str, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"holds": None, "unreadable": message}) + "\n")
    else:
        sys.stderr.write(escape_controls(message) + "\n")
    return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
