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
    assert [app.name for app in page.context["found"]] == ["checkout"]


def test_home_counts_living_keys_and_agents_apart(app: App, window: Client) -> None:
    agents = [AgentFactory(app=app) for _ in range(2)]
    keys = [minted(app, agent=agent).key for agent in agents] + [minted(app).key]
    revoke(shell(), keys[2])
    shown = window.get("/").context["found"][0]
    assert (shown.living, shown.agents_living) == (2, 2)


def test_home_takes_as_many_queries_for_ten_apps_as_for_one(app: App, window: Client) -> None:
    before = queries(window, "/")
    for _ in range(9):
        minted(AppFactory.create())
    assert queries(window, "/") == before


def test_an_empty_portal_says_how_to_begin(db: None, signed_in: SignedIn) -> None:
    page = text(signed_in(member("admin", None)).get("/"))
    assert "Create the first app" in page
    assert "manage.py create_app --name checkout" in page


def test_someone_without_a_role_is_told_whom_to_ask(db: None, signed_in: SignedIn) -> None:
    lost = UserFactory.create(email="lost@example.com")
    page = text(signed_in(lost).get("/"))
    assert "Ask an admin of an app to invite lost@example.com" in page
    assert "/apps/new/" not in page


def test_a_developer_is_not_offered_what_only_admins_may(developer: User, signed_in: SignedIn) -> None:
    assert "/apps/new/" not in text(signed_in(developer).get("/"))


def test_archived_apps_stand_behind_a_link(app: App, window: Client) -> None:
    archive_app(shell(), app)
    assert list(window.get("/").context["found"]) == []
    assert list(window.get("/?archived").context["found"]) == [app]


def test_who_has_only_archived_apps_is_not_told_they_have_none(
    app: App, developer: User, signed_in: SignedIn
) -> None:
    archive_app(shell(), app)
    page = text(signed_in(developer).get("/"))
    assert "All your apps are archived" in page


# ── jumping ─────────────────────────────────────────────────────────────────────────────────────────


def leaps(window: Client, q: str, **more: Any) -> list[str]:
    context = window.get("/jump/", {"q": q} | more).context
    return [leap.says for leap in [*context["acts"], *context["leaps"]]]


def test_the_palette_finds_apps_agents_and_keys(app: App, window: Client) -> None:
    AgentFactory(app=app, name="check-agent")
    key = minted(app, name="checker").key
    assert leaps(window, "CHECK") == ["checkout", "check-agent", f"checker {key.prefix[-8:]}"]


def test_the_palette_finds_a_key_by_its_prefix(app: App, window: Client) -> None:
    key = minted(app, name="worker").key
    assert leaps(window, key.prefix) == [f"worker {key.prefix[-8:]}"]


def test_the_palette_cuts_a_pasted_key(app: App, window: Client) -> None:
    made = minted(app)
    secret = made.plaintext.take()
    page = window.get("/jump/", {"q": secret}, follow=True)
    assert secret[len(made.key.prefix) :] not in text(page) + page.request["QUERY_STRING"]


def test_the_palette_shows_nothing_of_strangers(other_app: App, developer: User, signed_in: SignedIn) -> None:
    minted(other_app, name="their key")
    AgentFactory(app=other_app, name="their-agent")
    window = signed_in(developer)
    assert [leaps(window, q) for q in ("elsewhere", "their")] == [[], []]
    assert leaps(window, "", app=str(other_app.id)) == ["checkout"]


def test_the_palette_offers_what_one_may_do_here(
    app: App, support: User, window: Client, signed_in: SignedIn
) -> None:
    here = {"app": str(app.id)}
    assert "Mint a key" in leaps(window, "", **here)
    assert "Mint a key" not in leaps(signed_in(support), "", **here)


@pytest.mark.parametrize("q", ["\x00", "%", "x" * 5000, "<b>", "ключ"])
def test_the_palette_takes_any_words(app: App, window: Client, q: str) -> None:
    assert window.get("/jump/", {"q": q, "app": q}).status_code == 200


def test_the_palette_takes_as_many_queries_for_ten_apps_as_for_one(app: App, window: Client) -> None:
    before = queries(window, "/jump/?q=check")
    for n in range(9):
        minted(AppFactory.create(name=f"check {n}"), name=f"check {n}")
    assert queries(window, "/jump/?q=check") == before


# ── health ──────────────────────────────────────────────────────────────────────────────────────────


def test_health_is_one_word_and_one_query(
    db: None, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json(), dict(answer.cookies)) == (200, {"status": "ok"}, {})
