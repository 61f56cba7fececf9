"""The record at the management API: looked through, explained, taken out. Nothing here changes anything."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpResponseBase, StreamingHttpResponse
from ninja import Query, Schema
from pydantic import Field

from audit.api.schemas import (
    AuditEntry,
    AuditEntryDetail,
    AuditEntryPage,
    CallGroup,
    CallGroupList,
    SealedEntry,
    SealedEntryPage,
)
from audit.export.exporter import Export, export
from audit.export.pull import pull
from audit.models import Call, Event
from audit.requests import TenantRequest
from audit.search import call_groups
from audit.search.search import Filters, timeline
from audit.search.vocabularies import outcome_of, parse_vocabulary
from core.cursors import parse_cursor
from core.durations import parse_since, parse_until
from core.errors import NotFound
from core.ids import uuid_or_nil
from core.query_timeout import patience
from core.schemas import SearchText
from keyformat.redaction import cut_to_prefix


class AuditFilters(Schema):
    """What to look for. Empty means anything."""

    since: SearchText = Field(
        default="", description="ISO 8601, or a span before now: 24h, 7d. Of a day its beginning."
    )
    until: SearchText = Field(
        default="", description="The same, but of a day its end. Entries of that moment are left out."
    )
    kind: SearchText = Field(default="", description="event or call.")
    action: SearchText = Field(default="", description="key.mint, or key for all that is done to keys.")
    outcome: SearchText = Field(default="", description="event, allowed or denied.")
    key: SearchText = Field(default="", description="A key's prefix, a piece of it, or a name it has had.")
    key_id: UUID | None = Field(default=None, description="A key's id.")
    agent: UUID | None = Field(default=None, description="An agent's id.")
    agent_name: SearchText = Field(default="", description="A name that an agent has had.")
    actor: SearchText = Field(default="", description="A piece of what the log calls who acted.")
    caller: SearchText = Field(default="", description="What a program calls itself, or the id of that name.")
    code: SearchText = Field(default="", description="The code of a refusal.")
    check: SearchText = Field(default="", description="The check that failed.")
    via: SearchText = Field(
        default="", description="The face that was used: page, api, cli, sdk, door or shell."
    )
    ip: SearchText = Field(default="", description="The address it came from.")
    path: SearchText = Field(default="", description="What the call's path begins with.")
    request: SearchText = Field(default="", description="What the answer carried as X-Request-Id.")
    trace: SearchText = Field(default="", description="A W3C trace: 32 hex digits.")
    id: UUID | None = Field(default=None, description="One entry's id.")

    def filters(self, app_id: UUID | None) -> Filters:
        """The same for one app. Raises Invalid."""
        asked = parse_vocabulary(self.model_dump(exclude={"since", "until"}))
        kind = asked.pop("kind")
        # What an export was filtered by is kept: no key may be in it.
        asked |= {name: cut_to_prefix(text) for name, text in asked.items() if isinstance(text, str)}
        asked["outcome"] = outcome_of(kind, asked["outcome"])
        return Filters(
            app_id,
            since=parse_since(self.since) if self.since else None,
            until=parse_until(self.until) if self.until else None,
            calls_only=kind == "call",
            **asked,
        )


AuditFilterQuery = Annotated[AuditFilters, Query()]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
Place = Annotated[SearchText, Query("", description="next_cursor of the answer before.")]
Since = Annotated[
    SearchText, Query("", description="ISO 8601, or a span before now: 24h, 7d. Of a day its beginning.")
]
Until = Annotated[
    SearchText, Query("", description="The same, but of a day its end. Calls of that moment are left out.")
]
CallerName = Annotated[SearchText, Query("", description="What a program calls itself, in full.")]
Shape = Annotated[SearchText, Query("jsonl", description="jsonl, csv or ocsf.")]
Mark = Annotated[
    bool, Query(False, description="Of csv: begin with a byte order mark, without which Excel misreads it.")
]
Reached = Annotated[
    SearchText, Query("", description="next_cursor of the answer before. Empty: from the beginning.")
]


def list_entries(
    request: TenantRequest, wanted: AuditFilterQuery, limit: Limit = 100, cursor: Place = ""
) -> AuditEntryPage:
    """Acts and calls, newest first."""
    with patience():
        page = timeline(wanted.filters(request.app.id), before=parse_cursor(cursor), limit=limit)
    return AuditEntryPage(
        items=[AuditEntry.from_model(row) for row in page.entries],
        next_cursor=str(page.older) if page.older else None,
    )


def get_entry(request: TenantRequest, entry_id: str) -> AuditEntryDetail:
    """One act, or one call and how the verdict on it came about."""
    rows = {"app_id": request.app.id, "id": uuid_or_nil(entry_id)}
    if event := Event.objects.filter(**rows).first():
        return AuditEntryDetail.from_model(event)
    call = Call.objects.filter(**rows).first()
    if call is None:
        raise NotFound("The record of this app has no entry with this id.")
    return AuditEntryDetail.from_model(call)


def export_entries(
    request: TenantRequest, wanted: AuditFilterQuery, format: Shape = "jsonl", bom: Mark = False
) -> HttpResponseBase:
    """Acts and calls as a stream, as far as they are sealed. That it was asked for is recorded."""
    filters = wanted.filters(request.app.id)
    return streamed(export(request.actor, filters, request.app.name, format, bom=bom))


def streamed(taken: Export) -> HttpResponseBase:
    """An export as the answer to a request: a file that is sent while it is read."""
    return StreamingHttpResponse(
        taken.blocks(),
        content_type=taken.shape.media,
        headers={
            "Content-Disposition": f'attachment; filename="{taken.filename}"',
            "X-Alter-Export-Rows": str(taken.rows),
        },
    )


def pull_entries(request: TenantRequest, limit: Limit = 100, after: Reached = "") -> SealedEntryPage:
    """Acts and calls in the order they were sealed: none is skipped, however late it was committed, none told twice."""
    pulled = pull(request.actor, request.app.id, request.app.name, after, limit)
    items = [SealedEntry.from_sealed(one) for one in pulled.rows]
    return SealedEntryPage(items=items, next_cursor=str(pulled.place), has_more=pulled.more)


def list_threads(
    request: TenantRequest, since: Since = "", until: Until = "", actor: CallerName = ""
) -> CallGroupList:
    """Calls by the thread their context names, the latest first."""
    bounds = _bounds(since, until)
    return _told(call_groups.threads(request.app.id, *bounds, caller=actor))


def list_traces(
    request: TenantRequest, since: Since = "", until: Until = "", actor: CallerName = ""
) -> CallGroupList:
    """Calls by the trace they are part of, the latest first."""
    bounds = _bounds(since, until)
    return _told(call_groups.traces(request.app.id, *bounds, caller=actor))


def _told(found: list[call_groups.Group]) -> CallGroupList:
    return CallGroupList(
        items=[
            CallGroup(
                id=g.id,
                calls=g.calls,
                denied=g.denied,
                first_at=g.first_at,
                last_at=g.last_at,
                callers=g.callers,
            )
            for g in found
        ]
    )


def _bounds(since: str, until: str) -> tuple[datetime | None, datetime | None]:
    return parse_since(since) if since else None, parse_until(until) if until else None
