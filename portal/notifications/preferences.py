"""How people want to be told: one choice for each kind, and what holds without one."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from portal.models import NoticeChoice, NoticeKind, User
from portal.notifications.notify import PERSONAL


@dataclass(frozen=True, slots=True)
class Wish:
    """How someone is told of one kind."""

    in_portal: bool = True
    by_mail: bool = True
    every_key: bool = False


def wishes_of(user: User) -> dict[NoticeKind, Wish]:
    """What holds for `user`, kind by kind."""
    chosen = {one.kind: one for one in NoticeChoice.objects.filter(user=user)}
    return {
        kind: Wish(one.in_portal, one.by_mail, one.reach == NoticeChoice.Reach.ALL)
        if (one := chosen.get(kind.value))
        else Wish()
        for kind in NoticeKind
    }


@transaction.atomic
def choose(user: User, wishes: Mapping[NoticeKind, Wish]) -> None:
    """Keep what `user` wants. One's own reading is no act on anything: it is not on record."""
    for kind, wish in wishes.items():
        every = wish.every_key and kind not in PERSONAL
        NoticeChoice.objects.update_or_create(
            user=user,
            kind=kind,
            defaults={
                "in_portal": wish.in_portal,
                "by_mail": wish.by_mail,
                "reach": NoticeChoice.Reach.ALL if every else NoticeChoice.Reach.OWN,
            },
        )
