"""Compares the database with the checkpoints that a witness holds."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from audit.integrity.checking import evidence
from audit.integrity.checking.evidence import CheckpointLine, Unreadable
from audit.integrity.checking.findings import Finding
from audit.integrity.witnesses import files, portals, timestamps, witness_settings
from audit.integrity.witnesses.witness_settings import FILE, PORTAL, Target
from audit.models import Checkpoint
from core.clock import now

BATCH_SIZE = 500


def compare(where: str) -> Iterator[Finding]:
    """What a witness knows that does not fit: one of PORTAL_WITNESS, or a file. Raises ValueError, UnreachableHost."""
    target = _target(where)
    if target.kind == witness_settings.TSA:
        yield from timestamps.check(target)
        return
    lines = portals.lines(target) if target.kind == PORTAL else files.lines(target)
    yield from _compared(lines)


def _target(where: str) -> Target:
    """One of PORTAL_WITNESS, or a file by its path alone."""
    if "://" in where:
        return witness_settings.read(where)
    if not Path(where).is_file():
        raise ValueError(
            f"The witness's file {where} is not there. Bring it back, or put another copy of it there."
        )
    return Target(FILE, where)


def _compared(lines: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    batch, last = list[CheckpointLine](), 0
    for data in lines:
        checkpoint = _read(data)
        if checkpoint is None:
            yield Finding("unreadable", f"A line of the witness cannot be read: {json.dumps(data)[:80]}")
            continue
        batch.append(checkpoint)
        last = max(last, checkpoint.number)
        if len(batch) == BATCH_SIZE:
            yield from _differ(batch)
            batch = []
    yield from _differ(batch)
    late = now() - timedelta(minutes=settings.WITNESS_SILENCE)
    if Checkpoint.objects.filter(number__gt=last, sealed_at__lt=late).exists():
        yield Finding("silent", f"The witness knows no checkpoint after {last}.")


def _differ(batch: list[CheckpointLine]) -> Iterator[Finding]:
    existing = Checkpoint.objects.filter(number__in=[checkpoint.number for checkpoint in batch])
    known = {number: bytes(its_hash) for number, its_hash in existing.values_list("number", "hash")}
    newest = Checkpoint.objects.order_by("-number").values_list("number", flat=True).first() or 0
    for checkpoint in batch:
        if checkpoint.number not in known:
            what = "cut" if checkpoint.number > newest else "missing"
            yield Finding(
                what, f"Checkpoint {checkpoint.number} was witnessed and is not here.", checkpoint.where
            )
        elif known[checkpoint.number] != checkpoint.hash:
            message = f"It is not the checkpoint that was witnessed under this number, {checkpoint.number}."
            yield Finding("rewritten", message, checkpoint.where)


def _read(data: Mapping[str, Any]) -> CheckpointLine | None:
    try:
        return evidence.checkpoint(data)
    except (Unreadable, AttributeError):
        return None
