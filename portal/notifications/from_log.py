"""Notifications made from sealed events, such as revoked keys. Events are read once each, in order, none skipped."""

from collections.abc import Iterable
from itertools import groupby
from uuid import UUID

from django.urls import reverse

from audit.actions import DELETE_WEBHOOK
from audit.forwarding.reader import StreamFilter, newest, rows
from audit.models import Event, StreamCursor
from keyformat.grammar import STARTS
from keys.models import ApiKey
from portal.models import NotificationKind
from portal.notifications.notify import NotificationContent, admins, notify, notify_about_key

NAME = "notifications"
"""The name of this reader's position: it stays, so that no event is read twice."""
BATCH_SIZE = 50
WANTED = StreamFilter(kind="event")


def is_behind() -> bool:
    """Whether sealed events wait to be read."""
    return not StreamCursor.objects.filter(name=NAME, number__gte=newest()).exists()


def follow() -> int:
    """Read the next batches; return how many there were. The first run starts with what comes after it."""
    place, made = StreamCursor.objects.get_or_create(name=NAME, defaults={"number": newest()})
    if made:
        return 0
    ahead = list(WANTED.batches().filter(number__gt=place.number)[:BATCH_SIZE])
    for checkpoint in ahead:
        events = [row for _, row in rows(checkpoint, WANTED) if isinstance(row, Event)]
        _notify_of_revoked_keys(events)
        _notify_of_gone_webhooks(events)
        StreamCursor.objects.filter(name=NAME).update(number=checkpoint.number)
    if not ahead:
        StreamCursor.objects.filter(name=NAME).update(number=newest())
    return len(ahead)


def _notify_of_revoked_keys(events: Iterable[Event]) -> None:
    """One notification for all keys that were revoked together.

    Of a leaked key its owner was notified when the report was handled.
    """
    revoked = [
        event
        for event in events
        if event.action == "key.revoke" and not event.key_prefix.startswith(STARTS["derived"])
    ]
    causes = [event.cause_id for event in revoked if event.cause_id]
    leaks = set(Event.objects.filter(id__in=causes, action="leak.report").values_list("id", flat=True))
    revoked = [event for event in revoked if event.cause_id not in leaks]
    for cause_id, together in groupby(sorted(revoked, key=_cause_of), key=_cause_of):
        _notify_of_batch(cause_id, list(together))


def _notify_of_gone_webhooks(events: Iterable[Event]) -> None:
    """Notify admins of a webhook that the portal deleted because its receiver is gone. Others were deleted by hand."""
    for event in events:
        if event.action == DELETE_WEBHOOK.name and event.actor_kind == "system":
            content = NotificationContent(
                NotificationKind.ALARM,
                f"event:{event.id}",
                f"Webhook {event.target_label} was deleted",
                reverse("audit-settings"),
                text="Its receiver answered 410 Gone. Entries that were not delivered stay in the audit log. "
                "If this was a mistake, create the webhook again.",
                event_id=event.id,
            )
            notify(content, admins(None))


def _cause_of(event: Event) -> UUID:
    return event.cause_id or event.id


def _notify_of_batch(cause_id: UUID, together: list[Event]) -> None:
    first = together[0]
    others = len(together) - 1
    and_others = f" and {others} other key{'' if others == 1 else 's'}" if others else ""
    by = f"Revoked by {first.actor_label.partition(' <')[0]}."
    keys = ApiKey.objects.filter(id__in=[event.key_id for event in together]).with_kin().order_by("id")
    for key in keys:
        content = NotificationContent(
            NotificationKind.REVOKED,
            f"event:{cause_id}",
            f"Key {key.name}{and_others} {'were' if others else 'was'} revoked",
            reverse("receipt", args=[cause_id]),
            text=f"{by} Reason: {first.reason}" if first.reason else by,
            app_id=key.app_id,
            key_id=key.pk,
            event_id=cause_id,
        )
        notify_about_key(content, key, but=first.actor_id)
