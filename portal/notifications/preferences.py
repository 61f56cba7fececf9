"""Notification preferences: one for each kind, and the defaults without one."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from portal.models import NotificationKind, NotificationPreference, User
from portal.notifications.notify import PERSONAL


@dataclass(frozen=True, slots=True)
class Preference:
    """How a user wants to receive one kind. The defaults are the product's."""

    in_portal: bool = True
    by_mail: bool = True
    every_key: bool = False


def preferences_of(user: User) -> dict[NotificationKind, Preference]:
    """What applies to `user`, kind by kind."""
    rows = {row.kind: row for row in NotificationPreference.objects.filter(user=user)}
    return {
        kind: Preference(row.in_portal, row.by_mail, row.reach == NotificationPreference.Reach.ALL)
        if (row := rows.get(kind.value))
        else Preference()
        for kind in NotificationKind
    }


@transaction.atomic
def save_preferences(user: User, preferences: Mapping[NotificationKind, Preference]) -> None:
    """Save what `user` wants. It changes nothing but their own reading, so it is not in the audit log."""
    for kind, preference in preferences.items():
        every = preference.every_key and kind not in PERSONAL
        NotificationPreference.objects.update_or_create(
            user=user,
            kind=kind,
            defaults={
                "in_portal": preference.in_portal,
                "by_mail": preference.by_mail,
                "reach": NotificationPreference.Reach.ALL if every else NotificationPreference.Reach.OWN,
            },
        )
