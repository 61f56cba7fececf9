"""What ends or lessens the use of somebody else's key needs what revoking it needs, on every face."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from agents.models import App
from audit.actors import shell
from audit.models import Event
from core.clock import now
from keys import errors, lifecycle
from keys.models import ApiKey
from keys.networks import parse_networks
from portal.models import User
from tests.api.program import Program
from tests.factories import issued, minted
from tests.keys.asking import again
from tests.keys.family import derived, parent_of
from tests.keys.pages import to
from tests.scopes import parse_scopes

SignIn = Callable[[User], Client]
WEEK = timedelta(days=7)
LESS: list[dict[str, Any]] = [
    {"scopes": parse_scopes(["grants:read"])},
    {"networks": parse_networks(["203.0.113.7"])},
    {"rate_limit_rpm": 1},
    {"expires_at": now() + timedelta(days=3650)},
]


@pytest.fixture
def foreign(app: App, admin: User) -> ApiKey:
    key = minted(app, scopes="grants:write", name="foreign").key
    lifecycle.hand_over(shell(), key, admin.pk, admin.label)
    return key


@pytest.mark.parametrize("less", LESS)
def test_another_ones_key_is_not_lessened(
    app: App, developer: User, foreign: ApiKey, acting: Any, less: Any
) -> None:
    with pytest.raises(errors.NotYoursToEnd):
        lifecycle.narrow(acting(developer, app), foreign, **less)


def test_a_key_without_an_owner_belongs_to_the_team(app: App, developer: User, acting: Any) -> None:
    key = minted(app, scopes="grants:write").key
    lifecycle.narrow(acting(developer, app), key, rate_limit_rpm=1)
    assert again(key).rate_limit_rpm == 1


def test_an_own_key_is(app: App, developer: User, foreign: ApiKey, acting: Any) -> None:
    lifecycle.hand_over(shell(), foreign, developer.pk, developer.label)
    lifecycle.narrow(acting(developer, app), foreign, rate_limit_rpm=1)
    assert again(foreign).rate_limit_rpm == 1


def test_another_ones_key_is_rotated_with_a_whole_grace_alone(
    app: App, developer: User, foreign: ApiKey, acting: Any
) -> None:
    actor = acting(developer, app)
    choices: list[dict[str, Any]] = [
        {"grace": timedelta(0)},
        {"grace": WEEK - timedelta(seconds=1)},
        {"scopes": parse_scopes(["grants:read"])},
    ]
    for choice in choices:
        with pytest.raises(errors.NotYoursToEnd):
            lifecycle.rotate(actor, foreign, **choice)
    assert lifecycle.rotate(actor, foreign, grace=WEEK).key.replaces == foreign


def test_another_ones_derived_key_is_not_rotated(app: App, admin: User, developer: User, acting: Any) -> None:
    parent = parent_of(app).key
    lifecycle.hand_over(shell(), parent, admin.pk, admin.label)
    child = derived(again(parent)).key
    with pytest.raises(errors.NotYoursToEnd):
        lifecycle.rotate(acting(developer, app), child)
    assert lifecycle.rotate(acting(admin, app), child)


def test_on_the_page(developer: User, foreign: ApiKey, signed_in: SignIn) -> None:
    browser = signed_in(developer)
    page = browser.get(to("key-rotate", foreign)).content.decode()
    answer = browser.post(to("key-rotate", foreign), {"grace": "0", "once": "a" * 32})
    assert ("7 days or more" in page, answer.status_code) == (True, 403)
    assert again(foreign).status == "active"


def test_through_the_api(app: App, developer: User, foreign: ApiKey) -> None:
    program = Program(issued(developer, "dashboard_keys:write").plaintext.take())
    there = f"/apps/{app.id}/keys/{foreign.id}"
    answers = [
        program.post(f"{there}/rotate", {"grace": "0s"}),
        program.post(f"{there}/narrow", {"rate_limit_rpm": 1}),
    ]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
        (403, "not_yours_to_end")
    ] * 2


def test_derived_keys_follow_their_parent_to_its_new_owner(app: App, developer: User) -> None:
    parent = parent_of(app).key
    child = derived(parent).key
    lifecycle.hand_over(shell(), parent, developer.pk, developer.label)
    causes = dict(Event.objects.filter(action="key.hand-over").values_list("key_id", "cause_id"))
    event = Event.objects.get(action="key.hand-over", key_id=parent.id)
    assert again(child).owner_id == developer.pk
    assert causes == {parent.id: None, child.id: event.id}
