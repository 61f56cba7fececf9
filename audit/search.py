"""One timeline over acts and calls: filters, and pages that hold still while rows arrive (docs/decisions/0006).

Pages are cut by key, (moment, id), never by offset, so the millionth page costs what the first one does.
"""

import heapq
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from audit.models import Call, Checkpoint, Event, Pending, Recorded
from audit.refusals import Invalid

A_PAGE = 50
MOST_KEYS = 200
"""A text that fits more prefixes than this is not looked up key by key."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([0-9]{1,18})-([0-9a-f]{32})")
_SECRET_PART = re.compile(r"(alter_(?:key_(?:app|agent|derived)|pat)_[0-9A-Za-z]{8})[0-9A-Za-z]+")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ROTATED_IN_PLACE = "_derived_"
_WHOLE_PREFIX = re.compile(r"alter_key_(?:app|agent|derived)_[0-9A-Za-z]{8}")

KINDS = ("event", "call")
NAMING = ("key.mint", "key.rotate", "key.derive", "key.rename")
"""The acts that give a key its prefix or its name."""

Entry = Event | Call


class KeyOnce(NamedTuple):
    """A key as it was known at one time."""

    id: UUID
    prefix: str
    name: str


class Cursor(NamedTuple):
    """A place in the timeline: the row with this moment and id."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.id.hex}"


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for in one app's record. Empty means anything."""

    app_id: UUID
    key: str = ""
    """A key's prefix or a piece of it, in which large and small letters differ; or a name it has had."""
    key_id: UUID | None = None
    agent: UUID | None = None
    agent_name: str = ""
    caller: str = ""
    """What a program calls itself, or the id of that name."""
    actor: str = ""
    action: str = ""
    """`key.mint`, or `key` for everything that is done to keys."""
    outcome: str = ""
    """`act`, `allowed` or `refused`."""
    code: str = ""
    check: str = ""
    """The step of the verdict that failed."""
    via: str = ""
    ip: str = ""
    path: str = ""
    request: str = ""
    since: datetime | None = None
    until: datetime | None = None
    trace: str = ""
    id: UUID | None = None
    """Of the one entry that is wanted."""
    calls_only: bool = False

    def told(self) -> dict[str, str]:
        """What is asked for, as an event keeps it."""
        asked = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "app_id"}
        return {name: str(value) for name, value in asked.items() if value}

    @property
    def narrowed(self) -> bool:
        """Whether anything but the app is asked for."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "app_id")


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, newest first, and the ways on. None: there is nothing further that way."""

    entries: list[Entry]
    older: Cursor | None
    newer: Cursor | None


def parse_cursor(text: str) -> Cursor | None:
    """A place from an address; empty is none. Raises Invalid."""
    if not text:
        return None
    found = _CURSOR.fullmatch(text)
    try:
        if not found:
            raise OverflowError
        return Cursor(_EPOCH + timedelta(microseconds=int(found[1])), UUID(found[2]))
    except OverflowError:
        raise Invalid("before", "This page's place cannot be read. Start from the newest entry.") from None


def cut_to_prefix(text: str) -> str:
    """`text` with every key or access token in it cut to what may be kept and shown: its prefix."""
    return _SECRET_PART.sub(r"\1", text.strip())


def timeline(
    filters: Filters, *, before: Cursor | None = None, after: Cursor | None = None, limit: int = A_PAGE
) -> Page:
    """The newest entries that match, or those next to a cursor: older ones `before` it, newer ones `after`.

    Two queries, and one more to find the keys if `filters.key` is asked for.
    """
    found = _nearest(*rows(filters), before or after, forwards=after is not None, limit=limit + 1)
    more, entries = len(found) > limit, found[:limit]
    if after:
        entries.reverse()
    return Page(
        entries,
        older=_place(entries, -1) if more or after else None,
        newer=_place(entries, 0) if (more and after) or before else None,
    )


def rows(filters: Filters) -> tuple[QuerySet[Event], QuerySet[Call]]:
    """The acts and the calls that match, in no order.

    One query if `filters.key` is asked for, to find the keys, and one if `filters.agent_name` is.
    """
    named = _of_keys(filters) & _of_agents(filters)
    return _events(filters).filter(named), _calls(filters).filter(named)


def nearest_older(filters: Filters) -> Entry | None:
    """The last entry before the time asked for: where the next thing to see is. None if no time was asked for."""
    if filters.since is None:
        return None
    earlier = replace(filters, since=None, until=filters.since)
    found = timeline(earlier, limit=1).entries
    return found[0] if found else None


def sealed_to(app_id: UUID) -> datetime | None:
    """When the app's record was last sealed. None: not yet."""
    newest = [Checkpoint.objects.filter(stream=app_id, kind=kind).order_by("-first_seq") for kind in KINDS]
    moments = [moment for rows in newest for moment in rows.values_list("sealed_at", flat=True)[:1]]
    return max(moments, default=None)


def unsealed(entries: Iterable[Entry]) -> set[UUID]:
    """The ids of those that wait for their seal."""
    waiting = Pending.objects.filter(row_id__in=[entry.id for entry in entries])
    return set(waiting.values_list("row_id", flat=True))


def around(call: Call, each: int = 5) -> list[Entry]:
    """The calls with the same key just before and just after one, newest first, itself among them."""
    same = Call.objects.filter(app_id=call.app_id, key_id=call.key_id)
    place, none = Cursor(call.at, call.id), Event.objects.none()
    later = _nearest(none, same, place, forwards=True, limit=each)
    return [*reversed(later), call, *_nearest(none, same, place, forwards=False, limit=each)]


def _nearest(
    events: QuerySet[Event], calls: QuerySet[Call], place: Cursor | None, *, forwards: bool, limit: int
) -> list[Entry]:
    """Up to `limit` entries of both kinds from `place` on, nearest first. One query for each kind."""
    order = ("at", "id") if forwards else ("-at", "-id")
    both = [_beyond(rows, place, forwards).order_by(*order)[:limit] for rows in (events, calls)]
    merged: Iterable[Any] = heapq.merge(*both, key=_key, reverse=not forwards)
    return list(islice(merged, limit))


def _beyond(rows: QuerySet[Any], place: Cursor | None, forwards: bool) -> QuerySet[Any]:
    if place is None:
        return rows
    if forwards:
        return rows.filter(Q(at__gt=place.at) | Q(at=place.at, id__gt=place.id), at__gte=place.at)
    return rows.filter(Q(at__lt=place.at) | Q(at=place.at, id__lt=place.id), at__lte=place.at)


def _key(entry: Recorded) -> tuple[datetime, str]:
    return entry.at, entry.id.hex


def _place(entries: list[Entry], index: int) -> Cursor | None:
    return Cursor(entries[index].at, entries[index].id) if entries else None


def _events(filters: Filters) -> QuerySet[Event]:
    rows = _shared(Event.objects.all(), filters)
    of_calls = filters.code or filters.check or filters.path or filters.calls_only
    if of_calls or filters.outcome in ("allowed", "refused"):
        return rows.none()
    if filters.action:
        whole = "." in filters.action
        rows = (
            rows.filter(action=filters.action)
            if whole
            else rows.filter(action__startswith=f"{filters.action}.")
        )
    return rows.filter(actor_label__icontains=filters.actor) if filters.actor else rows


def _calls(filters: Filters) -> QuerySet[Call]:
    rows = _shared(Call.objects.all(), filters)
    if filters.outcome == "act" or filters.action or filters.actor:
        return rows.none()
    if filters.outcome == "allowed":
        rows = rows.filter(allowed=True)
    why = {"code": filters.code, "check_failed": filters.check}
    why = {name: value for name, value in why.items() if value}
    if why or filters.outcome == "refused":  # only what was refused has them, and there is an index of that
        # Said once: PostgreSQL takes a condition that is said twice for one that hardly a row meets.
        rows = rows.filter(allowed=False, **why)
    return rows.filter(path__startswith=filters.path) if filters.path else rows


def _shared(rows: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    exact = {
        "id": filters.id,
        "via": filters.via,
        "key_id": filters.key_id,
        "agent_id": filters.agent,
        "ip": filters.ip,
        "request_id": filters.request,
        "trace_id": filters.trace,
    }
    bounds = {"at__gte": filters.since, "at__lt": filters.until}
    wanted = {name: value for name, value in (exact | bounds).items() if value}
    return rows.filter(_of_caller(filters.caller), app_id=filters.app_id, **wanted)


def _of_caller(caller: str) -> Q:
    """Rows of one caller: of a label, of a label's id, or of an agent that named itself by its own."""
    if not _ID.fullmatch(caller):
        return Q(caller=caller) if caller else Q()
    return Q(caller_id=caller) | Q(agent_id=caller, caller=caller)


def _of_keys(filters: Filters) -> Q:
    """Rows of the keys whose prefix or name fits, found by the acts that gave them one: calls need no index on text."""
    if not filters.key:
        return Q()
    found = keys_like(filters.app_id, filters.key)
    if len(found) > MOST_KEYS:
        return _holds(filters.key)  # so many keys, so many rows: the newest fifty are never far
    named = {key.id for key in found if key.name.casefold() == filters.key.casefold()}
    fitting = {(key.id, key.prefix) for key in found if filters.key in key.prefix}
    ids, prefixes = {pair[0] for pair in fitting}, {pair[1] for pair in fitting}
    by_prefix = Q(key_id__in=ids)
    if any(_ROTATED_IN_PLACE in prefix for prefix in prefixes):
        # One that was rotated has had several. For the others it would say the same twice, as in _calls.
        by_prefix &= Q(key_prefix__in=prefixes)
    return Q(key_id__in=named) | by_prefix if named else by_prefix


def keys_like(app_id: UUID, text: str) -> list[KeyOnce]:
    """The keys whose prefix holds `text` or that were called so, as the acts say that gave them either.

    One more than 200 at the most.
    """
    whole = _WHOLE_PREFIX.fullmatch(text)
    fits = _holds(text) if whole else _holds(text) | Q(key_name__iexact=text)
    told = Event.objects.filter(fits, app_id=app_id, action__in=NAMING).order_by()
    columns = ("key_id", "key_prefix", "key_name")
    return [KeyOnce(*row) for row in told.values_list(*columns).distinct()[: MOST_KEYS + 1]]


def _of_agents(filters: Filters) -> Q:
    """Rows of the agents that acts call so."""
    if not filters.agent_name:
        return Q()
    return Q(agent_id__in=agents_called(filters.app_id, filters.agent_name))


def agents_called(app_id: UUID, name: str) -> set[UUID]:
    """The ids of the agents that go by `name`, in any case; 200 at the most."""
    told = Event.objects.filter(app_id=app_id, agent_name__iexact=name, agent_id__isnull=False).order_by()
    return {row[0] for row in told.values_list("agent_id").distinct()[:MOST_KEYS] if row[0]}


def _holds(text: str) -> Q:
    """Rows whose prefix is `text` or holds it. Not LIKE: to SQLite's, large and small letters are one."""
    if _WHOLE_PREFIX.fullmatch(text):
        return Q(key_prefix=text)
    return Q(GreaterThan(StrIndex("key_prefix", Value(text)), 0))
