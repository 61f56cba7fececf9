"""Lists in pages: how many match in all, links that keep the filters, and names in the address that are not known."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents import lifecycle
from agents.models import App
from audit.actors import shell
from core import pagination
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
    ("people", make_person, "q=many"),
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
    monkeypatch.setattr(pagination, "PAGE_SIZE", SIZE)
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
    "name", ["home", "notices", "leaks", "mail", "dead-letters", "tokens", "key-mint", "agents", "people"]
)
def test_a_name_that_is_not_known_is_told(app: App, window: Client, name: str) -> None:
    there = reverse(name, args=[app.id] if name in ("leaks", "key-mint", "agents") else [])
    answer = window.get(f"{there}?nonsense=1")
    assert (answer.status_code, "There is no parameter “nonsense”" in text(answer)) == (422, True)
    assert window.get(there).status_code == 200


def test_an_app_is_found_by_its_name(app: App, other_app: App, window: Client) -> None:
    def names(query: str) -> list[Any]:
        return [one.name for one in window.get(f"/?{query}").context["list"].rows]

    assert names(f"q={app.name.upper()}") == [app.name]
    assert "No app matches" in text(window.get("/?q=nothing+like+it"))
    assert names("archived") == []
