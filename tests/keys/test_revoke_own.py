"""Who may mint keys may revoke those they own, and no others, on every face."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from agents.models import App
from audit.actors import shell
from core.errors import NotAllowed
from keys import actions, lifecycle
from keys.models import ApiKey
from portal.models import User
from portal.support.bulk_actions import revoke_many
from tests.api.program import Program
from tests.factories import issued, minted
from tests.keys.asking import again
from tests.keys.pages import to

SignIn = Callable[[User], Client]
ORIGIN = shell().origin


def owned(app: App, user: User, name: str = "own") -> ApiKey:
    """A key that `user` owns."""
    key = minted(app, name=name).key
    lifecycle.hand_over(shell(), key, user.pk, user.label)
    return key


@pytest.fixture
def own(app: App, developer: User) -> ApiKey:
    return owned(app, developer)


@pytest.fixture
def foreign(app: App, admin: User) -> ApiKey:
    return owned(app, admin, "foreign")


def test_an_owner_may_and_nobody_else_of_the_role(
    app: App, developer: User, own: ApiKey, foreign: ApiKey, acting: Any
) -> None:
    actor = acting(developer, app)
    lifecycle.revoke(actor, own)
    for key in (foreign, minted(app).key):
        with pytest.raises(NotAllowed):
            lifecycle.revoke(actor, key)
    assert again(own).revoked_at and not again(foreign).revoked_at


def test_owning_is_nothing_without_the_permission(app: App, outsider: User, acting: Any) -> None:
    with pytest.raises(NotAllowed):
        lifecycle.revoke(acting(outsider, app), owned(app, outsider))


def test_the_owner_is_asked_about_under_the_lock(
    app: App, developer: User, admin: User, own: ApiKey, acting: Any
) -> None:
    stale = again(own)
    lifecycle.hand_over(shell(), own, admin.pk, admin.label)
    with pytest.raises(NotAllowed):
        lifecycle.revoke(acting(developer, app), stale)


def test_nobody_transfers_a_key_to_themselves_to_revoke_it(
    app: App, developer: User, foreign: ApiKey, acting: Any
) -> None:
    with pytest.raises(NotAllowed):
        lifecycle.hand_over(acting(developer, app), foreign, developer.pk, developer.label)


def test_rotating_does_not_change_the_owner(
    app: App, developer: User, admin: User, foreign: ApiKey, acting: Any
) -> None:
    assert lifecycle.rotate(acting(developer, app), foreign).key.owner_id == admin.pk


def test_on_the_page(developer: User, own: ApiKey, foreign: ApiKey, signed_in: SignIn) -> None:
    browser = signed_in(developer)
    assert "Revoke…" in browser.get(to("key", own)).content.decode()
    assert "Revoke…" not in browser.get(to("key", foreign)).content.decode()
    assert browser.get(to("key-revoke", foreign)).status_code == 403
    assert browser.post(to("key-revoke", own), {}).status_code == 302
    assert again(own).revoked_at


def test_through_the_api(app: App, developer: User, foreign: ApiKey) -> None:
    program = Program(issued(developer, "dashboard_keys:write").plaintext.take())
    made = program.post(
        f"/apps/{app.id}/keys", {"name": "made", "scopes": ["grants:read"], "key_type": "runtime"}
    )
    statuses = {
        key: program.post(f"/apps/{app.id}/keys/{key}/revoke", {}).status_code
        for key in (made.json()["id"], str(foreign.id))
    }
    assert statuses == {made.json()["id"]: 200, str(foreign.id): 403}


def test_at_the_desk(developer: User, own: ApiKey, foreign: ApiKey) -> None:
    batch = revoke_many(developer, ORIGIN, [own.id, foreign.id], reason="clean-up")
    assert (batch.revoked, [key for key, _ in batch.failures]) == (1, [foreign])


def test_the_rule_is_said_on_the_action_alone() -> None:
    assert (actions.REVOKE.needs, actions.REVOKE.owner_needs) == (
        "dashboard_keys:admin",
        "dashboard_keys:write",
    )
