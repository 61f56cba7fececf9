"""Stores the spans that programs report, each once (docs/sdk.md)."""

import secrets
from collections.abc import Iterable

from audit.models import Span


def emit(spans: Iterable[Span]) -> int:
    """Keep `spans`, and say how many of them were new: a trace has each span id once. One with no id gets one."""
    # In one order everywhere, so that two batches with the same spans do not wait for each other.
    prepared = sorted(map(_named, spans), key=lambda span: (span.trace_id, span.span_id))
    Span.objects.bulk_create(prepared, ignore_conflicts=True)
    return Span.objects.filter(id__in=[span.id for span in prepared]).count()


def _named(span: Span) -> Span:
    span.span_id = span.span_id or secrets.token_hex(8)
    return span
