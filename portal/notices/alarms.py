"""Looks whether what proves the record is well, and tells every admin of the portal of each alarm, once."""

from django.urls import reverse

from audit.checking import alarms
from portal.models import Membership, NoticeKind, Role
from portal.notices.tell import News, tell


def look() -> int:
    """Raise and end alarms, and tell of those that stand. Returns 0: it is all done at once."""
    alarms.look()
    found = list(alarms.standing())
    if found:
        everywhere = Membership.objects.filter(app=None, role=Role.ADMIN, ended_at=None, user__is_active=True)
        people = {member.user_id: member.user for member in everywhere.select_related("user")}.values()
        for alarm in found:
            tell(News(NoticeKind.ALARM, f"alarm:{alarm.pk}", alarm.says, reverse("record")), people)
    return 0
