"""What is told from the record: revocations, once, to those who answer for the key and did not do it themselves."""

from typing import Any

import pytest

from agents.lifecycle import update_app
from agents.models import Agent, App
from audit.actors import Origin, shell, system
from audit.forwarding import destinations
from audit.integrity.sealing.sealer import seal_all
from audit.models import StreamCursor
from keys.lifecycle import mint, revoke, revoke_agent
from keys.models import ApiKey
from keys.plaintext import sha256
from portal.leaks import reports, response
from portal.models import Notification, User
from portal.notifications import from_log
from portal.web.gates import person
from tests.factories import minted
from tests.scopes import parse_scopes


def follow() -> None:
    while seal_all():
        pass
    while from_log.follow():
        pass


@pytest.fixture(autouse=True)
def begun(db: None) -> None:
    """It starts with what comes after it was first run."""
    follow()


def key_of(user: User, app: App, name: str = "worker", **choices: Any) -> ApiKey:
    actor = person(user, app, Origin("page"))
    return mint(actor, app, name=name, scopes=parse_scopes(["grants:read"]), **choices).key


def test_whoever_answers_for_a_key_is_told_who_revoked_it(app: App, admin: User, developer: User) -> None:
    act = revoke(person(admin, app, Origin("page")), key_of(developer, app), reason="Leaked.")
    follow()
    notification = Notification.objects.get(user=developer)
    assert (notification.title, notification.text) == (
        "Key worker was revoked",
        "Revoked by Admin. Reason: Leaked.",
    )
    assert notification.path == f"/receipts/{act}/"


def test_who_revokes_their_own_is_not_told(app: App, developer: User) -> None:
    key = key_of(developer, app)
    revoke(shell(), minted(app).key)
    actor = person(developer, app, Origin("page"))
    object.__setattr__(actor, "permissions", frozenset({"dashboard_keys:admin"}))
    revoke(actor, key)
    follow()
    assert not Notification.objects.filter(user=developer).exists()


def test_it_is_told_once_however_often_it_is_followed(app: App, developer: User) -> None:
    revoke(shell(), key_of(developer, app))
    for _ in range(3):
        follow()
    StreamCursor.objects.filter(name=from_log.NAME).update(number=0)
    follow()
    assert Notification.objects.filter(user=developer).count() == 1


def test_keys_that_end_together_are_one_notification(app: App, agent: Agent, developer: User) -> None:
    for name in "abc":
        key_of(developer, app, name, agent=agent)
    revoke_agent(shell(), agent)
    follow()
    assert Notification.objects.get(user=developer).title.endswith("and 2 other keys were revoked")


def test_what_was_before_the_first_run_is_not_told(app: App, developer: User) -> None:
    StreamCursor.objects.all().delete()
    revoke(shell(), key_of(developer, app))
    follow()
    assert not Notification.objects.exists()


def test_of_a_leaked_key_its_people_were_told_already(app: App, admin: User) -> None:
    update_app(shell(), app, on_leaked_app_key="revoke")
    response.handle(reports.take(sha256(minted(app).plaintext.take()), source="form"))
    follow()
    assert [notification.kind for notification in Notification.objects.all()] == ["key-leaked"]


def test_admins_are_told_of_a_webhook_whose_receiver_is_gone(admin: User, outsider: User) -> None:
    for actor in (system(), shell()):
        made = destinations.create(
            shell(), name=f"siem of {actor.kind}", url="https://siem.example.com/hooks"
        )
        destinations.delete(actor, made.webhook)
    follow()
    notification = Notification.objects.get(user=admin)
    assert notification.title == "Webhook siem of system was deleted"
    assert (notification.path, Notification.objects.filter(user=outsider).exists()) == (
        "/settings/audit-log/",
        False,
    )
