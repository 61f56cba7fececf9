"""Someone leaves: their roles end, what they answered for is revoked, kept or handed over, and they are out at once."""

from typing import Any

import pytest
from django.test import Client

from agents.models import Agent, App
from audit.actors import EVERYTHING, Actor, Origin
from audit.models import Event
from keys.errors import LastActiveKey
from keys.lifecycle import mint
from keys.models import ApiKey
from portal.accounts.lifecycle import give_role
from portal.accounts.offboarding import OffboardingPlan, owned_keys, remove, remove_everywhere
from portal.error_responses import LastAdmin
from portal.models import AccessToken, Membership, Role, User
from tests.factories import issued, member
from tests.keys.asking import again
from tests.portal.routes import address
from tests.scopes import parse_scopes

PAGE = Origin("page", "203.0.113.9")


def of(user: User) -> Actor:
    return Actor("person", str(user.pk), user.label, EVERYTHING, PAGE)


def key_of(user: User, app: App, name: str = "theirs", agent: Agent | None = None) -> ApiKey:
    return mint(of(user), app, name=name, agent=agent, scopes=parse_scopes(["grants:read"])).key


def role_of(user: User) -> Membership:
    return Membership.objects.get(user=user, ended_at=None)


def test_who_mints_a_key_answers_for_it(app: App, developer: User) -> None:
    key = key_of(developer, app)
    assert [key.key for key in owned_keys(developer, app)] == [key]


def test_keys_stay_unless_they_are_named(app: App, admin: User, developer: User) -> None:
    keep, end = key_of(developer, app, "keep"), key_of(developer, app, "end")
    remove(of(admin), role_of(developer), OffboardingPlan(revoke={end.id}), "Left.")
    assert (again(keep).revoked_at, again(end).revoked_at is not None) == (None, True)
    assert Event.objects.get(action="key.revoke").reason == "Left."


def test_keys_that_stay_are_handed_over(app: App, admin: User, developer: User) -> None:
    key = key_of(developer, app)
    remove(of(admin), role_of(developer), OffboardingPlan(hand_to=admin))
    assert again(key).owner_id == admin.pk
    assert Event.objects.get(action="key.hand-over").facts == {"owner": admin.label}


def test_tokens_end_with_the_last_role(app: App, admin: User, developer: User) -> None:
    token = issued(developer).token
    remove(of(admin), role_of(developer), OffboardingPlan())
    assert AccessToken.objects.get(pk=token.pk).status == "revoked"


def test_an_admin_of_one_app_ends_them_too(app: App, developer: User, signed_in: Any) -> None:
    token = issued(developer).token
    boss = signed_in(member(Role.ADMIN, app, email="boss@example.com"))
    there = address("member-end", app_id=app.id, membership_id=role_of(developer).id)
    boss.post(there, {"reason": "Left.", "hand_to": ""})
    assert AccessToken.objects.get(pk=token.pk).status == "revoked"


def test_tokens_stay_while_another_role_does(app: App, other_app: App, admin: User, developer: User) -> None:
    token, here = issued(developer).token, role_of(developer)

    give_role(of(admin), developer, other_app, Role.DEVELOPER)
    remove(of(admin), here, OffboardingPlan())
    assert AccessToken.objects.get(pk=token.pk).status == "active"


def test_open_sessions_end_at_once(app: App, admin: User, developer: User, signed_in: Any) -> None:
    browser = signed_in(developer)
    remove(of(admin), role_of(developer), OffboardingPlan())
    assert browser.get("/")["Location"].startswith("/account/login/")


def test_an_agents_last_key_is_ended_only_by_force_and_nothing_is_half_done(
    app: App, agent: Agent, admin: User, developer: User
) -> None:
    key = key_of(developer, app, agent=agent)
    with pytest.raises(LastActiveKey):
        remove(of(admin), role_of(developer), OffboardingPlan(revoke={key.id}))
    assert role_of(developer).ended_at is None
    remove(of(admin), role_of(developer), OffboardingPlan(revoke={key.id}, force=True))
    assert again(key).revoked_at is not None


def test_the_last_admin_is_not_removed_from_everywhere(app: App, admin: User) -> None:
    with pytest.raises(LastAdmin):
        remove_everywhere(of(admin), admin, OffboardingPlan())
    assert role_of(admin).ended_at is None


def test_everywhere_is_every_app(app: App, other_app: App, admin: User, outsider: User) -> None:

    give_role(of(admin), outsider, app, Role.SUPPORT)
    keys = [key_of(outsider, app), key_of(outsider, other_app)]
    remove_everywhere(of(admin), outsider, OffboardingPlan(revoke={key.id for key in keys}))
    assert not Membership.objects.filter(user=outsider, ended_at=None).exists()
    assert all(again(key).revoked_at for key in keys)


def test_the_page_ticks_what_nobody_calls(app: App, developer: User, window: Client) -> None:
    key = key_of(developer, app)
    page = window.get(
        address("member-end", app_id=app.id, membership_id=role_of(developer).id)
    ).content.decode()
    assert f'value="{key.id}" checked' in page


def test_the_page_carries_it_out(app: App, developer: User, window: Client) -> None:
    key = key_of(developer, app)
    there = address("member-end", app_id=app.id, membership_id=role_of(developer).id)
    window.post(there, {"revoke": str(key.id), "reason": "Left.", "hand_to": ""})
    assert again(key).revoked_at is not None
    assert not Membership.objects.filter(user=developer, ended_at=None).exists()


def test_a_key_of_someone_else_cannot_be_slipped_in(
    app: App, developer: User, admin: User, window: Client
) -> None:
    key = key_of(admin, app)
    there = address("member-end", app_id=app.id, membership_id=role_of(developer).id)
    assert window.post(there, {"revoke": str(key.id), "hand_to": ""}).status_code == 422
    assert again(key).revoked_at is None


def test_an_admin_of_one_app_touches_no_key_of_another(
    app: App, other_app: App, developer: User, signed_in: Any
) -> None:
    elsewhere = key_of(developer, other_app)
    boss = signed_in(member(Role.ADMIN, app, email="boss@example.com"))
    there = address("member-end", app_id=app.id, membership_id=role_of(developer).id)
    assert boss.post(there, {"revoke": str(elsewhere.id), "hand_to": ""}).status_code == 422
    assert again(elsewhere).revoked_at is None
