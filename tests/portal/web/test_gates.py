"""Who gets where: each role at each page, and the outsider, to whom an app does not exist."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern

from agents.models import Agent, App
from audit.actors import Origin, shell
from audit.change import change
from audit.models import Event
from portal import actions
from portal.models import Membership, User
from portal.models.users import note_of
from portal.roles import PERMISSIONS
from portal.web.gates import apps_of, permissions_of, person
from tests.factories import member, minted
from tests.portal.routes import address, gated

pytestmark = pytest.mark.one_engine
SignedIn = Callable[[User], Client]
BELOW = [line for line in gated() if "/apps/" in address(str(line.name)) and line.name != "app-new"]
ROLES = ("developer", "support", "admin")

MAY = {
    "keys": "developer support admin",
    "key-mint": "developer admin",
    "agents": "developer support admin",
    "agent-create": "developer admin",
    "audit": "developer support admin",
    "members": "admin",
    "member-invite": "admin",
    "app-settings": "admin",
    "app-archive": "admin",
}
"""Who may open which page of an app."""


@pytest.fixture
def inside(app: App, agent: Agent) -> dict[str, Any]:
    """The ids of things that exist, by the name an address gives them."""
    return {"app_id": app.id, "agent_id": agent.id, "key_id": minted(app).key.id}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", MAY)
def test_a_page_opens_for_the_roles_that_may(app: App, signed_in: SignedIn, page: str, role: str) -> None:
    answer = signed_in(member(role, app)).get(address(page, app_id=app.id))
    assert answer.status_code == (200 if role in MAY[page].split() else 403)


def test_a_refused_page_says_who_could(app: App, developer: User, signed_in: SignedIn) -> None:
    page = signed_in(developer).get(address("members", app_id=app.id)).content.decode()
    assert "You don&#x27;t have permission to do this" in page
    assert "Ask an admin of this app" in page


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("line", BELOW, ids=lambda line: str(line.name))
def test_to_an_outsider_nothing_of_an_app_exists(
    inside: dict[str, Any], outsider: User, signed_in: SignedIn, line: URLPattern, method: str
) -> None:
    before = Event.objects.count()
    answer = getattr(signed_in(outsider), method)(address(str(line.name), **inside))
    assert (answer.status_code, Event.objects.count()) == (404, before)


def test_an_outsider_and_a_mistyped_address_get_the_same_page(
    inside: dict[str, Any], outsider: User, signed_in: SignedIn
) -> None:
    browser = signed_in(outsider)
    strangers, none = (browser.get(there) for there in (address("keys", **inside), address("keys")))
    told = [page.context["refusal"].body() for page in (strangers, none)]
    assert told[0] == told[1]


def test_a_thing_of_one_app_is_not_found_through_another(
    inside: dict[str, Any], other_app: App, admin: User, signed_in: SignedIn
) -> None:
    there = address("key", app_id=other_app.id, key_id=inside["key_id"])
    assert signed_in(admin).get(there).status_code == 404


def test_support_cannot_mint(app: App, support: User, signed_in: SignedIn) -> None:
    form = {"name": "worker", "scope_grants": "read", "expiry": "90d", "once": "1"}
    answer = signed_in(support).post(address("key-mint", app_id=app.id), form)
    assert (answer.status_code, app.keys.count()) == (403, 0)


def test_a_developer_cannot_revoke(app: App, developer: User, signed_in: SignedIn) -> None:
    key = minted(app).key
    answer = signed_in(developer).post(address("key-revoke", app_id=app.id, key_id=key.id), {"reason": "x"})
    key.refresh_from_db()
    assert (answer.status_code, key.revoked_at) == (403, None)


def test_a_role_that_ended_opens_nothing(app: App, developer: User, admin: User, signed_in: SignedIn) -> None:
    browser = signed_in(developer)
    there = address("member-end", app_id=app.id, membership_id=developer.memberships.get().id)
    signed_in(admin).post(there, {"reason": "left"})
    assert browser.get(address("keys", app_id=app.id))["Location"].startswith("/account/login/")
    assert signed_in(developer).get(address("keys", app_id=app.id)).status_code == 404


def test_a_closed_account_is_a_stranger(app: App, developer: User, signed_in: SignedIn) -> None:
    browser = signed_in(developer)
    note_of(developer, is_active=False)
    assert browser.get("/").status_code == 302


def test_a_role_on_one_app_is_a_role_on_that_app_alone(app: App, other_app: App, developer: User) -> None:
    assert list(apps_of(developer)) == [app]
    assert permissions_of(developer, other_app) == frozenset()


def test_two_roles_add_up(app: App, developer: User) -> None:
    everywhere = Membership(user=developer, role="support")
    with change(shell(), actions.JOIN, on=everywhere):
        everywhere.save()
    assert permissions_of(developer, app) == PERMISSIONS["developer"] | PERMISSIONS["support"]


def test_an_actor_on_one_app_says_so(app: App, developer: User) -> None:
    actor = person(developer, app, Origin("page"))
    assert (actor.kind, actor.app_id, actor.label) == ("person", app.id, developer.label)


@pytest.mark.parametrize("there", ["/search/?q=", "/lookup/?paste="])
def test_a_key_in_an_address_is_cut_before_anything_keeps_it(
    app: App, admin: User, signed_in: SignedIn, there: str
) -> None:
    made = minted(app)
    secret = made.plaintext.take()
    page = signed_in(admin).get(f"{there}{secret}&app=x", follow=True)
    assert secret not in page.request["QUERY_STRING"]


def test_a_key_in_a_strangers_address_does_not_come_back_from_sign_in(app: App, client: Client) -> None:
    made = minted(app)
    page = client.get(f"/search/?q={made.plaintext.take()}", follow=True)
    assert unquote(page.request["QUERY_STRING"]) == f"next=/search/?q={made.key.prefix}"


def test_an_address_that_takes_forms_alone_leads_a_person_to_the_page_of_the_thing(
    inside: dict[str, Any], admin: User, signed_in: SignedIn
) -> None:
    browser, key = signed_in(admin), {"app_id": inside["app_id"], "key_id": inside["key_id"]}
    places = {
        address("key-deprecate", **key): address("key", **key),
        address("member-resend", app_id=inside["app_id"], invitation_id=uuid4()): address(
            "member-invitations", app_id=inside["app_id"]
        ),
        address("notifications-read"): address("notifications"),
        address("proof-leave"): "/",
    }
    assert {there: browser.get(there).headers.get("Location") for there in places} == places


def test_a_program_is_told_that_the_method_is_wrong(admin: User, client: Client) -> None:
    assert client.get("/leaks/scanner", headers={"Accept": "application/json"}).status_code == 405


def test_no_method_but_looking_is_led_elsewhere(
    inside: dict[str, Any], admin: User, signed_in: SignedIn
) -> None:
    answer = signed_in(admin).delete(
        address("key-deprecate", app_id=inside["app_id"], key_id=inside["key_id"])
    )
    assert answer.status_code == 405
