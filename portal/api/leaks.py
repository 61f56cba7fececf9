"""What was reported as leaked of an app's keys, at the management API."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from agents.requests import AppRequest
from core.cursors import PartOfList, cut
from core.schemas import Page, ResponseSchema
from portal.models import LeakReport


class LeakInfo(ResponseSchema):
    """One report of one key."""

    id: UUID = Field(description="Its id.")
    at: datetime = Field(description="When it came.")
    source: str = Field(description="scanner, form or support.")
    found_at: str = Field(description="Where it was found, as the reporter says.")
    note: str = Field(description="What else the reporter says.")
    key_id: UUID | None = Field(description="The key.")
    key_prefix: str = Field(description="Its first characters.")
    outcome: str = Field(description="over: it had ended before; notified, deprecated or revoked.")
    handled_at: datetime | None = Field(description="When it was dealt with.")


class LeakPage(Page):
    """Some reports."""

    items: list[LeakInfo] = Field(description="The reports.")


def list_leaks(request: AppRequest, part: PartOfList) -> LeakPage:
    """What was reported of the app's keys, newest first, and what was done about it."""
    page, told = cut(LeakReport.objects.filter(app_id=request.app.id), part, "at")
    return LeakPage(items=[_describe(one) for one in page], **told)


def _describe(report: LeakReport) -> LeakInfo:
    return LeakInfo(
        id=report.id,
        at=report.at,
        source=report.source,
        found_at=report.found_at,
        note=report.note,
        key_id=report.key_id,
        key_prefix=report.prefix,
        outcome=report.outcome,
        handled_at=report.handled_at,
    )
