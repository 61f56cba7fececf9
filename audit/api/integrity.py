"""The check of the record at the management API: a bounded step at a time, until next_cursor is null."""

from typing import Annotated
from uuid import UUID

from ninja import Query
from pydantic import Field

from audit.integrity.checking import check
from audit.integrity.checking.check import Scope
from audit.integrity.checking.findings import Finding
from audit.requests import TenantRequest
from core.choices import parse_word
from core.durations import parse_since, parse_until
from core.schemas import ResponseSchema, SearchText

KINDS = ("event", "call")


class FindingInfo(ResponseSchema):
    """Something that does not hold, or a note, and where."""

    what: str = Field(description="A word that never changes; docs/seals.md lists them.")
    says: str = Field(description="The same of this case, in a sentence.")
    note: bool = Field(description="Worth knowing, and nothing wrong.")
    kind: str | None = Field(description="The stream: event or call. null: it is about the whole.")
    seq: int | None = Field(description="The place in that stream, or the first of several.")
    row_id: UUID | None = Field(description="The entry.")
    checkpoint: int | None = Field(description="The number of its checkpoint.")

    @classmethod
    def of(cls, found: Finding) -> "FindingInfo":
        """The same as JSON."""
        where = found.where
        return cls(
            what=found.what,
            says=found.says,
            note=found.is_note,
            kind=where.kind or None,
            seq=where.seq,
            row_id=where.row_id,
            checkpoint=where.checkpoint,
        )


class IntegrityStep(ResponseSchema):
    """What one step of a check has found."""

    findings: list[FindingInfo] = Field(description="What it found. Empty: all that was looked at holds.")
    checkpoints: int = Field(description="How many checkpoints were looked at.")
    rows: int = Field(
        description="How many rows were looked at: each against its seal, or whether it has one."
    )
    next_cursor: str | None = Field(
        description="Send it as cursor for the next step. null: that was the last."
    )


When = Annotated[SearchText, Query("", description="ISO 8601, or a span before now: 24h, 7d.")]
Kind = Annotated[SearchText, Query("", description="event or call. Empty: both.")]
Place = Annotated[SearchText, Query("", description="next_cursor of the step before.")]


def check_integrity(
    request: TenantRequest, since: When = "", until: When = "", kind: Kind = "", cursor: Place = ""
) -> IntegrityStep:
    """CheckResult seals, rows and checkpoints: a bounded step. Go on until next_cursor is null."""
    kind = parse_word(kind, "kind", KINDS)
    scope = Scope(
        request.app.id,
        kind,
        parse_since(since) if since else None,
        parse_until(until) if until else None,
    )
    done = check.step(scope, cursor)
    return IntegrityStep(
        findings=[FindingInfo.of(found) for found in done.findings],
        checkpoints=done.checkpoints,
        rows=done.rows,
        next_cursor=done.place,
    )
