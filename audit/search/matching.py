"""The filters of the audit log, and the queries for events and requests that match them.

An app's keys are its own, and so are a key's refusals. A planner that takes such conditions for independent expects
few rows where there are many, reads all of them and sorts. So what a key's rows are sure to have is only checked.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Case, CharField, Q, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from audit.actions import all_names, current_name
from audit.models import Call, Event
from audit.search.names import MAX_KEYS, agents_called, holding, keys_like
from core.folding import contains_folded, fold, starts_with_folded
from core.ids import is_uuid


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for in one app's record. Empty means anything."""

    app_id: UUID | None
    """None: what belongs to no app."""
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
    """`event`, `allowed` or `denied`."""
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
    actor_kind: str = ""
    """Who acted: `person`, `token`, `key`, `shell` or `system`."""
    target_kind: str = ""
    """The kind of object that an event is about: `key`, `agent`, `member`, …"""
    thread_id: str = ""
    """The thread in the context of a request."""
    calls_only: bool = False

    def to_dict(self) -> dict[str, str]:
        """What is asked for, as an event keeps it."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "app_id"}
        return {name: str(value) for name, value in values.items() if value}

    @property
    def narrowed(self) -> bool:
        """Whether anything but the app is asked for."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "app_id")


def rows(filters: Filters) -> tuple[QuerySet[Event], QuerySet[Call]]:
    """The acts and the calls that match, in no order.

    One query if `filters.key` is asked for, to find the keys, and one if `filters.agent_name` is.
    """
    named = _Named.by(filters)
    return _events(filters, named), _calls(filters, named)


def thread_id() -> Cast:
    """The thread that a call's context names, as text. NULL: none."""
    return Cast(KeyTextTransform("thread_id", "context"), CharField())


def checked(**conditions: Any) -> Case:
    """Rows of which all this is true, said so that no index is chosen and no estimate made by it."""
    return Case(When(**conditions, then=Value(True)), default=Value(False), output_field=BooleanField())


@dataclass(frozen=True, slots=True)
class _Named:
    """The rows of what is called so, and whether one key or one agent is all they are of."""

    rows: Q
    are_of_one: bool

    @classmethod
    def by(cls, filters: Filters) -> "_Named":
        """The rows of the keys and agents that `filters` name, or give by id."""
        agents = agents_called(filters.app_id, filters.agent_name) if filters.agent_name else set()
        of_agents = Q(agent_id__in=agents) if filters.agent_name else Q()
        of_keys, keys = _of_keys(filters)
        by_id = filters.key_id is not None or filters.agent is not None
        return cls(of_keys & of_agents, by_id or len(keys) == 1 or len(agents) == 1)


def _events(filters: Filters, named: _Named) -> QuerySet[Event]:
    rows = _shared(Event.objects.all(), filters, named)
    of_calls = filters.code or filters.check or filters.path or filters.thread_id or filters.calls_only
    if of_calls or filters.outcome in ("allowed", "denied"):
        return rows.none()
    if filters.action:
        whole = "." in filters.action
        rows = (
            rows.filter(action__in=all_names(current_name(filters.action)))
            if whole
            else rows.filter(starts_with_folded(f"{filters.action}.", "action"))
        )
    kinds = {"actor_kind": filters.actor_kind, "target_kind": filters.target_kind}
    rows = rows.filter(**{name: kind for name, kind in kinds.items() if kind})
    return rows.filter(contains_folded(filters.actor, "actor_label")) if filters.actor else rows


def _calls(filters: Filters, named: _Named) -> QuerySet[Call]:
    rows = _shared(Call.objects.all(), filters, named)
    of_events = filters.action or filters.actor or filters.actor_kind or filters.target_kind
    if filters.outcome == "event" or of_events:
        return rows.none()
    if filters.thread_id:
        rows = rows.alias(thread_id=thread_id()).filter(thread_id=filters.thread_id)
    if filters.outcome == "allowed":
        rows = rows.filter(allowed=True)
    if filters.outcome == "denied" or filters.code or filters.check:  # only what was denied has them
        by_check = Q(check_failed=filters.check) if filters.check else Q()  # which has an index, in order
        by_code = checked(code=filters.code) if filters.code else Q()
        rows = rows.filter(by_check, by_code, allowed=False)
    return rows.filter(starts_with_folded(filters.path, "path")) if filters.path else rows


def _shared(rows: QuerySet[Any], filters: Filters, named: _Named) -> QuerySet[Any]:
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
    conditions = {name: value for name, value in (exact | bounds).items() if value}
    of_app = checked(app_id=filters.app_id) if named.are_of_one else Q(app_id=filters.app_id)
    return rows.filter(of_app, named.rows, _of_caller(filters.caller), **conditions)


def _of_caller(caller: str) -> Q:
    """Rows of one caller: of a label, of a label's id, or of an agent that named itself by its own."""
    if not (is_uuid(caller) and caller == caller.lower()):
        return Q(caller=caller) if caller else Q()
    return Q(caller_id=caller) | Q(agent_id=caller, caller=caller)


def _of_keys(filters: Filters) -> tuple[Q, set[UUID]]:
    """Rows of the keys whose prefix or name fits, and their ids: calls need no index on text.

    The prefix must fit too: a derived key that was rotated in place has had several.
    """
    if not filters.key:
        return Q(), set()
    key_ids = keys_like(filters.app_id, filters.key)
    if len(key_ids) > MAX_KEYS:
        return holding(filters.key), set()  # so many keys, so many rows: the newest fifty are never far
    ids = {key.id for key in key_ids}
    called = {key.id for key in key_ids if fold(key.name) == fold(filters.key)}
    prefixes = {key.prefix for key in key_ids if filters.key in key.prefix}
    fits = [checked(key_id__in=called)] if called else []
    fits += [checked(key_prefix__in=prefixes)] if prefixes else []
    return Q(key_id__in=ids) & (Q(*fits, _connector=Q.OR) if fits else Q()), ids
