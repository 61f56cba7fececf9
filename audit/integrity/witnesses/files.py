"""A file on another host as a witness: checkpoints are appended, one per line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from audit.integrity.sealing import checkpoints
from audit.integrity.sealing.high_water_marks import HighWaterMark
from audit.integrity.witnesses.witness_settings import Target
from audit.models import Checkpoint
from core import file_sink
from core.reachable_hosts import UnreachableHost

MAX_LINE = 64 * 1024


def last(target: Target) -> HighWaterMark:
    """The last checkpoint in it. Raises UnreachableHost."""
    try:
        for line in reversed(_tail(Path(target.where))):
            if position := _parse_line(line):
                return position
    except FileNotFoundError:
        if not Path(target.where).parent.is_dir():
            raise UnreachableHost(
                f"The folder of {target.where} does not exist. Check that it is mounted."
            ) from None
    except OSError as error:
        raise UnreachableHost(f"Cannot read {target.where}: {error.strerror}.") from None
    return HighWaterMark(0, b"")


def put(target: Target, batch: Sequence[Checkpoint]) -> HighWaterMark:
    """Append some checkpoints; return the last one that is in it then. Raises UnreachableHost."""
    lines = [json.dumps(checkpoints.to_line(checkpoint), separators=(",", ":")) for checkpoint in batch]
    try:
        file_sink.append(Path(target.where), lines)
    except OSError as error:
        raise UnreachableHost(f"Cannot write {target.where}: {error.strerror}.") from None
    return last(target)


def lines(target: Target) -> Iterator[Mapping[str, Any]]:
    """All it holds, in order. Lines that a crash cut short are left out. Raises UnreachableHost."""
    try:
        with Path(target.where).open(encoding="utf-8", errors="replace") as opened:
            for line in opened:
                if line.endswith("\n") and _parse_line(line.encode()):
                    yield json.loads(line)
    except OSError as error:
        raise UnreachableHost(f"Cannot read {target.where}: {error.strerror}.") from None


def _parse_line(line: bytes) -> HighWaterMark | None:
    try:
        data = json.loads(line)
        return HighWaterMark(int(data["number"]), bytes.fromhex(data["hash"]))
    except (ValueError, KeyError, TypeError):
        return None


def _tail(path: Path) -> list[bytes]:
    with path.open("rb") as opened:
        opened.seek(max(0, path.stat().st_size - MAX_LINE))
        return file_sink.whole_lines(opened.read())
