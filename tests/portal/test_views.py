"""Home, the palette and the health page, as a browser without JavaScript sees them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents.lifecycle import archive_app
from agents.models import App
from audit.actors import shell
from keys.lifecycle import revoke
from portal.models import User
from tests.factories import AgentFactory, AppFactory, UserFactory, member, minted
from tests.portal.pages import queries, text

SignedIn = Callable[[User], Client]


def test_home_lists_the_apps_a_person_belongs_to(
    developer: User, other_app: App, signed_in: SignedIn
) -> None:
    page = signed_in(developer).get("/")
    assert [app.name for app in page.context["list"].rows] == ["checkout"]


def test_home_counts_living_keys_and_agents_apart(app: App, window: Client) -> None:
    agents = [AgentFactory(app=app) for _ in range(2)]
    keys = [minted(app, agent=agent).key for agent in agents] + [minted(app).key]
    revoke(shell(), keys[2])
    shown = window.get("/").context["list"].rows[0]
    assert (shown.active_keys, shown.active_agents) == (2, 2)


def test_home_takes_as_many_queries_for_ten_apps_as_for_one(app: App, window: Client) -> None:
    before = queries(window, "/")
    for _ in range(9):
        minted(AppFactory.create())
    assert queries(window, "/") == before


def test_an_empty_portal_says_how_to_begin(db: None, signed_in: SignedIn) -> None:
    page = text(signed_in(member("admin", None)).get("/"))
    assert "Create app" in page
    assert "manage.py create_app --name checkout" in page


def test_someone_without_a_role_is_told_whom_to_ask(db: None, signed_in: SignedIn) -> None:
    lost = UserFactory.create(email="lost@example.com")
    page = text(signed_in(lost).get("/"))
    assert "Ask an app admin to invite lost@example.com" in page
    assert "/apps/new/" not in page


def test_a_developer_is_not_offered_what_only_admins_may(developer: User, signed_in: SignedIn) -> None:
    assert "/apps/new/" not in text(signed_in(developer).get("/"))


def test_archived_apps_stand_behind_a_link(app: App, window: Client) -> None:
    archive_app(shell(), app)
    assert window.get("/").context["list"].rows == []
    assert window.get("/?archived").context["list"].rows == [app]


def test_who_has_only_archived_apps_is_not_told_they_have_none(
    app: App, developer: User, signed_in: SignedIn
) -> None:
    archive_app(shell(), app)
    page = text(signed_in(developer).get("/"))
    assert "All your apps are archived" in page


# ── search ──────────────────────────────────────────────────────────────────────────────────────────


def results(window: Client, q: str, **more: Any) -> dict[str, list[str]]:
    groups = window.get("/search/", {"q": q} | more).context["groups"]
    return {group.heading: [item.title for item in group.items] for group in groups}


def test_search_finds_apps_agents_and_keys_by_kind(app: App, window: Client) -> None:
    AgentFactory(app=app, name="check-agent")
    key = minted(app, name="checker").key
    assert results(window, "CHECK") == {
        "Apps": ["checkout"],
        "Keys and agents": ["check-agent", f"checker {key.prefix[-8:]}"],
    }


def test_search_finds_a_key_by_its_prefix(app: App, window: Client) -> None:
    key = minted(app, name="worker").key
    assert results(window, key.prefix) == {"Keys and agents": [f"worker {key.prefix[-8:]}"]}


def test_search_finds_users_settings_and_docs(app: App, developer: User, window: Client) -> None:
    assert results(window, developer.email)["Users"] == [str(developer)]
    assert results(window, "retention") == {"Pages": ["Audit log settings"]}
    assert "Webhooks" in results(window, "webhook")["Docs"]


def test_search_finds_users_and_settings_for_those_alone_who_may_open_them(
    app: App, developer: User, signed_in: SignedIn
) -> None:
    window = signed_in(developer)
    assert results(window, developer.email) == {}
    assert "Users" not in results(window, "").get("Pages", [])


@pytest.mark.parametrize("name", ["worker", "mint"])
def test_enter_opens_the_first_result(app: App, window: Client, name: str) -> None:
    minted(app, name="worker")
    search = {"q": name, "app": str(app.id)}
    first = window.get("/search/", search).context["groups"][0].items[0]
    assert window.get("/search/", search | {"go": "1"})["Location"] == first.address


def test_enter_stays_where_nothing_is_found(app: App, window: Client) -> None:
    assert "No results for" in text(window.get("/search/", {"q": "zzzz", "go": "1"}))


def test_search_cuts_a_pasted_key(app: App, window: Client) -> None:
    made = minted(app)
    secret = made.plaintext.take()
    page = window.get("/search/", {"q": secret}, follow=True)
    assert secret[len(made.key.prefix) :] not in text(page) + page.request["QUERY_STRING"]


def test_search_shows_nothing_of_strangers(other_app: App, developer: User, signed_in: SignedIn) -> None:
    minted(other_app, name="their key")
    AgentFactory(app=other_app, name="their-agent")
    window = signed_in(developer)
    assert [results(window, q) for q in ("elsewhere", "their")] == [{}, {}]
    assert results(window, "", app=str(other_app.id))["Apps"] == ["checkout"]


def test_search_offers_what_one_may_do_here(
    app: App, support: User, window: Client, signed_in: SignedIn
) -> None:
    here = {"app": str(app.id)}
    assert "Mint key" in results(window, "", **here)["Actions in checkout"]
    assert "Mint key" not in results(signed_in(support), "", **here).get("Actions in checkout", [])


def test_every_page_that_search_leads_to_opens(app: App, window: Client) -> None:
    groups = window.get("/search/", {"app": str(app.id)}).context["groups"]
    addresses = [item.address for group in groups for item in group.items]
    assert {address: window.get(address).status_code for address in addresses} == dict.fromkeys(
        addresses, 200
    )


@pytest.mark.parametrize("q", ["\x00", "%", "x" * 5000, "<b>", "ключ"])
def test_search_takes_any_words(app: App, window: Client, q: str) -> None:
    assert window.get("/search/", {"q": q, "app": q}).status_code == 200


def test_search_takes_as_many_queries_for_ten_apps_as_for_one(app: App, window: Client) -> None:
    before = queries(window, "/search/?q=check")
    for n in range(9):
        minted(AppFactory.create(name=f"check {n}"), name=f"check {n}")
    assert queries(window, "/search/?q=check") == before


# ── health ──────────────────────────────────────────────────────────────────────────────────────────


def test_health_is_one_word_and_one_query(
    db: None, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json(), dict(answer.cookies)) == (200, {"status": "ok"}, {})
