"""What the owner of a token is told, at the management API: listed, and counted as read.

How people are told is theirs to choose, on a page, and what tells of tokens, of accounts or of the record itself is
counted as read there alone: a stolen token must not silence what would tell of it.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.db.models import Q, QuerySet
from ninja import Query
from pydantic import Field

from agents.requests import id_of
from audit import actions as on_audit
from core.choices import parse_word
from core.clock import now
from core.cursors import PartOfList, cut
from core.errors import NotFound
from core.schemas import Flag, Page, Sought, Told
from keys import actions as on_keys
from portal.api.token_auth import TokenRequest
from portal.error_responses import OnPagesAlone
from portal.gates import apps_where
from portal.models import Notice, NoticeKind
from portal.tokens import lifecycle


class NoticeInfo(Told):
    """One thing its reader is told."""

    id: UUID = Field(description="Its id.")
    kind: str = Field(description=f"{', '.join(NoticeKind.values)}.")
    says: str = Field(description="What there is to tell, in a sentence.")
    more: str = Field(description="What else was said of it.")
    to: str = Field(description="The path of the page that sets it right.")
    app_id: UUID | None = Field(description="The app it is about.")
    key_id: UUID | None = Field(description="The key it is about.")
    event_id: UUID | None = Field(description="The act it tells of.")
    at: datetime = Field(description="Since when it is told.")
    read_at: datetime | None = Field(description="When it was read. null: it was not.")


class NoticePage(Page):
    """Some notices."""

    items: list[NoticeInfo] = Field(description="The notices.")


class NoticesRead(Told):
    """How many there were."""

    notices_read: int = Field(description="How many count as read now and did not before.")


OfKind = Annotated[Sought, Query("", description="One of the kinds. Empty: all.")]
Unread = Annotated[Flag, Query(False, description="Whether only those that were not read are shown.")]


def list_notices(
    request: TokenRequest, part: PartOfList, kind: OfKind = "", unread: Unread = False
) -> NoticePage:
    """What the token's owner was told, newest first; of apps, where the token may read keys."""
    kind = parse_word(kind, "kind", NoticeKind.values)
    found = _notices(request)
    found = found.filter(kind=kind) if kind else found
    found = found.filter(read_at=None) if unread else found
    page, told = cut(found, part, "at")
    return NoticePage(items=[_describe(one) for one in page], **told)


MAY_BE_READ = Q(app_id__isnull=False) & ~Q(kind=NoticeKind.ALARM)
"""What a token counts as read. The others may tell of itself, or of what was done with it."""


def read_notice(request: TokenRequest, notice_id: str) -> NoticeInfo:
    """Count one of an app as read."""
    found = _notices(request).filter(id=id_of(notice_id))
    notice = found.first()
    if notice is None:
        raise NotFound
    if not found.filter(MAY_BE_READ).exists():
        raise OnPagesAlone
    Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=now())
    notice.refresh_from_db()
    return _describe(notice)


def read_notices(request: TokenRequest) -> NoticesRead:
    """Count every one of an app that the token sees as read. Those of tokens, accounts and the record stay."""
    unread = _notices(request).filter(MAY_BE_READ, read_at=None)
    return NoticesRead(notices_read=unread.update(read_at=now()))


def _notices(request: TokenRequest) -> QuerySet[Notice]:
    """Of what the portal shows its owner, that about what the token may look at itself."""
    token, needed = request.token, on_keys.READ.needs
    apps = apps_where(token.user, lambda held: needed in lifecycle.may(token, held))
    seen = Q(app_id__in=apps.values("id")) | (Q(app_id=None) & ~Q(kind=NoticeKind.ALARM))
    if request.actor.may(on_audit.READ):
        seen |= Q(app_id=None, kind=NoticeKind.ALARM)
    return Notice.objects.filter(seen, user=token.user, shown=True)


def _describe(notice: Notice) -> NoticeInfo:
    return NoticeInfo(
        id=notice.id,
        kind=notice.kind,
        says=notice.says,
        more=notice.more,
        to=notice.to,
        app_id=notice.app_id,
        key_id=notice.key_id,
        event_id=notice.event_id,
        at=notice.at,
        read_at=notice.read_at,
    )
