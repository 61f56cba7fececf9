"""The integrity check in the management API: one bounded step at a time, until next_cursor is null."""

from typing import Annotated
from uuid import UUID

from ninja import Query
from pydantic import Field

from audit.integrity.checking import check
from audit.integrity.checking.check import CheckRange
from audit.integrity.checking.findings import Finding
from audit.requests import TenantRequest
from core.choices import parse_choice
from core.durations import parse_since, parse_until
from core.schemas import ResponseSchema, SearchText

KINDS = ("event", "call")


class FindingInfo(ResponseSchema):
    """A finding of the integrity check: an error, or a note."""

    code: str = Field(description="A permanent code; docs/integrity.md lists them.")
    message: str = Field(description="What was found.")
    is_note: bool = Field(description="Whether it is only a note, not an error.")
    kind: str | None = Field(description="event or call. null: it is about the whole audit log.")
    seq: int | None = Field(description="The sequence number, or the first of several.")
    row_id: UUID | None = Field(description="The entry's id.")
    checkpoint: int | None = Field(description="The checkpoint's number.")

    @classmethod
    def from_finding(cls, finding: Finding) -> "FindingInfo":
        """`finding` as the management API shows it."""
        where = finding.where
        return cls(
            code=finding.what,
            message=finding.says,
            is_note=finding.is_note,
            kind=where.kind or None,
            seq=where.seq,
            row_id=where.row_id,
            checkpoint=where.checkpoint,
        )


class IntegrityStep(ResponseSchema):
    """The result of one step of the check."""

    findings: list[FindingInfo] = Field(
        description="Findings of this step. Empty: everything checked is intact."
    )
    checkpoints: int = Field(description="The number of checkpoints checked.")
    rows: int = Field(description="The number of entries checked.")
    next_cursor: str | None = Field(
        description="Send it as cursor for the next step. null: the check is complete."
    )


Moment = Annotated[SearchText, Query("", description="ISO 8601, or a duration before now: 24h, 7d.")]
Kind = Annotated[SearchText, Query("", description="event or call. Default: both.")]
CursorText = Annotated[SearchText, Query("", description="next_cursor of the previous step.")]


def check_integrity(
    request: TenantRequest, since: Moment = "", until: Moment = "", kind: Kind = "", cursor: CursorText = ""
) -> IntegrityStep:
    """Check seals, entries and checkpoints, one bounded step at a time, until next_cursor is null."""
    kind = parse_choice(kind, "kind", KINDS)
    scope = CheckRange(
        request.app.id,
        kind,
        parse_since(since) if since else None,
        parse_until(until) if until else None,
    )
    step = check.step(scope, cursor)
    return IntegrityStep(
        findings=[FindingInfo.from_finding(finding) for finding in step.findings],
        checkpoints=step.checkpoints,
        rows=step.rows,
        next_cursor=step.next_position,
    )
