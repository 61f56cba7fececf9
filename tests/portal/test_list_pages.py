"""Lists in pages: how many match in all, links that keep the filters, and names in the address that are not known."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents import lifecycle
from agents.models import App
from audit.actors import shell
from core.pagination import list_page
from portal.mail import outbox
from portal.models import MailKind
from tests.factories import UserFactory
from tests.portal.pages import text

SIZE, MANY = 2, 3


def make_app(app: App, n: int) -> None:
    lifecycle.create_app(shell(), name=f"many {n}")


def make_agent(app: App, n: int) -> None:
    lifecycle.create_agent(shell(), app, name=f"many-{n}")


def make_person(app: App, n: int) -> None:
    UserFactory.create(email=f"many{n}@example.com")


def make_mail(app: App, n: int) -> None:
    outbox.put(MailKind.PASSWORD_RESET, f"many{n}@example.com")


LISTS: list[tuple[str, Callable[[App, int], None], str]] = [
    ("home", make_app, "q=many"),
    ("agents", make_agent, "q=many"),
    ("users", make_person, "q=many"),
    ("mail", make_mail, ""),
]


@pytest.mark.parametrize(("name", "make", "query"), LISTS)
def test_a_list_counts_all_and_shows_pages_that_keep_the_filters(
    app: App,
    window: Client,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    make: Callable[[App, int], None],
    query: str,
) -> None:
    monkeypatch.setattr(list_page, "PAGE_SIZE", SIZE)
    for n in range(MANY):
        make(app, n)
    there = reverse(name, args=[app.id] if name == "agents" else [])
    first, second = (window.get(f"{there}?{query}&page={n}") for n in (1, 2))
    assert [len(page.context["list"].rows) for page in (first, second)] == [SIZE, MANY - SIZE]
    assert first.context["list"].total == MANY
    kept = f"{query}&amp;" if query else ""
    assert f'href="?{kept}page=2"' in text(first)
    assert f'href="?{kept}page=1"' in text(second)
    assert f"{MANY} " in text(second)


@pytest.mark.parametrize(
    "name",
    ["home", "notifications", "leaks", "mail", "failed-deliveries", "tokens", "key-mint", "agents", "users"],
)
def test_a_name_that_is_not_known_is_told(app: App, window: Client, name: str) -> None:
    there = reverse(name, args=[app.id] if name in ("leaks", "key-mint", "agents") else [])
    answer = window.get(f"{there}?nonsense=1")
    assert (answer.status_code, "There is no parameter “nonsense”" in text(answer)) == (422, True)
    assert window.get(there).status_code == 200


def test_an_app_is_found_by_its_name(app: App, other_app: App, window: Client) -> None:
    def names(query: str) -> list[Any]:
        return [row.name for row in window.get(f"/?{query}").context["list"].rows]

    assert names(f"q={app.name.upper()}") == [app.name]
    assert "No apps found" in text(window.get("/?q=nothing+like+it"))
    assert names("archived") == []


def agent_names(app: App, window: Client, query: str) -> list[str]:
    page = window.get(reverse("agents", args=[app.id]) + query)
    return [agent.name for agent in page.context["list"].rows]


def test_a_list_is_sorted_by_a_column_both_ways(app: App, window: Client) -> None:
    for name in ("b", "C", "a"):
        lifecycle.create_agent(shell(), app, name=name.lower())
    assert agent_names(app, window, "?sort=name") == ["a", "b", "c"]
    assert agent_names(app, window, "?sort=-name") == ["c", "b", "a"]
    assert agent_names(app, window, "?sort=-created") == ["a", "c", "b"]


def test_a_column_says_how_it_is_sorted_and_links_to_the_other_order(app: App, window: Client) -> None:
    make_agent(app, 1)
    page = text(window.get(reverse("agents", args=[app.id]) + "?sort=name&q=many"))
    assert 'aria-sort="ascending"><a id="agents-sort-name" href="?q=many&amp;sort=-name"' in page
    assert 'aria-sort="none"><a id="agents-sort-created" href="?q=many&amp;sort=-created"' in page


@pytest.mark.parametrize("order", ["status", "-", "id", "app__name"])
def test_an_unknown_order_is_refused(app: App, window: Client, order: str) -> None:
    answer = window.get(reverse("agents", args=[app.id]), {"sort": order})
    assert (answer.status_code, f"Cannot sort by “{order}”" in text(answer)) == (422, True)


def test_a_list_says_which_rows_it_shows_and_goes_to_a_page_by_its_number(
    app: App, window: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_page, "PAGE_SIZE", SIZE)
    for n in range(MANY):
        make_agent(app, n)
    page = text(window.get(reverse("agents", args=[app.id]) + "?q=many&page=2"))
    assert "3–3 of 3" in page
    assert '<input type="hidden" name="q" value="many">' in page
    assert 'name="page" min="1" max="2" value="2"' in page


def test_a_search_keeps_the_order_and_sends_it_once(app: App, window: Client) -> None:
    there = reverse("agents", args=[app.id])
    page = text(window.get(f"{there}?sort=-name&q=many"))
    assert f'action="{there}" hx-get="{there}"' in page
    assert page.count('<input type="hidden" name="sort" value="-name">') == 1


def test_apps_are_filtered_by_environment_and_marked(app: App, window: Client) -> None:
    lifecycle.create_app(shell(), name="sandbox", environment="test")
    assert [app.name for app in window.get("/?environment=test").context["list"].rows] == ["sandbox"]
    assert '<span class="env test">Test</span>' in text(window.get("/"))
