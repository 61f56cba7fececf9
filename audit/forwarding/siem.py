"""Forwards sealed rows to the syslog server and the file that the settings name.

Each has its own StreamCursor and begins at what is newest when it is first named. After a crash a row may be told
twice; none is left out, but for what a network loses that gives no receipts.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.conf import settings

from audit.export.entry import AuditEntry
from audit.export.ocsf import ocsf
from audit.forwarding import cef, syslog
from audit.forwarding.reader import StreamFilter, newest, rows
from audit.models import Call, Checkpoint, Event, StreamCursor
from core import file_sink
from core.text import json_line

log = logging.getLogger(__name__)
RUN_LIMIT = 10
"""Batches that are written in one run."""
RETRY_DELAY = 30.0
"""Seconds that one which failed is left alone: in every second it would be told of in the log."""
NO_FILTER = StreamFilter()

RowLine = tuple[Event | Call, str]
"""A row, and the line that tells it."""
_rests_until: dict[str, float] = {}


def as_json(row: Event | Call, seq: int) -> str:
    """As the management API tells it, with its place in the stream."""
    return _dump({"seq": seq, **AuditEntry.from_model(row).model_dump(mode="json", exclude_none=True)})


def as_ocsf(row: Event | Call, seq: int) -> str:
    """As an event of the Open Cybersecurity Schema Framework."""
    return _dump(ocsf(row, seq))


def _dump(data: dict[str, Any]) -> str:
    return json_line(data)


FORMATS: dict[str, Callable[[Event | Call, int], str]] = {"json": as_json, "ocsf": as_ocsf, "cef": cef.line}
"""How a row is told, by the word of PORTAL_FORWARD_FORMAT."""


def names() -> list[str]:
    """What is told: syslog, file."""
    targets = {"syslog": settings.FORWARD_SYSLOG, "file": settings.FORWARD_FILE}
    return [name for name, where in targets.items() if where]


def write() -> int:
    """Hand on the next batches. Returns how many rows were told; 0: there are none, or nobody takes them."""
    return sum(_write(name) for name in names() if _rests_until.get(name, 0) <= time.monotonic())


def _write(name: str) -> int:
    last = newest()
    cursor, _ = StreamCursor.objects.get_or_create(name=name, defaults={"number": last})
    ahead = list(NO_FILTER.batches().filter(number__gt=cursor.number, number__lte=last)[:RUN_LIMIT])
    lines = list(_lines(ahead))
    try:
        if lines:
            _put(name, lines)
    except OSError as error:
        _rests_until[name] = time.monotonic() + RETRY_DELAY
        log.warning(
            "the record cannot be handed on to the %s: %s", name, error.strerror or type(error).__name__
        )
        return 0
    StreamCursor.objects.filter(pk=name).update(number=last if len(ahead) < RUN_LIMIT else ahead[-1].number)
    return len(lines)


def _lines(batches: Iterable[Checkpoint]) -> Iterable[RowLine]:
    tell = FORMATS[settings.FORWARD_FORMAT]
    for batch in batches:
        for seq, row in rows(batch, NO_FILTER):
            yield row, _fitting(tell, row, seq)


def _fitting(tell: Callable[[Event | Call, int], str], row: Event | Call, seq: int) -> str:
    """The line of a row; without its documents if a datagram could not hold it."""
    line = tell(row, seq)
    if len(line.encode()) <= syslog.MAX_MESSAGE:
        return line
    row.context = {"left out": "too long"}
    if isinstance(row, Event):
        row.changes = row.facts = {}
    return tell(row, seq)


def _put(name: str, lines: Sequence[RowLine]) -> None:
    if name == "file" and settings.FORWARD_FILE:
        file_sink.append(settings.FORWARD_FILE, [line for _, line in lines])
    else:
        syslog.send(settings.FORWARD_SYSLOG, [syslog.message(row, line) for row, line in lines])
