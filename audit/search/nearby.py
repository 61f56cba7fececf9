"""Entries near an entry: before and after it, of the same request or trace, and its spans."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet

from audit.models import Call, Event, Span
from audit.search.search import Entry

NEIGHBORS = 5
MAX_DISTANCE = timedelta(seconds=10)
"""A request or a trace is looked for so near its entry alone: the record has no index on either."""
MAX_ROWS = 50
_NEWEST_FIRST = ("-at", "-id")


def around(event: Event) -> list[Event]:
    """The acts on the same target just before and just after one, newest first, itself among them."""
    same = Event.objects.filter(app_id=event.app_id, target_id=event.target_id).exclude(id=event.id)
    later = same.filter(Q(at__gt=event.at) | Q(at=event.at, id__gt=event.id), at__gte=event.at)
    earlier = same.filter(Q(at__lt=event.at) | Q(at=event.at, id__lt=event.id), at__lte=event.at)
    return [
        *reversed(later.order_by("at", "id")[:NEIGHBORS]),
        event,
        *earlier.order_by(*_NEWEST_FIRST)[:NEIGHBORS],
    ]


def together(entry: Entry) -> list[Entry]:
    """Whatever else came with the same request, trace or thread, newest first; MOST of each kind at the most."""
    same = _bonds(entry)
    if not same:
        return []
    entries: list[Entry] = []
    for rows in (Event.objects.all(), Call.objects.all()):
        entries += _near(rows, entry).filter(same).exclude(id=entry.id).order_by(*_NEWEST_FIRST)[:MAX_ROWS]
    return sorted(entries, key=lambda other: (other.at, other.id), reverse=True)


def spans_of(entry: Entry) -> list[Span]:
    """What programs say they did in the trace of `entry`, or in its thread, in the order they began."""
    traces = [name for name in (entry.trace_id, _thread(entry)) if name]
    if not traces or entry.app_id is None:
        return []
    return list(
        Span.objects.filter(app_id=entry.app_id, trace_id__in=traces).order_by("started_at")[:MAX_ROWS]
    )


def _bonds(entry: Entry) -> Q:
    bonds = Q()
    if entry.request_id:
        bonds |= Q(request_id=entry.request_id)
    if entry.trace_id:
        bonds |= Q(trace_id=entry.trace_id)
    if thread := _thread(entry):
        bonds |= Q(context__thread_id=thread)
    return bonds


def _thread(entry: Entry) -> str:
    thread = entry.context.get("thread_id", "") if isinstance(entry.context, dict) else ""
    return thread if isinstance(thread, str) else ""


def _near(rows: QuerySet[Any], entry: Entry) -> QuerySet[Any]:
    return rows.filter(app_id=entry.app_id, at__range=(entry.at - MAX_DISTANCE, entry.at + MAX_DISTANCE))
