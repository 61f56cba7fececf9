"""Every admin of the portal is told of an alarm once, and each of their pages says so until it is over."""

import shutil

import pytest
from django.conf import settings as portal
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from agents.models import App
from audit.integrity.checking.alarms import open_alarms
from audit.integrity.sealing import sealer, signing
from audit.models import Alarm, Call, Witnessed
from core.clock import at, now
from portal.models import Notification, NotificationKind, User
from portal.notifications import alarms, from_log
from tests.audit.records import DAY, called
from tests.audit.sealed import sealed
from tests.audit.tampering import with_fences_down

pytestmark = pytest.mark.django_db
SAYS = "The checkpoint files are missing"


@pytest.fixture
def lost() -> None:
    sealed(called())
    shutil.rmtree(portal.CHECKPOINT_DIR)
    alarms.look()


def test_admins_of_the_portal_are_told_once(lost: None, admin: User, developer: User) -> None:
    alarms.look(), alarms.look()
    (notification,) = Notification.objects.filter(kind=NotificationKind.ALARM)
    assert (notification.user, notification.path) == (admin, reverse("audit-settings"))
    assert notification.title.startswith(SAYS)


def test_a_banner_stands_on_their_pages_and_on_nobody_elses(
    lost: None, app: App, admin: User, developer: User, client: Client
) -> None:
    for user, told in ((admin, True), (developer, False)):
        client.force_login(user)
        for page in (reverse("home"), reverse("audit-integrity", args=[app.id])):
            assert (SAYS in client.get(page).content.decode()) is told, (user, page)


def test_it_goes_when_the_alarm_is_over(lost: None, admin: User, client: Client) -> None:
    shutil.rmtree(portal.MARKS_DIR)
    Alarm.objects.get()
    client.force_login(admin)
    portal.MARKS_DIR.mkdir()
    (portal.MARKS_DIR / "checkpoints").write_text('{"number": 0, "hash": ""}')
    alarms.look()
    assert not open_alarms().exists()
    assert SAYS not in client.get(reverse("home")).content.decode()


def test_a_row_that_was_forged_or_deleted_is_on_their_pages_for_a_week(admin: User, client: Client) -> None:
    client.force_login(admin)
    sealed(called(at=now()))
    from_log.follow()
    gone = called(at=now())
    with_fences_down(lambda: Call.objects.filter(id=gone.id).delete())
    with_fences_down(lambda: Call.objects.filter(id=called(at=now()).id).update(ip="198.51.100.1"))
    while sealer.seal_all():
        pass
    while from_log.follow():
        pass
    alarms.look(), alarms.look()
    assert [alarm.code for alarm in open_alarms()] == ["tampered"]
    assert "Audit log tampering" in client.get(reverse("home")).content.decode()
    notifications = Notification.objects.filter(kind=NotificationKind.ALARM, user=admin)
    assert sorted("deleted" in one.title for one in notifications) == [False, True]
    with at(now() + 8 * DAY):
        alarms.look()
        assert not open_alarms().exists()


def test_the_page_of_the_record_tells_of_witnesses_and_gives_what_was_witnessed(
    admin: User, client: Client, settings: Settings
) -> None:
    settings.WITNESS_FOR = {"payments": signing.public_key()}
    Witnessed.objects.create(source="payments", number=1, hash=b"h" * 32, told={"number": 1})
    client.force_login(admin)
    assert "Portal witnessed here" in client.get(reverse("audit-settings")).content.decode()
    answer = client.get(reverse("audit-settings-witnessed", args=["payments"]))
    assert b"".join(answer.streaming_content) == b'{"number":1}\n'  # type: ignore[attr-defined]
    assert client.get(reverse("audit-settings-witnessed", args=["others"])).status_code == 404
