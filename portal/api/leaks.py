"""Reports of leaked keys in the management API."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from agents.requests import AppRequest
from core.pagination.cursors import PartOfList, paginate
from core.schemas import Page, ResponseSchema
from portal.models import LeakReport


class LeakInfo(ResponseSchema):
    """A report of a leaked key."""

    id: UUID = Field(description="The report's id.")
    at: datetime = Field(description="When the report was received.")
    source: str = Field(description="scanner, form or support.")
    location: str = Field(description="Where the key was found, as reported.")
    note: str = Field(description="The reporter's note.")
    key_id: UUID | None = Field(description="The key's id.")
    key_prefix: str = Field(description="The key's first characters.")
    outcome: str = Field(description="notified, deprecated or revoked; over: the key was already inactive.")
    handled_at: datetime | None = Field(description="When the report was handled.")


class LeakPage(Page):
    """A page of reports."""

    items: list[LeakInfo] = Field(description="The reports.")


def list_leaks(request: AppRequest, part: PartOfList) -> LeakPage:
    """Reports of leaked keys of the app, newest first, with the action taken."""
    items, page = paginate(LeakReport.objects.filter(app_id=request.app.id), part, "at")
    return LeakPage(items=[_describe(report) for report in items], **page)


def _describe(report: LeakReport) -> LeakInfo:
    return LeakInfo(
        id=report.id,
        at=report.at,
        source=report.source,
        location=report.found_at,
        note=report.note,
        key_id=report.key_id,
        key_prefix=report.prefix,
        outcome=report.outcome,
        handled_at=report.handled_at,
    )
