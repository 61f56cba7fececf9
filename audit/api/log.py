"""The audit log in the management API: search, show, export. Read-only."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpResponseBase, StreamingHttpResponse
from ninja import Query, Schema
from pydantic import Field

from audit.api.schemas import (
    AuditEntryDetail,
    AuditEntryPage,
    CallGroup,
    CallGroupList,
    SealedEntry,
    SealedEntryPage,
)
from audit.export.entry import AuditEntry
from audit.export.exporter import Export, export
from audit.export.pull import pull
from audit.models import Call, Event
from audit.requests import TenantRequest
from audit.search import call_groups
from audit.search.call_groups import Group
from audit.search.search import Filters, timeline
from audit.search.vocabularies import outcome_of, parse_vocabulary
from core.durations import parse_since, parse_until
from core.errors import NotFound
from core.ids import uuid_or_nil
from core.pagination.cursors import parse_cursor
from core.query_timeout import query_timeout
from core.schemas import SearchText
from keyformat.redaction import cut_to_prefix


class AuditFilters(Schema):
    """Filters of the audit log. Empty: all entries."""

    since: SearchText = Field(
        default="",
        description="From when: ISO 8601, or a duration before now, 24h. A date means its beginning.",
    )
    until: SearchText = Field(
        default="", description="Until when, exclusive: as since. A date means its end."
    )
    kind: SearchText = Field(default="", description="event (changes) or call (requests).")
    action: SearchText = Field(
        default="", description="An action, such as key.mint; or key for all changes of keys."
    )
    outcome: SearchText = Field(default="", description="event, allowed or denied.")
    key: SearchText = Field(default="", description="A key's prefix, part of it, or a name of the key.")
    key_id: UUID | None = Field(default=None, description="A key's id.")
    agent: UUID | None = Field(default=None, description="An agent's id.")
    agent_name: SearchText = Field(default="", description="A name of an agent.")
    actor: SearchText = Field(default="", description="Part of the actor's name.")
    actor_kind: SearchText = Field(default="", description="Who acted: person, token, key, shell or system.")
    target_kind: SearchText = Field(
        default="", description="The kind of object an event is about: key, agent, app, member and so on."
    )
    caller: SearchText = Field(default="", description="A caller's name or id.")
    code: SearchText = Field(default="", description="An error code, such as insufficient_scope.")
    check: SearchText = Field(default="", description="The id of the failed check, such as scope.")
    via: SearchText = Field(
        default="", description="How it was made: page, api, cli, sdk, door (the verify endpoint) or shell."
    )
    ip: SearchText = Field(default="", description="The IP address.")
    path: SearchText = Field(default="", description="The beginning of the request's path.")
    request: SearchText = Field(default="", description="The X-Request-Id of the response.")
    trace: SearchText = Field(default="", description="A W3C trace id: 32 hex digits.")
    thread_id: SearchText = Field(default="", description="The thread_id in the context of a request.")
    id: UUID | None = Field(default=None, description="One entry's id.")

    def filters(self, app_id: UUID | None) -> Filters:
        """The filters for one app. Raises Invalid."""
        values = parse_vocabulary(self.model_dump(exclude={"since", "until"}))
        kind = values.pop("kind")
        # The filters of an export are recorded: no key may be in them.
        values |= {name: cut_to_prefix(text) for name, text in values.items() if isinstance(text, str)}
        values["outcome"] = outcome_of(kind, values["outcome"])
        return Filters(
            app_id,
            since=parse_since(self.since) if self.since else None,
            until=parse_until(self.until) if self.until else None,
            calls_only=kind == "call",
            **values,
        )


AuditFilterQuery = Annotated[AuditFilters, Query()]
Limit = Annotated[int, Query(ge=1, le=1000, description="The page size, 1 to 1000.")]
CursorText = Annotated[SearchText, Query("", description="next_cursor of the previous page.")]
Since = Annotated[
    SearchText,
    Query("", description="From when: ISO 8601, or a duration before now, 24h. A date means its beginning."),
]
Until = Annotated[SearchText, Query("", description="Until when, exclusive: as since. A date means its end.")]
CallerName = Annotated[SearchText, Query("", description="A caller's full name.")]
ExportFormat = Annotated[SearchText, Query("jsonl", description="jsonl, csv or ocsf.")]
ByteOrderMark = Annotated[
    bool, Query(False, description="For csv: begin with a byte order mark, so that Excel reads UTF-8.")
]
AfterCursor = Annotated[
    SearchText, Query("", description="next_cursor of the previous page. Empty: from the beginning.")
]


def list_entries(
    request: TenantRequest, wanted: AuditFilterQuery, limit: Limit = 100, cursor: CursorText = ""
) -> AuditEntryPage:
    """Events and requests, newest first."""
    with query_timeout():
        page = timeline(wanted.filters(request.app.id), before=parse_cursor(cursor), limit=limit)
    return AuditEntryPage(
        items=[AuditEntry.from_model(row) for row in page.entries],
        next_cursor=str(page.older) if page.older else None,
    )


def get_entry(request: TenantRequest, entry_id: str) -> AuditEntryDetail:
    """An event, or a request with its checks."""
    rows = {"app_id": request.app.id, "id": uuid_or_nil(entry_id)}
    if event := Event.objects.filter(**rows).first():
        return AuditEntryDetail.from_model(event)
    call = Call.objects.filter(**rows).first()
    if call is None:
        raise NotFound("The audit log of this app has no entry with this id.")
    return AuditEntryDetail.from_model(call)


def export_entries(
    request: TenantRequest,
    wanted: AuditFilterQuery,
    format: ExportFormat = "jsonl",
    bom: ByteOrderMark = False,
) -> HttpResponseBase:
    """Export sealed events and requests as a file. Every export is recorded in the audit log."""
    filters = wanted.filters(request.app.id)
    return streamed(export(request.actor, filters, request.app.name, format, bom=bom))


def streamed(taken: Export) -> HttpResponseBase:
    """The response of an export, streamed while it is read."""
    return StreamingHttpResponse(
        taken.blocks(),
        content_type=taken.shape.media,
        headers={
            "Content-Disposition": f'attachment; filename="{taken.filename}"',
            "X-Alter-Export-Rows": str(taken.rows),
        },
    )


def pull_entries(request: TenantRequest, limit: Limit = 100, after: AfterCursor = "") -> SealedEntryPage:
    """Events and requests in the order they were sealed. None is skipped and none is sent twice."""
    pulled = pull(request.actor, request.app.id, request.app.name, after, limit)
    items = [SealedEntry.from_sealed(sealed) for sealed in pulled.rows]
    return SealedEntryPage(items=items, next_cursor=str(pulled.position), has_more=pulled.more)


def list_threads(
    request: TenantRequest, since: Since = "", until: Until = "", actor: CallerName = ""
) -> CallGroupList:
    """Requests by thread (the thread_id of their context), most recent first."""
    bounds = _bounds(since, until)
    return _describe_groups(call_groups.threads(request.app.id, *bounds, caller=actor))


def list_traces(
    request: TenantRequest, since: Since = "", until: Until = "", actor: CallerName = ""
) -> CallGroupList:
    """Requests by trace, most recent first."""
    bounds = _bounds(since, until)
    return _describe_groups(call_groups.traces(request.app.id, *bounds, caller=actor))


def _describe_groups(groups: list[Group]) -> CallGroupList:
    return CallGroupList(
        items=[
            CallGroup(
                id=group.id,
                calls=group.calls,
                denied=group.denied,
                first_at=group.first_at,
                last_at=group.last_at,
                callers=group.callers,
            )
            for group in groups
        ]
    )


def _bounds(since: str, until: str) -> tuple[datetime | None, datetime | None]:
    return parse_since(since) if since else None, parse_until(until) if until else None
