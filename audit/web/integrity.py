"""The pages of the integrity check and of the proof of one row."""

import json
from collections.abc import Iterator
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit.integrity.checking import check as integrity
from audit.integrity.checking import row_proof
from audit.integrity.checking.check import CheckRange
from audit.integrity.sealing import checkpoints, sealer, signing
from audit.models import Call, Checkpoint, Event, ForgedRow, Pending
from audit.requests import TenantRequest
from core.errors import NotFound

MAX_CHECKED = 20
MAX_FORGED = 50
MAX_COUNTED = 10_000
"""Rows that wait are not counted beyond."""


@require_GET
def call_seal(request: TenantRequest, call_id: UUID) -> HttpResponse:
    """Whether a call is the one that was sealed, step by step."""
    return _seal(request, _call(request, call_id))


@require_GET
def event_seal(request: TenantRequest, event_id: UUID) -> HttpResponse:
    """Whether an act is the one that was sealed, step by step."""
    return _seal(request, _event(request, event_id))


@require_GET
def call_proof(request: TenantRequest, call_id: UUID) -> HttpResponse:
    """The proof of a call as a file."""
    return _proof(_call(request, call_id))


@require_GET
def event_proof(request: TenantRequest, event_id: UUID) -> HttpResponse:
    """The proof of an act as a file."""
    return _proof(_event(request, event_id))


@require_GET
def check(request: TenantRequest) -> HttpResponse:
    """How far the record is sealed; if asked, whether its last checkpoints hold."""
    checkpoints_of_app = Checkpoint.objects.filter(stream=request.app.id)
    scope = CheckRange(request.app.id)
    context = {
        "sealed_to": sealer.sealed_to(request.app.id),
        "waiting": Pending.objects.filter(stream=request.app.id)[:MAX_COUNTED].count(),
        "newest": checkpoints_of_app.order_by("-number").first(),
        "forged": ForgedRow.objects.filter(stream=request.app.id)
        .defer("contents")
        .order_by("-found_at")[:MAX_FORGED],
        "key_id": signing.key_id(),
        "public": signing.public_key().hex(),
        "most": MAX_CHECKED,
        "done": integrity.newest(scope, MAX_CHECKED) if "check" in request.GET else None,
    }
    return render(request, "audit/integrity.html", context)


@require_GET
def download_checkpoints(request: TenantRequest) -> HttpResponseBase:
    """An app's checkpoints as JSON lines, to be kept elsewhere."""
    name = f"checkpoints-{request.app.id}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(_lines(request.app.id), content_type="application/x-ndjson", headers=headers)


def _lines(app_id: UUID) -> Iterator[str]:
    stored = Checkpoint.objects.filter(stream=app_id).order_by("number")
    for checkpoint in stored.iterator(chunk_size=1000):
        yield json.dumps(checkpoints.to_line(checkpoint), separators=(",", ":")) + "\n"


def _call(request: TenantRequest, call_id: UUID) -> Call:
    entry = Call.objects.filter(app_id=request.app.id, id=call_id).first()
    if entry is None:
        raise NotFound
    return entry


def _event(request: TenantRequest, event_id: UUID) -> Event:
    entry = Event.objects.filter(app_id=request.app.id, id=event_id).first()
    if entry is None:
        raise NotFound
    return entry


def _seal(request: TenantRequest, entry: Event | Call) -> HttpResponse:
    proof = row_proof.prove(entry)
    waits = Pending.objects.filter(row_id=entry.id).exists()
    return render(request, "audit/seal.html", {"entry": entry, "proof": proof, "waits": waits})


def _proof(entry: Event | Call) -> HttpResponse:
    proof = row_proof.prove(entry)
    if proof is None:
        raise NotFound("This entry is not sealed yet.", hint="Try again in a moment.")
    body = json.dumps(proof.to_dict(), ensure_ascii=True) + "\n"
    headers = {"Content-Disposition": f'attachment; filename="proof-{entry.id}.json"'}
    return HttpResponse(body, content_type="application/json", headers=headers)
