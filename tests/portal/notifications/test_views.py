"""The pages of what one is told."""

from typing import Any

import pytest
from django.test import Client

from agents.models import App
from portal.models import Notification, NotificationKind, NotificationPreference, User
from portal.notifications.notify import NotificationContent, notify
from portal.notifications.preferences import preferences_of
from tests.portal.pages import text


def notification(user: User, mark: str = "one", to: str = "/docs/") -> Notification:
    notify(NotificationContent(NotificationKind.REVOKED, mark, "Admin revoked worker.", to), [user])
    return Notification.objects.get(user=user, dedupe_key=mark)


@pytest.fixture
def mine(app: App, developer: User, signed_in: Any) -> Client:
    return signed_in(developer)  # type: ignore[no-any-return]


def test_the_bell_counts_what_is_unread(developer: User, mine: Client) -> None:
    assert " unread" not in text(mine.get("/"))
    for n in range(11):
        notification(developer, str(n))
    assert "<b>9+" in text(mine.get("/"))


def test_a_notice_leads_where_it_says_and_counts_as_read(developer: User, mine: Client) -> None:
    one = notification(developer)
    assert mine.get(f"/notifications/{one.id}/")["Location"] == "/docs/"
    assert Notification.objects.get(pk=one.pk).read_at is not None


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "javascript:alert(1)", "/\\evil"])
def test_a_notice_leads_nowhere_else(developer: User, mine: Client, to: str) -> None:
    assert mine.get(f"/notifications/{notification(developer, to=to).id}/")["Location"] == "/notifications/"


def test_nobody_reads_the_notices_of_another(support: User, mine: Client) -> None:
    one = notification(support)
    assert mine.get(f"/notifications/{one.id}/").status_code == 404
    assert "revoked worker" not in text(mine.get("/notifications/"))


def test_all_are_marked_as_read(developer: User, mine: Client) -> None:
    notification(developer)
    mine.post("/notifications/read/")
    assert not Notification.objects.filter(read_at=None).exists()


def test_the_list_has_tabs_and_a_search(developer: User, mine: Client) -> None:
    read = notification(developer, "read")
    mine.get(f"/notifications/{read.id}/")
    notification(developer)
    counts = {
        "": 2,
        "?tab=unread": 1,
        "?tab=keys": 2,
        "?tab=account": 0,
        "?q=REVOKED": 2,
        "?tab=keys&q=no": 0,
    }
    for query, count in counts.items():
        assert mine.get(f"/notifications/{query}").context["list"].total == count, query
    assert mine.get("/notifications/?tab=other").status_code == 422


def test_title_text_app_and_time_stand_apart(app: App, developer: User, mine: Client) -> None:
    said: dict[str, Any] = {"text": "Revoked by Admin.", "app_id": app.id}
    notify(
        NotificationContent(NotificationKind.REVOKED, "one", "Key worker was revoked.", "/docs/", **said),
        [developer],
    )
    shown = text(mine.get("/notifications/"))
    assert '<li class="unread">' in shown
    assert ">Key worker was revoked</a>" in shown
    assert "<small>Revoked by Admin.</small>" in shown
    assert "<span>checkout</span>" in shown
    assert "<time" in shown


def test_marking_as_read_by_get_leads_to_the_list(mine: Client) -> None:
    assert mine.get("/notifications/read/")["Location"] == "/notifications/"


def test_what_is_ticked_is_what_one_is_told(developer: User, mine: Client) -> None:
    mine.post("/account/notifications/", {"tick": ["key-revoked:portal", "key-expired:all", "signed-in:all"]})
    preferences = preferences_of(developer)
    assert (
        preferences[NotificationKind.REVOKED].in_portal,
        preferences[NotificationKind.REVOKED].by_mail,
    ) == (
        True,
        False,
    )
    assert preferences[NotificationKind.EXPIRED].every_key
    assert not preferences[NotificationKind.SIGNED_IN].every_key
    assert NotificationPreference.objects.filter(user=developer).count() == len(NotificationKind)


def test_a_notice_that_is_for_the_mail_alone_is_not_listed(developer: User, mine: Client) -> None:
    one = notification(developer)
    Notification.objects.filter(pk=one.pk).update(shown=False)
    assert "revoked worker" not in text(mine.get("/notifications/"))
