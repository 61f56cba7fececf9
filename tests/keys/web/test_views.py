"""The pages about keys: what they show to whom, and what they do with what is typed."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.lifecycle import update_app
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Call, Event
from core import clock
from core.clock import now
from keys import lifecycle
from keys.catalogue.builtin import DEFAULT
from keys.models import ApiKey
from keys.networks import parse_networks
from keys.web.mint_forms import MintForm, starting_values
from portal.models import User
from tests.factories import minted
from tests.keys.asking import ask
from tests.keys.pages import mint_form, post_mint, to
from tests.scopes import parse_scopes

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db


@pytest.fixture
def developers(developer: User, signed_in: SignIn) -> Client:
    """A developer's browser."""
    return signed_in(developer)


@pytest.fixture
def admins(admin: User, signed_in: SignIn) -> Client:
    """An admin's browser."""
    return signed_in(admin)


# ── minting ─────────────────────────────────────────────────────────────────────────────────────────


def test_minting_shows_a_plaintext_that_the_door_lets_in(developers: Client, app: App) -> None:
    shown = re.search(r"alter_key_app_[0-9A-Za-z]{36}", post_mint(developers, app).content.decode())
    assert shown
    assert ask(shown[0]).status_code == 200


def test_the_reveal_is_stored_nowhere_and_turns_a_cookie(developers: Client, app: App) -> None:
    answer = post_mint(developers, app)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer.cookies["revealed"]["httponly"]


def test_the_same_form_sent_twice_mints_one_key_and_shows_no_secret_again(
    developers: Client, app: App
) -> None:
    form = mint_form()
    developers.post(reverse("key-mint", args=[app.id]), form)
    again = developers.post(reverse("key-mint", args=[app.id]), form)
    assert again.status_code == 409
    assert app.keys.count() == 1
    assert not re.search(r"alter_key_app_[0-9A-Za-z]{36}", again.content.decode())


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 81}, "at most 80"),
        ({"name": "a\x00b"}, "Null characters"),
        ({"name": "a\u200bb"}, "invisible"),
        ({"name": "сheckout"}, "one alphabet"),
        ({"scope_grants": "none"}, "at least one scope"),
        ({"scope_grants": "owner"}, "owner is not one of"),
        ({"more_scopes": "grants:*"}, "is not a scope"),
        ({"more_scopes": "money:print"}, "Unknown scope"),
        ({"expires": "custom", "expires_custom": ""}, "Enter a duration"),
        ({"expires": "custom", "expires_custom": "soon"}, "Write a number and a unit"),
        ({"expires": "custom", "expires_custom": "2001-01-01"}, "in the future"),
        ({"expires": "never"}, "Enter a justification"),
        ({"expires": ""}, "This field is required"),
        ({"networks": "0.0.0.0/0"}, "every IP address"),
        ({"networks": "10.0.0.0/99"}, "is not a CIDR range"),
        ({"rate_limit_rpm": "0"}, "greater than or equal to 1"),
        ({"rate_limit_rpm": "100001"}, "less than or equal to 100000"),
        ({"rate_limit_rpm": "many"}, "whole number"),
        ({"once": None}, "Reload the page"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_typed_is_lost(
    developers: Client, app: App, changes: dict[str, str | None], complaint: str
) -> None:
    answer = post_mint(developers, app, **{"networks": "203.0.113.0/24", **changes})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert complaint in page
    assert str(changes.get("networks", "203.0.113.0/24")) in page
    assert not app.keys.exists()


def test_that_no_scope_is_chosen_is_said_at_the_scopes_and_not_where_they_are_written_out(
    developers: Client, app: App
) -> None:
    page = post_mint(developers, app, scope_grants="none").content.decode()
    assert '<a href="#id_actions">Scopes</a>: Choose at least one scope.' in page
    assert page.index('class="error" id="id_actions"') < page.index('class="matrix"')
    assert 'id="id_more_scopes_error"' not in page


def test_a_full_quota_is_said_on_the_form(developers: Client, app: App) -> None:
    minted(app)
    update_app(shell(), app, max_keys=1)
    answer = post_mint(developers, app)
    assert answer.status_code == 409
    assert "Key limit reached" in answer.content.decode()


def test_no_expiry_records_its_reason(developers: Client, app: App) -> None:
    post_mint(developers, app, expires="never", why_never="the mainframe cannot rotate")
    assert Event.objects.get(action="key.mint").reason == "the mainframe cannot rotate"


def test_a_mint_form_can_begin_like_another_key(developers: Client, app: App) -> None:
    like = minted(app, scopes="secrets:write", networks=(), rate_limit_rpm=77).key
    page = developers.get(reverse("key-mint", args=[app.id]) + f"?from={like.id}").content.decode()
    assert re.search(r'name="scope_secrets" value="write"[^>]* checked', page)
    assert 'value="77"' in page


OFFICE = parse_networks(["203.0.113.0/24"])


@pytest.mark.parametrize(
    ("key", "also", "begins"),
    [
        ({}, "also_scopes=grants:write", ["grants: write"]),
        ({"scopes": "grants:write"}, "also_scopes=grants:read", ["grants: write", "grants: read"]),
        ({}, "also_scopes=agents:read,keys:derive", ["grants: read", "agents: read", "keys:derive"]),
        ({}, "also_scopes=%3Cscript%3E,,grants:*", ["grants: read"]),
        (
            {"networks": parse_networks(["203.0.113.0/24"])},
            "also_networks=198.51.100.7",
            ["203.0.113.0/24, 198.51.100.7"],
        ),
        ({}, "also_networks=198.51.100.7", []),
        ({}, "rate_limit_rpm=120", ["120"]),
    ],
)
def test_a_mint_form_can_begin_with_more_than_the_key_it_is_like(
    app: App, key: dict[str, Any], also: str, begins: list[str]
) -> None:
    like = minted(app, **key).key
    values = starting_values(DEFAULT, QueryDict(also), like)
    form = MintForm(values, catalogue=DEFAULT)
    form.is_valid()
    chosen = [*map(str, form.scope_names()), values["networks"], str(values["rate_limit_rpm"] or "")]
    assert [text.replace(": ", ":") for text in begins if text.replace(": ", ":") not in chosen] == []
    assert "198.51" not in values["networks"] or like.networks


def test_a_mint_form_does_not_begin_like_a_strangers_key(
    developers: Client, app: App, other_app: App
) -> None:
    strange = minted(other_app, name="strange").key
    page = developers.get(reverse("key-mint", args=[app.id]) + f"?from={strange.id}").content.decode()
    assert "strange" not in page


def test_the_review_says_what_is_typed_before_it_is_complete(developers: Client, app: App) -> None:
    answer = developers.post(
        reverse("key-mint-review", args=[app.id]), mint_form(name="", scope_secrets="admin", expires="")
    )
    assert answer.status_code == 200
    assert "Manage stored third-party secrets" in answer.content.decode()


def test_a_key_for_an_agent_is_minted_under_it(developers: Client, app: App, agent: Agent) -> None:
    developers.post(reverse("agent-key-mint", args=[app.id, agent.id]), mint_form())
    assert (agent.keys.get().kind, agent.keys.get().agent_id) == ("agent", agent.id)


# ── who may see and do what ─────────────────────────────────────────────────────────────────────────

PAGES = (
    "key",
    "key-rename",
    "key-permissions",
    "key-deprecate",
    "key-undeprecate",
    "key-rotate",
    "key-revoke",
)


@pytest.mark.parametrize("name", PAGES)
def test_a_strangers_key_is_not_there(admins: Client, app: App, other_app: App, name: str) -> None:
    strange = minted(other_app).key
    address = reverse(name, args=[app.id, strange.id])
    assert {admins.get(address).status_code, admins.post(address).status_code} <= {302, 404, 405}


def test_a_purpose_puts_no_mark_of_the_page_into_the_address(app: App, developers: Client) -> None:
    form = mint_form(name="deploy", purpose="ci", csrfmiddlewaretoken="c")
    answer = developers.post(reverse("key-mint", args=[app.id]), form)
    there = reverse("key-mint", args=[app.id])
    assert (answer["Location"], app.keys.count()) == (f"{there}?name=deploy&purpose=ci", 0)


def test_a_reloaded_rotation_says_how_to_go_on_and_leads_to_the_key(app: App, developers: Client) -> None:
    key = minted(app).key
    there, form = reverse("key-rotate", args=[app.id, key.id]), {"grace": "1h", "once": "1"}
    developers.post(there, form)
    again = developers.post(there, form)
    page = again.content.decode()
    assert (again.status_code, "rotate it again, or cancel the rotation" in page) == (
        409,
        True,
    )
    assert reverse("key", args=[app.id, key.successors.get().id]) in page


@pytest.mark.parametrize("name", ["keys", "key-mint"])
def test_an_outsider_finds_no_such_app(outsider: User, signed_in: SignIn, app: App, name: str) -> None:
    assert signed_in(outsider).get(reverse(name, args=[app.id])).status_code == 404


def test_a_developer_may_not_revoke_what_others_own(developers: Client, app: App) -> None:
    key = minted(app).key
    assert developers.post(to("key-revoke", key)).status_code == 403
    key.refresh_from_db()
    assert key.revoked_at is None


def test_support_may_revoke_and_not_mint(support: User, signed_in: SignIn, app: App) -> None:
    desk, key = signed_in(support), minted(app).key
    assert desk.get(reverse("key-mint", args=[app.id])).status_code == 403
    assert desk.post(to("key-revoke", key), {"reason": "lost"}).status_code == 302
    key.refresh_from_db()
    assert key.status == "revoked"


def test_pages_offer_only_what_the_role_may(support: User, signed_in: SignIn, app: App) -> None:
    page = signed_in(support).get(to("key", minted(app).key)).content.decode()
    assert "Revoke…" in page
    assert "Rotate…" not in page
    assert "Rename" not in page


# ── the list ────────────────────────────────────────────────────────────────────────────────────────


def count(developers: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert developers.get(address).status_code == 200
    return len(queries)


def test_the_list_costs_the_same_for_one_key_and_for_sixty(developers: Client, app: App) -> None:
    address = reverse("keys", args=[app.id])
    ask(minted(app).plaintext.take())
    lifecycle.rotate(shell(), minted(app).key)
    one = count(developers, address)
    for n in range(20):
        ask(minted(app, name=f"key-{n}").plaintext.take())
        lifecycle.rotate(shell(), minted(app, name=f"rotated-{n}").key)
    assert count(developers, address) == one


def test_a_keys_page_costs_the_same_for_one_child_and_for_five(developers: Client, app: App) -> None:
    busy = minted(app, scopes="keys:derive,grants:read")
    secret = busy.plaintext.take()

    def grow() -> None:
        ask(secret)
        wanted = parse_scopes(["grants:read"])
        lifecycle.derive(shell(), busy.key, scopes=wanted, expires_in=timedelta(hours=1))

    grow()
    one = count(developers, to("key", busy.key))
    for _ in range(4):
        grow()
    assert count(developers, to("key", busy.key)) == one


def test_what_needs_attention_comes_first(developers: Client, app: App) -> None:
    revoked = minted(app, name="a-revoked").key
    lifecycle.revoke(shell(), revoked)
    minted(app, name="b-active")
    lifecycle.deprecate(shell(), minted(app, name="c-deprecated").key)
    minted(app, name="d-expiring", expires_at=clock.now() + timedelta(days=3))
    page = developers.get(reverse("keys", args=[app.id])).content.decode()
    order = ("d-expiring", "c-deprecated", "b-active", "a-revoked")
    assert sorted(order, key=lambda name: page.index(f">{name}<")) == list(order)


def test_the_list_is_sorted_by_its_columns(developers: Client, app: App) -> None:
    soon, later = (clock.now() + timedelta(days=days) for days in (20, 40))
    minted(app, name="b", expires_at=soon)
    ask(minted(app, name="a", expires_at=later).plaintext.take())
    minted(app, name="c")
    orders = {"name": "abc", "-name": "cba", "expires": "bac", "-expires": "abc", "used": "", "status": ""}
    for sort, order in orders.items():
        page = developers.get(reverse("keys", args=[app.id]) + f"?sort={sort}").content.decode()
        found = sorted("abc", key=lambda name: page.index(f">{name}</a>"))
        assert "".join(found) == order or not order, sort


def test_the_tabs_count_the_keys_of_each_state(developers: Client, app: App) -> None:
    minted(app, name="plain")
    lifecycle.deprecate(shell(), minted(app, name="leaving").key)
    lifecycle.revoke(shell(), minted(app, name="gone").key)
    tabs = developers.get(reverse("keys", args=[app.id])).context["tabs"]
    assert [(label, count) for label, _, count, _ in tabs] == [
        ("All", 3),
        ("Needs attention", 1),
        ("Active", 2),
        ("Expired", 0),
        ("Revoked", 1),
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("status=attention", {"leaving"}),
        ("status=active", {"plain"}),
        ("status=deprecated", {"leaving"}),
        ("status=revoked", {"gone"}),
        ("status=all-active", {"plain", "leaving", "pod"}),
        ("kind=agent", {"pod"}),
        ("kind=app", {"plain", "leaving", "gone"}),
        ("q=PLAI", {"plain"}),
        ("q=refund", {"pod"}),
        ("expiring=30", {"leaving"}),
        ("scope=keys", {"pod"}),
        ("scope=grants:read", {"plain", "leaving", "gone"}),
        ("scope=rants", set()),
        ("owner=SERVER+COMMAND", {"plain", "leaving", "gone", "pod"}),
        ("owner=nobody", set()),
        ("unused=7", set()),
    ],
)
def test_filters(developers: Client, app: App, agent: Agent, query: str, names: set[str]) -> None:
    minted(app, name="plain")
    leaving = minted(app, name="leaving", expires_at=clock.now() + timedelta(days=20)).key
    lifecycle.deprecate(shell(), leaving)
    lifecycle.revoke(shell(), minted(app, name="gone").key)
    lifecycle.deprecate(shell(), minted(app, name="pod", agent=agent, scopes="keys:derive").key)
    lifecycle.undeprecate(shell(), ApiKey.objects.get(name="pod"))
    if query == "status=active":
        names = names | {"pod"}
    page = developers.get(reverse("keys", args=[app.id]) + f"?{query}").content.decode()
    assert {n for n in ("plain", "leaving", "gone", "pod") if f">{n}</a>" in page} == names


def test_a_filter_that_cannot_be_read_shows_everything_and_says_422(developers: Client, app: App) -> None:
    minted(app, name="plain")
    answer = developers.get(reverse("keys", args=[app.id]) + "?status=sleeping")
    assert answer.status_code == 422
    assert "plain" in answer.content.decode()


def test_an_empty_list_says_what_keys_are_for(developers: Client, app: App) -> None:
    assert "No keys yet" in developers.get(reverse("keys", args=[app.id])).content.decode()


def test_five_hundred_keys_come_in_pages(developers: Client, app: App) -> None:
    update_app(shell(), app, max_keys=500)
    for n in range(60):
        minted(app, name=f"key-{n}")
    page = developers.get(reverse("keys", args=[app.id]) + "?page=2&status=active").content.decode()
    assert "51–60 of 60" in page
    assert "status=active&amp;page=1" in page


# ── changes ─────────────────────────────────────────────────────────────────────────────────────────


def test_renaming_is_told_with_a_way_back(developers: Client, app: App) -> None:
    key = minted(app, name="old").key
    page = developers.post(to("key-rename", key), {"name": "new"}, follow=True).content.decode()
    assert "Renamed to new" in page
    assert 'name="name" value="old"' in page


def test_a_bad_name_keeps_what_was_typed(developers: Client, app: App) -> None:
    answer = developers.post(to("key-rename", minted(app, name="old").key), {"name": "y" * 90})
    assert answer.status_code == 422
    assert "y" * 90 in answer.content.decode()


def test_deprecating_twice_is_one_act(developers: Client, app: App) -> None:
    key = minted(app).key
    developers.post(to("key-deprecate", key))
    developers.post(to("key-deprecate", key))
    assert Event.objects.filter(action="key.deprecate").count() == 1


def test_rotating_shows_the_successor_and_keeps_the_old_one_alive(developers: Client, app: App) -> None:
    old = minted(app)
    page = developers.post(to("key-rotate", old.key), {"once": uuid4().hex, "grace": "24h"}).content.decode()
    new = re.search(r"alter_key_app_[0-9A-Za-z]{36}", page)
    assert new
    assert {ask(new[0]).status_code, ask(old.plaintext.take()).status_code} == {200}


def test_rotating_with_a_grace_of_its_own(developers: Client, app: App) -> None:
    key = minted(app).key
    form = {"once": uuid4().hex, "grace": "custom", "grace_custom": "36h"}
    developers.post(to("key-rotate", key), form)
    key.refresh_from_db()
    assert key.grace_ends_at and key.deprecated_at
    assert abs(key.grace_ends_at - key.deprecated_at - timedelta(hours=36)) < timedelta(seconds=1)


@pytest.mark.parametrize("grace", ["31d", "soon", ""])
def test_a_grace_that_cannot_be_taken_is_said(developers: Client, app: App, grace: str) -> None:
    form = {"once": uuid4().hex, "grace": "custom", "grace_custom": grace}
    answer = developers.post(to("key-rotate", minted(app).key), form)
    assert answer.status_code == 422
    assert app.keys.count() == 1


def test_cancelling_a_rotation_leaves_both_keys(developers: Client, app: App) -> None:
    key = minted(app).key
    lifecycle.rotate(shell(), key)
    page = developers.post(to("key-undeprecate", key), follow=True).content.decode()
    assert "Rotation cancelled" in page
    assert {k.status for k in app.keys.all()} == {"active"}


def test_the_rotation_card_is_on_both_keys(developers: Client, app: App) -> None:
    old = minted(app)
    secret = old.plaintext.take()
    ask(secret)
    new = lifecycle.rotate(shell(), old.key).key
    for calls in range(2):
        for key in (old.key, new):
            page = developers.get(to("key", key)).content.decode()
            assert "Rotation in progress" in page
            assert ("Clients still using the old key" in page) == bool(calls)
            assert f"0 and {calls} requests in the last 24 hours" in page
            assert ("The old key has not been used" in page) != bool(calls)
        ask(secret, "grants:write")  # which is refused
        ask(secret)


def test_rotating_is_said_alike_in_the_list_on_its_page_and_before_a_bulk_action(
    admins: Client, app: App
) -> None:
    old = minted(app, name="worker").key
    new = lifecycle.rotate(shell(), old, grace=timedelta(days=2)).key
    for address in (
        reverse("keys", args=[app.id]),
        reverse("key", args=[app.id, old.id]),
        reverse("keys-bulk", args=[app.id]) + f"?action=revoke&id={old.id}",
    ):
        page = re.sub(r"<[^>]+>|\s+", " ", admins.get(address).content.decode())
        assert f"Rotating to {new.prefix[-8:]}" in page, address
        assert re.search("Old secret ends +in 2 days", page), address


def test_a_key_in_grace_ends_with_it_unless_it_ends_before(developers: Client, app: App) -> None:
    for days, grace in ((90, 7), (3, 7)):
        key = minted(app, expires_at=now() + timedelta(days=days), name=f"w{days}").key
        lifecycle.rotate(shell(), key, grace=timedelta(days=grace))
        page = developers.get(to("key", key)).content.decode()
        facts = page.partition("<dt>Expires</dt>")[2][:200]
        assert f"{now() + timedelta(days=min(days, grace)):%-d %b}" in facts


# ── revoking ────────────────────────────────────────────────────────────────────────────────────────


def test_an_unused_key_is_revoked_without_further_ado(admins: Client, app: App) -> None:
    key = minted(app).key
    assert admins.post(to("key-revoke", key), {}).status_code == 302
    key.refresh_from_db()
    assert key.status == "revoked"


def test_a_key_in_use_asks_for_a_reason_and_its_name(admins: Client, app: App) -> None:
    used = minted(app, name="busy")
    ask(used.plaintext.take())
    page = admins.get(to("key-revoke", used.key)).content.decode()
    assert "to confirm" in page
    assert admins.post(to("key-revoke", used.key), {"reason": "leak", "typed": "bsy"}).status_code == 422
    assert admins.post(to("key-revoke", used.key), {"reason": "", "typed": "busy"}).status_code == 422
    assert admins.post(to("key-revoke", used.key), {"reason": "leak", "typed": "busy"}).status_code == 302


def test_the_last_key_of_an_agent_asks_for_force(admins: Client, app: App, agent: Agent) -> None:
    key = minted(app, agent=agent, name="only").key
    form = {"reason": "leak", "typed": "only"}
    answer = admins.post(to("key-revoke", key), form)
    assert answer.status_code == 409
    assert "Mint a replacement first" in answer.content.decode()
    assert admins.post(to("key-revoke", key), form | {"force": "on"}).status_code == 302
    assert Event.objects.get(action="key.revoke").facts["forced"] is True


def test_a_stale_page_that_revokes_again_changes_nothing(admins: Client, app: App) -> None:
    key = minted(app).key
    admins.post(to("key-revoke", key), {})
    admins.post(to("key-revoke", key), {})
    assert Event.objects.filter(action="key.revoke").count() == 1


@pytest.mark.parametrize("name", ["key-deprecate", "key-undeprecate", "key-rename"])
def test_a_stale_page_about_a_revoked_key_is_answered_with_why(admins: Client, app: App, name: str) -> None:
    key = minted(app).key
    lifecycle.revoke(shell(), key)
    answer = admins.post(to(name, key), {"name": "late"})
    assert (answer.status_code, "cannot be undone" in answer.content.decode()) in {(409, True), (302, False)}


# ── htmx ────────────────────────────────────────────────────────────────────────────────────────────

HTMX = {"HX-Request": "true"}


def test_htmx_gets_the_part_without_the_frame(developers: Client, app: App) -> None:
    page = developers.get(reverse("keys", args=[app.id]), headers=HTMX).content.decode()
    assert 'id="keys"' in page
    assert "<html" not in page


def test_htmx_is_told_what_changed_and_how_to_undo_it(developers: Client, app: App) -> None:
    key = minted(app, name="cron").key
    answer = developers.post(to("key-deprecate", key), headers=HTMX)
    assert "keys-changed" in answer["HX-Trigger"]
    assert to("key-undeprecate", key) in answer.content.decode()


def test_a_refusal_reaches_htmx_as_an_event(developers: Client, app: App) -> None:
    key = minted(app).key
    lifecycle.revoke(shell(), key)
    answer = developers.post(to("key-deprecate", key), headers=HTMX)
    assert answer.status_code == 409
    assert "refused" in answer["HX-Trigger"]


def test_the_panel_waits_quietly_and_then_tells_of_the_first_call(developers: Client, app: App) -> None:
    made = minted(app)
    assert developers.get(to("key-first-call", made.key), headers=HTMX).status_code == 204
    ask(made.plaintext.take())
    page = developers.get(to("key-first-call", made.key), headers=HTMX).content.decode()
    assert "First request received" in page
    assert str(Call.objects.get().id) in page


# ── an agent's page ─────────────────────────────────────────────────────────────────────────────────


def test_an_agents_page_lists_its_keys_alone(developers: Client, app: App, agent: Agent) -> None:
    minted(app, name="elsewhere")
    minted(app, name="pod-1", agent=agent)
    page = developers.get(reverse("agent", args=[app.id, agent.id])).content.decode()
    assert "pod-1" in page
    assert "elsewhere" not in page


def test_revoking_an_agent_asks_for_its_name_and_ends_its_keys(
    admins: Client, app: App, agent: Agent
) -> None:
    key = minted(app, agent=agent).key
    address = reverse("agent-revoke", args=[app.id, agent.id])
    assert admins.post(address, {"reason": "done", "typed": "wrong"}).status_code == 422
    assert admins.post(address, {"reason": "done", "typed": agent.name}).status_code == 302
    key.refresh_from_db()
    assert key.status == "revoked"
