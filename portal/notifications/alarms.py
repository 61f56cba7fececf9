"""Checks whether the proofs of the audit log are intact, and notifies admins of each alarm once."""

from uuid import UUID

from django.urls import reverse

from audit.integrity.checking import alarms, tampered
from audit.models import Event
from portal.models import NotificationKind
from portal.notifications.notify import NotificationContent, admins, notify

_notified: set[UUID] = set()
"""Events that this process has sent notifications about. Another may repeat it: nobody gets one twice."""


def look() -> int:
    """Raise and end alarms, and notify of open ones. Returns 0: there is never a next piece."""
    alarms.look()
    # Of rows that were forged or deleted, admins of their app are notified as well, of each event.
    raised = list(alarms.open_alarms().exclude(code=alarms.TAMPERED))
    if raised:
        users = admins(None)
        for alarm in raised:
            title, _, text = alarm.says.partition(". ")
            content = NotificationContent(
                NotificationKind.ALARM, f"alarm:{alarm.pk}", title, reverse("audit-settings"), text=text
            )
            notify(content, users)
    for event in tampered.acts():
        if event.id not in _notified:
            _notify_of_tampering(event)
    return 0


def _notify_of_tampering(event: Event) -> None:
    """A row was inserted or deleted outside the portal."""
    path = reverse("audit-integrity", args=[event.app_id]) if event.app_id else reverse("audit-settings")
    content = NotificationContent(
        NotificationKind.ALARM,
        f"event:{event.id}",
        tampered.describe_event(event),
        path,
        text="Find out who can write to the database, and run .venv/bin/python manage.py check_audit.",
        app_id=event.app_id,
        event_id=event.id,
    )
    notify(content, admins(event.app_id))
    _notified.add(event.id)
