"""Recounts sealed rows hour by hour and compares them with the stored tallies.

Both are read in one statement, so that neither the sealer nor a purge comes between. What retention has let go of may
be missing from the rows, and nothing else.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import F, Sum

from audit.integrity.checking import stored_format
from audit.integrity.checking.findings import Finding, Where
from audit.integrity.sealing import pending_rows
from audit.models import Call, Checkpoint, Event, Seal, Tally
from audit.models.readable import ReadableQuerySet
from audit.models.seals import NOWHERE
from core.clock import now
from core.errors import Invalid

MAX_ROWS, MAX_HOURS = 50_000, 31 * 24
"""How much one step counts; of one hour, all of it."""
HOUR = timedelta(hours=1)
ODD = UUID(int=(1 << 128) - 1)
Span = tuple[datetime | None, datetime | None]
_SQL = """
SELECT 1, {key}, {at}, COUNT(*), 0, 0 FROM audit_event
WHERE {app} AND at >= %s AND at < %s AND EXISTS (SELECT 1 FROM audit_seal WHERE row_id = audit_event.id) GROUP BY 2, 3
UNION ALL
SELECT 1, {key}, {at}, 0, COUNT(*) FILTER (WHERE allowed), COUNT(*) FILTER (WHERE NOT allowed) FROM audit_call
WHERE {app} AND at >= %s AND at < %s AND EXISTS (SELECT 1 FROM audit_seal WHERE row_id = audit_call.id) GROUP BY 2, 3
UNION ALL
SELECT 0, {key}, {hour}, {events}, {allowed}, {denied} FROM audit_tally WHERE stream = %s AND hour >= %s AND hour < %s
"""
_FIGURES = ("events", "allowed", "denied")


def _columns() -> dict[str, str]:
    """How the columns are read. On SQLite they may hold anything, text that is none included: so by their bytes."""
    if connection.vendor == "postgresql":
        hours = {name: f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')" for name in ("at", "hour")}
        return {"key": "key_id", **hours, **{name: name for name in _FIGURES}}
    hours = {name: f"hex(substr({name}, 1, 13))" for name in ("at", "hour")}
    numbers = {name: f"CASE typeof({name}) WHEN 'integer' THEN {name} ELSE -1 END" for name in _FIGURES}
    key = "CASE WHEN key_id IS NOT NULL THEN hex(key_id) END"  # hex() makes an empty text of NULL
    return {"key": key, **hours, **numbers}


class Figures(NamedTuple):
    """Events, calls allowed and calls denied."""

    events: int = 0
    allowed: int = 0
    denied: int = 0

    def __add__(self, other: Any) -> "Figures":
        return Figures(*(own + its for own, its in zip(self, other, strict=True)))

    def __str__(self) -> str:
        return f"events {self.events:,}, calls allowed {self.allowed:,}, calls denied {self.denied:,}"


def step(only: UUID | None, kind: str, span: Span, position: str) -> tuple[list[Finding], str | None]:
    """What does not agree in the next hours, and where the next step begins. Raises Invalid for another's place."""
    stream, begins = _parse(position) if position else (only or _following(None), None)
    if stream is None:
        return [], None
    if only not in (None, stream):
        raise Invalid("cursor", "This is not where a step ended.")
    since = _floor(span[0]) if span[0] else None
    odd = list(stored_format.check_tallies(stream)) if begins is None else []
    begins = _first(stream, max(filter(None, (begins, since)), default=None))
    ends = _floor(span[1] or now()) + HOUR
    if begins is None or begins >= ends:
        further = None if only else _following(stream)
        return odd, f"{further.hex}." if further else None
    to = min(ends, _far(stream, begins))
    return [*odd, *_compare(stream, kind, begins, to)], f"{stream.hex}.{to:%Y%m%d%H}"


def _parse(position: str) -> tuple[UUID, datetime | None]:
    stream, _, hour = position.partition(".")
    try:
        return UUID(stream), datetime.strptime(hour, "%Y%m%d%H").replace(tzinfo=UTC) if hour else None
    except ValueError:
        raise Invalid("cursor", "This is not where a step ended.") from None


def _following(stream: UUID | None) -> UUID | None:
    """The next app with anything sealed or counted."""
    first_hours = [
        rows.filter(stream__gt=stream) if stream is not None else rows
        for rows in (Seal.objects.order_by("stream"), ReadableQuerySet(Tally).order_by("stream"))
    ]
    firsts = [rows.values_list("stream", flat=True).first() for rows in first_hours]
    return min((hour for hour in firsts if hour is not None), default=None)


def _rows(stream: UUID) -> tuple[Any, Any]:
    app_id = None if stream == NOWHERE else stream
    return tuple(kind.objects.filter(app_id=app_id).order_by("at") for kind in (Event, Call))  # type: ignore[return-value]


def _first(stream: UUID, begins: datetime | None) -> datetime | None:
    """The first hour from a moment on of which there is anything.

    Never one before it: on SQLite a moment in another spelling is compared as the text that it is.
    """
    lines: Any = ReadableQuerySet(Tally).filter(stream=stream).order_by("hour").values_list("hour", flat=True)
    oldest = [rows.values_list("at", flat=True) for rows in _rows(stream)]
    firsts = [lines.filter(hour__gte=begins).first() if begins else lines.first()]
    firsts += [(rows.filter(at__gte=begins) if begins else rows).first() for rows in oldest]
    first = min(filter(None, firsts), default=None)
    return max(_floor(first), begins or _floor(first)) if first else None


def _far(stream: UUID, begins: datetime) -> datetime:
    """The end of the last hour that one step takes."""
    ends = [begins + MAX_HOURS * HOUR]
    for rows in _rows(stream):
        beyond = rows.filter(at__gte=begins).values_list("at", flat=True)[MAX_ROWS : MAX_ROWS + 1]
        ends += [_floor(at) + HOUR for at in beyond]
    return min(ends)


def _compare(stream: UUID, kind: str, begins: datetime, ends: datetime) -> Iterator[Finding]:
    counted, stored = _figures(stream, begins, ends)
    seen = set[datetime]()
    for tally_key in sorted(counted.keys() | stored.keys()):
        hour, key_id = tally_key
        actual, recorded = (_only(kind, figures[tally_key]) for figures in (counted, stored))
        if hour in seen or actual == recorded or _is_purged(stream, hour, actual, recorded):
            continue
        seen.add(hour)
        of = "" if key_id == NOWHERE else f" of the key {key_id}"
        message = (
            f"The hour from {hour:%d %B %Y at %H:%M} UTC{of}. Charts count: {recorded}. Sealed are: {actual}."
        )
        yield Finding("tally", message, Where(kind, stream=stream))


def _figures(stream: UUID, begins: datetime, ends: datetime) -> tuple[dict[Any, Figures], dict[Any, Figures]]:
    """By hour and key (NOWHERE: all of them) what is sealed, and what the tallies say."""
    native = connection.features.has_native_uuid_field
    its = stream if native else stream.hex
    app = "app_id IS NULL" if stream == NOWHERE else f"app_id = '{its}'"
    moments = [connection.ops.adapt_datetimefield_value(value) for value in (begins, ends)]
    counted, stored = (defaultdict[Any, Figures](Figures) for _ in range(2))
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(app=app, **_columns()), [*moments, *moments, its, *moments])
        for is_counted, key_id, hour, *figures in cursor.fetchall():
            if (at := _hour(hour if native else _text(hour))) is None:
                continue  # on SQLite a moment may be anything, which is found where rows are read
            key = key_id if native and key_id else _key(key_id if key_id is None else _text(key_id))
            for whose in {key, NOWHERE} if is_counted else {key}:
                which = counted if is_counted else stored
                which[at, whose] += Figures(*(value if isinstance(value, int) else -1 for value in figures))
    return counted, stored


def _text(text: str) -> str:
    """What SQLite's hex() told of."""
    return bytes.fromhex(text).decode(errors="replace")


def _hour(value: Any) -> datetime | None:
    try:
        return datetime.strptime(value, "%Y-%m-%d %H").replace(tzinfo=UTC)
    except (ValueError, TypeError):
        return None


def _key(value: Any) -> UUID:
    """On SQLite: one that is not spelled as the portal spells it is none of its keys, and found by no chart."""
    if value is None:
        return NOWHERE
    key_id = pending_rows.id_of(value)
    return key_id if key_id and key_id.hex == value else ODD


def _only(kind: str, figures: Figures) -> Figures:
    if kind == "event":
        return Figures(figures.events)
    return figures._replace(events=0) if kind == "call" else figures


def _is_purged(stream: UUID, hour: datetime, actual: Figures, recorded: Figures) -> bool:
    """Whether what is missing may have gone with batches that were purged."""
    less = [stored - counted for stored, counted in zip(recorded, actual, strict=True)]
    gone = {kind: _gone(stream, kind, hour) for kind in ("event", "call")}
    return min(less) >= 0 and less[0] <= gone["event"] and sum(less[1:]) <= gone["call"]


def _gone(stream: UUID, kind: str, hour: datetime) -> int:
    """How many rows of an hour were purged at the most. Rows are sealed after their moment, and that is signed."""
    purged = Checkpoint.objects.filter(stream=stream, kind=kind, purged_at__isnull=False, sealed_at__gte=hour)
    near = purged.filter(earliest_at__lt=hour + HOUR, latest_at__gte=hour).order_by()
    return int(near.aggregate(rows=Sum(F("last_seq") - F("first_seq") + 1))["rows"] or 0)


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
