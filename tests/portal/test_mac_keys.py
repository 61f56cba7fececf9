"""A key of row MACs that rows still need and that is not there stops the start with a sentence."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from audit.integrity.sealing import mac_keys_in_use, sealer
from audit.models import Event, MacKey
from portal.models import Notification, NotificationKind, Role
from portal.notifications import alarms
from portal.notifications.preferences import preferences_of
from tests.audit.records import APP, called
from tests.factories import member

pytestmark = pytest.mark.django_db


def start() -> None:
    call_command("check", databases=["default"], tags=["database"])


def test_with_its_keys_it_starts() -> None:
    called()
    sealer.seal_all()
    assert MacKey.objects.get().number == 1
    start()


def test_a_key_that_is_another_stops_the_start(settings: Any) -> None:
    MacKey.objects.create(number=1, mark="of another")
    with pytest.raises(SystemCheckError, match=re.escape("portal.E004")):
        start()


def test_a_key_that_waiting_rows_need_stops_the_start(settings: Any) -> None:
    called()
    settings.MAC_KEYS = {2: bytes(32)}
    assert mac_keys_in_use.keys_in_use() == {1}
    with pytest.raises(SystemCheckError, match="MAC key 1"):
        start()


def test_a_key_that_nothing_waits_for_may_go(settings: Any) -> None:
    called()
    sealer.seal_all()
    settings.MAC_KEYS = {2: bytes(32)}
    start()


def test_admins_are_told_of_rows_that_were_put_in(settings: Any) -> None:
    admin, developer = member(Role.ADMIN, None), member(Role.DEVELOPER, None)
    mine, settings.MAC_KEYS = settings.MAC_KEYS, {9: bytes(32)}
    called(APP)
    settings.MAC_KEYS = mine
    sealer.seal_all()
    sealer.seal_all()
    alarms.look()
    notification = Notification.objects.get(kind=NotificationKind.ALARM)
    assert (notification.user, notification.event_id) == (admin, Event.objects.get(action="audit.forge").id)
    assert NotificationKind.ALARM in preferences_of(developer)
