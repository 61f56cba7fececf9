"""Notifications of the owner of a token in the management API: listed, and marked as read.

Notification settings are changed on their page only, and notifications about tokens, accounts and the audit log itself
are marked as read there only: a stolen token must not hide the traces of its theft.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.db.models import Q, QuerySet
from ninja import Query
from pydantic import Field

from agents.requests import id_of
from audit import actions as on_audit
from core.choices import parse_choice
from core.clock import now
from core.errors import NotFound
from core.pagination.cursors import PartOfList, paginate
from core.schemas import Flag, Page, ResponseSchema, SearchText
from keys import actions as on_keys
from portal.api.token_auth import TokenRequest
from portal.error_responses import OnPagesAlone
from portal.models import Notification, NotificationKind
from portal.tokens import lifecycle
from portal.web.gates import apps_where


class NotificationInfo(ResponseSchema):
    """A notification."""

    id: UUID = Field(description="The notification's id.")
    kind: str = Field(description=f"{', '.join(NotificationKind.values)}.")
    title: str = Field(description="What happened.")
    text: str = Field(description="Details.")
    path: str = Field(description="The path of the page to act on it.")
    app_id: UUID | None = Field(description="The app it is about.")
    key_id: UUID | None = Field(description="The key it is about.")
    event_id: UUID | None = Field(description="The event it is about.")
    at: datetime = Field(description="When it was created.")
    read_at: datetime | None = Field(description="When it was read. null: unread.")


class NotificationPage(Page):
    """A page of notifications."""

    items: list[NotificationInfo] = Field(description="The notifications.")


class NotificationsRead(ResponseSchema):
    """The number of notifications that were marked as read."""

    notifications_read: int = Field(description="How many were unread before.")


OfKind = Annotated[SearchText, Query("", description="One kind only. Empty: all.")]
Unread = Annotated[Flag, Query(False, description="Unread notifications only.")]


def list_notifications(
    request: TokenRequest, part: PartOfList, kind: OfKind = "", unread: Unread = False
) -> NotificationPage:
    """Notifications of the token's owner, newest first; about apps only if the token may read keys there."""
    kind = parse_choice(kind, "kind", NotificationKind.values)
    rows = _notifications(request)
    rows = rows.filter(kind=kind) if kind else rows
    rows = rows.filter(read_at=None) if unread else rows
    items, page = paginate(rows, part, "at")
    return NotificationPage(items=[_describe(notification) for notification in items], **page)


MAY_BE_READ = Q(app_id__isnull=False) & ~Q(kind=NotificationKind.ALARM)
"""What a token may mark as read. The others may be about itself, or about its use."""


def read_notification(request: TokenRequest, notification_id: str) -> NotificationInfo:
    """Mark a notification about an app as read."""
    rows = _notifications(request).filter(id=id_of(notification_id))
    notification = rows.first()
    if notification is None:
        raise NotFound("Notification not found.", hint="Check the ID.")
    if not rows.filter(MAY_BE_READ).exists():
        raise OnPagesAlone
    Notification.objects.filter(pk=notification.pk, read_at=None).update(read_at=now())
    notification.refresh_from_db()
    return _describe(notification)


def read_notifications(request: TokenRequest) -> NotificationsRead:
    """Mark all notifications about apps as read. Those about tokens, accounts and the audit log stay unread."""
    unread = _notifications(request).filter(MAY_BE_READ, read_at=None)
    return NotificationsRead(notifications_read=unread.update(read_at=now()))


def _notifications(request: TokenRequest) -> QuerySet[Notification]:
    """Notifications shown to the owner about what the token may read itself."""
    token, needed = request.token, on_keys.READ.needs
    apps = apps_where(token.user, lambda held: needed in lifecycle.effective_permissions(token, held))
    visible = Q(app_id__in=apps.values("id")) | (Q(app_id=None) & ~Q(kind=NotificationKind.ALARM))
    if request.actor.may(on_audit.READ):
        visible |= Q(app_id=None, kind=NotificationKind.ALARM)
    return Notification.objects.filter(visible, user=token.user, shown=True)


def _describe(notification: Notification) -> NotificationInfo:
    return NotificationInfo(
        id=notification.id,
        kind=notification.kind,
        title=notification.title,
        text=notification.text,
        path=notification.path,
        app_id=notification.app_id,
        key_id=notification.key_id,
        event_id=notification.event_id,
        at=notification.at,
        read_at=notification.read_at,
    )
