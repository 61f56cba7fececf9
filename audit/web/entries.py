"""The pages of one event and of one request: its details, what is near it, and for a denied one how to fix it."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit.api.schemas import AuditEntryDetail
from audit.export.ocsf import ocsf
from audit.models import Call, Event, Seal
from audit.requests import TenantRequest
from audit.search import nearby, search
from audit.search.differences import differences
from audit.search.explain import explain
from audit.search.search import Entry
from audit.web.time_zones import in_readers_zone
from core.errors import NotFound
from core.portal_origin import absolute


@require_GET
@in_readers_zone
def event(request: TenantRequest, event_id: UUID) -> HttpResponse:
    """One event: who, what, why, before and after, what caused it and what it caused."""
    events = Event.objects.filter(app_id=request.app.id)
    entry = events.filter(id=event_id).first()
    if entry is None:
        raise NotFound
    cause = events.filter(id=entry.cause_id).first() if entry.cause_id else None
    followed = list(events.filter(cause_id=entry.id).order_by("at", "id")[:100])
    context = _of_either(entry) | {
        "event": entry,
        "changes": differences(entry.changes),
        "cause": cause,
        "followed": followed,
        "around": nearby.around(entry),
    }
    context["together"] = [other for other in context["together"] if other not in (cause, *followed)]
    return render(request, "audit/event.html", context)


@require_GET
@in_readers_zone
def call(request: TenantRequest, call_id: UUID) -> HttpResponse:
    """One call: what was asked, what was answered and why, how to set it right, and its neighbours."""
    entry = Call.objects.filter(app_id=request.app.id, id=call_id).first()
    if entry is None:
        raise NotFound
    here = absolute(request, request.path)
    context = {
        "call": entry,
        "explained": None if entry.allowed else explain(entry, request.actor, request.app.name, here),
        "around": search.around(entry),
    }
    return render(request, "audit/call.html", _of_either(entry) | context)


def _of_either(entry: Entry) -> dict[str, Any]:
    """What the pages of an act and of a call have in common."""
    seal = Seal.objects.filter(row_id=entry.id).first()
    return {
        "entry": entry,
        "seal": seal,
        "together": nearby.together(entry),
        "spans": nearby.spans_of(entry),
        "copies": _copies(entry, seal),
    }


def _copies(entry: Entry, seal: Seal | None) -> list[tuple[str, str]]:
    """The entry as text to take elsewhere: as the management API tells it, and as a SIEM reads it."""
    activity = ocsf(entry, seal.seq if seal else None)
    return [
        ("JSON", AuditEntryDetail.from_model(entry).model_dump_json(indent=2, exclude_none=True)),
        ("OCSF", json.dumps(activity, indent=2, ensure_ascii=False)),
    ]
