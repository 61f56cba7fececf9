"""Reports quarantined rows that the portal did not write, and quarantined rows that are missing."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.actions import FORGE
from audit.integrity.checking.findings import Finding, Where
from audit.models import Event, ForgedRow
from audit.models.seals import NOWHERE

MAX_FOUND = 500
Span = tuple[datetime | None, datetime | None]
"""From when until when they were found."""


def findings(stream: UUID | None, kind: str, span: Span) -> Iterator[Finding]:
    """Those of an app, or of all; the newest ones first."""
    forged = ForgedRow.objects.filter(**_only(stream, kind), **_within("found_at", span))
    for row in forged.order_by("-found_at").defer("contents")[:MAX_FOUND]:
        message = (
            f"A row was put in that the portal did not write ({row.reason}): {row.row_id}. "
            f"It was set aside on {row.found_at:%d %B %Y at %H:%M:%S} UTC."
        )
        yield Finding("forged", message, Where(row.kind, row_id=_id(row.row_id), stream=row.stream))
    yield from _gone(stream, kind, span)


def _gone(stream: UUID | None, kind: str, span: Span) -> Iterator[Finding]:
    """What an act says was set aside, and is not there."""
    acts = Event.objects.filter(action=FORGE.name, **_within("at", span))
    if stream is not None:
        acts = acts.filter(app_id=None if stream == NOWHERE else stream)
    for event in acts.order_by("-at")[:MAX_FOUND]:
        facts: dict[str, Any] = event.facts if isinstance(event.facts, dict) else {}
        named = facts.get("ids")
        ids = [str(named_id) for named_id in named] if isinstance(named, list) else []
        if kind not in ("", facts.get("kind")):
            continue
        existing = set(ForgedRow.objects.filter(row_id__in=ids).values_list("row_id", flat=True))
        for row_id in ids:
            if row_id[:64] not in existing:
                message = f"The row {row_id} was set aside as forged, and is there no more."
                yield Finding(
                    "missing", message, Where(str(facts.get("kind")), row_id=_id(row_id), stream=event.app_id)
                )


def _only(stream: UUID | None, kind: str) -> dict[str, Any]:
    return {name: value for name, value in (("stream", stream), ("kind", kind)) if value}


def _within(name: str, span: Span) -> dict[str, datetime]:
    return {f"{name}__{side}": moment for side, moment in zip(("gte", "lt"), span, strict=True) if moment}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
