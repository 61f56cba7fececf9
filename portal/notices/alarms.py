"""Looks whether what proves the record is well, and tells every admin of the portal of each alarm, once."""

from django.urls import reverse

from audit.checking import alarms
from portal.models import NoticeKind
from portal.notices.tell import News, admins, tell


def look() -> int:
    """Raise and end alarms, and tell of those that stand. Returns 0: it is all done at once."""
    alarms.look()
    # Of rows that were forged or deleted the record itself is followed: each is told of.
    found = list(alarms.standing().exclude(code=alarms.TAMPERED))
    if found:
        people = admins(None)
        for alarm in found:
            tell(News(NoticeKind.ALARM, f"alarm:{alarm.pk}", alarm.says, reverse("record")), people)
    return 0
