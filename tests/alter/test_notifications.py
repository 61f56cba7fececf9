"""`alter notifications`: listed, and marked as read."""

import pytest

from agents.models import App
from alter.portal_columns import NOTIFICATION
from portal.models import NotificationKind, User
from portal.notifications.notify import NotificationContent, notify
from tests.alter.running import alter
from tests.factories import minted


@pytest.fixture(autouse=True)
def told(signed_in: str, admin: User, app: App) -> None:
    key = minted(app).key
    for word in ("one", "two"):
        content = NotificationContent(
            NotificationKind.REVOKED, word, f"Told of {word}.", "/", app_id=app.id, key_id=key.id
        )
        notify(content, [admin])


def test_notifications_are_listed_and_one_is_read() -> None:
    rows = alter("notifications", "list", "--unread", "--output", "json").json
    assert (len(rows), list(rows[0])) == (2, list(NOTIFICATION.fields))
    assert alter("notifications", "read", rows[0]["id"]).json["read_at"]
    assert len(alter("notifications", "list", "--unread", "--output", "json").json) == 1
    assert alter("notifications", "read", "--all").json == {"notifications_read": 1}


def test_a_table_names_what_happened() -> None:
    assert alter("notifications", "list").out.splitlines()[0].split()[:3] == ["ID", "READ", "TITLE"]
    assert alter("notifications", "list", "--kind", "signed-in").err == "No notifications.\n"


def test_which_is_to_be_said() -> None:
    assert alter("notifications", "read").code == 2
    assert alter("notifications", "list", "--kind", "revokd").code == 2
