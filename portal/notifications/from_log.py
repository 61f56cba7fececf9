"""What the record tells of keys: who revoked one. It is followed seal by seal: nothing is told twice or missed."""

from collections.abc import Iterable
from itertools import groupby
from uuid import UUID

from django.urls import reverse

from audit.actions import END_DESTINATION
from audit.forwarding.reader import Wanted, newest, rows
from audit.models import Event, Place
from keyformat.grammar import STARTS
from keys.models import ApiKey
from portal.models import NoticeKind
from portal.notifications.notify import News, admins, tell, tell_of_key

NAME = "notices"
A_WALK = 50
"""Batches at once."""
WANTED = Wanted(kind="event")


def is_behind() -> bool:
    """Whether something has been sealed that was not looked at."""
    return not Place.objects.filter(name=NAME, number__gte=newest()).exists()


def follow() -> int:
    """Look at the next batches; return how many there were. The first run begins with what comes after it."""
    place, made = Place.objects.get_or_create(name=NAME, defaults={"number": newest()})
    if made:
        return 0
    ahead = list(WANTED.batches().filter(number__gt=place.number)[:A_WALK])
    for checkpoint in ahead:
        acts = [row for _, row in rows(checkpoint, WANTED) if isinstance(row, Event)]
        _tell_of(acts)
        _tell_of_gone(acts)
        Place.objects.filter(name=NAME).update(number=checkpoint.number)
    if not ahead:
        Place.objects.filter(name=NAME).update(number=newest())
    return len(ahead)


def _tell_of(events: Iterable[Event]) -> None:
    """Tell of the keys that were revoked, those that one act ended together in one notice.

    Of one that was reported as leaked its people were told when that was dealt with.
    """
    ended = [
        one
        for one in events
        if one.action == "key.revoke" and not one.key_prefix.startswith(STARTS["derived"])
    ]
    causes = [one.cause_id for one in ended if one.cause_id]
    leaks = set(Event.objects.filter(id__in=causes, action="leak.report").values_list("id", flat=True))
    ended = [one for one in ended if one.cause_id not in leaks]
    for act_id, together in groupby(sorted(ended, key=_act_of), key=_act_of):
        _tell(act_id, list(together))


def _tell_of_gone(events: Iterable[Event]) -> None:
    """Tell admins of a destination that the portal ended because its receiver is gone. What people end they know."""
    for one in events:
        if one.action == END_DESTINATION.name and one.actor_kind == "system":
            says = f"The destination {one.target_label} is ended: its receiver answered 410 Gone."
            more = "What had not arrived stays in the audit log. If it was a mistake, create the destination again."
            news = News(
                NoticeKind.ALARM, f"event:{one.id}", says, reverse("record"), more=more, event_id=one.id
            )
            tell(news, admins(None))


def _act_of(event: Event) -> UUID:
    return event.cause_id or event.id


def _tell(act_id: UUID, together: list[Event]) -> None:
    keys = ApiKey.objects.filter(id__in=[one.key_id for one in together]).with_kin().order_by("id")
    for key in keys:
        more = len(together) - 1
        others = f" and {more} other key{'' if more == 1 else 's'}" if more else ""
        by = together[0].actor_label.partition(" <")[0]
        news = News(
            NoticeKind.REVOKED,
            f"event:{act_id}",
            f"{by} revoked {key.name} of {key.app.name}{others}.",
            reverse("receipt", args=[act_id]),
            more=together[0].reason,
            app_id=key.app_id,
            key_id=key.pk,
            event_id=act_id,
        )
        tell_of_key(news, key, but=together[0].actor_id)
