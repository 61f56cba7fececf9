"""Looks whether what proves the record is well, and tells admins of each alarm, once."""

from uuid import UUID

from django.urls import reverse

from audit.integrity.checking import alarms, tampered
from audit.models import Event
from portal.models import NoticeKind
from portal.notifications.notify import News, admins, tell

_told: set[UUID] = set()
"""The acts of which this process has told. Another may tell again: nobody hears of one twice."""


def look() -> int:
    """Raise and end alarms, and tell of those that stand. Returns 0: it is all done at once."""
    alarms.look()
    # Of rows that were forged or deleted, admins of their app are told as well, of each act.
    found = list(alarms.standing().exclude(code=alarms.TAMPERED))
    if found:
        people = admins(None)
        for alarm in found:
            tell(News(NoticeKind.ALARM, f"alarm:{alarm.pk}", alarm.says, reverse("record")), people)
    for act in tampered.acts():
        if act.id not in _told:
            _tell_of(act)
    return 0


def _tell_of(act: Event) -> None:
    """That somebody has been at the record: a row was put in, or deleted, behind the portal's back."""
    place = reverse("audit-integrity", args=[act.app_id]) if act.app_id else reverse("record")
    more = "Find out who can write to the database, and run manage.py check_audit."
    mark, says = f"event:{act.id}", tampered.tell(act)
    news = News(NoticeKind.ALARM, mark, says, place, more=more, app_id=act.app_id, event_id=act.id)
    tell(news, admins(act.app_id))
    _told.add(act.id)
