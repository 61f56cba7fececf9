"""What is shown to be pasted: it is right for the key, it runs as it is, and no secret is in it."""

import html
import re
import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FunctionType
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from agents.lifecycle import create_agent
from agents.models import Agent, App
from audit.actors import shell
from keys import lifecycle
from keys.models import ApiKey
from keys.web.snippets import uses
from portal.models import User
from tests.factories import minted
from tests.keys.asking import opened
from tests.keys.family import derived
from tests.keys.pages import mint_form, post_mint, to
from tests.server import Server

HERE = "https://keys.example.com"


@pytest.fixture
def browser(developer: User, signed_in: Callable[[User], Client]) -> Client:
    """A developer's browser."""
    return signed_in(developer)


def use(key: ApiKey, slug: str, address: str = HERE) -> str:
    """One of the snippets for `key`."""
    return next(snippet.text for snippet in uses(key, address) if snippet.slug == slug)


def shown(response: Any) -> dict[str, str]:
    """The snippets on a page, by slug."""
    matches = re.findall(r'<code id="use-([a-z-]+)">(.*?)</code>', response.content.decode(), re.S)
    return {slug: html.unescape(text) for slug, text in matches}


def test_an_apps_key_is_used_through_the_client_of_apps(app: App) -> None:
    program = use(minted(app).key, "python")
    assert "import App\n" in program and "app.scopes.list()" in program


def test_an_agents_key_is_used_through_the_client_of_agents(app: App, agent: Agent) -> None:
    program = use(minted(app, agent=agent).key, "python")
    assert "import Agent\n" in program and "agent.me()" in program


def test_a_key_of_no_agent_does_not_ask_which_agent_it_is(app: App) -> None:
    program = use(minted(app, kind="agent").key, "python")
    assert "import Agent\n" in program and "agent.scopes.list()" in program


@pytest.mark.parametrize(("of_agent", "client"), [(False, "App"), (True, "Agent")])
def test_a_derived_key_is_used_as_what_it_came_from(app: App, of_agent: bool, client: str) -> None:
    agent = create_agent(shell(), app, "refund-agent") if of_agent else None
    child = derived(minted(app, scopes="keys:derive,grants:read", agent=agent).key).key
    assert f"import {client}\n" in use(child, "python")


def test_every_snippet_asks_this_portal(app: App) -> None:
    key = minted(app).key
    assert f"export ALTER_BASE_URL={HERE}\n" in use(key, "set-up")
    assert f"curl -i {HERE}/verify " in use(key, "curl")


@pytest.mark.parametrize(("of_agent", "told"), [(False, "action_verbs"), (True, "refund-agent")])
def test_a_program_runs_as_it_stands(
    served: Server,
    app: App,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    of_agent: bool,
    told: str,
) -> None:
    agent = create_agent(shell(), app, "refund-agent") if of_agent else None
    key, secret = opened(minted(app, agent=agent))
    monkeypatch.setenv("ALTER_BASE_URL", served.url)
    monkeypatch.setenv("ALTER_API_KEY", secret)
    program = FunctionType(compile(use(key, "python"), "program.py", "exec"), {"__name__": "__main__"})
    with ThreadPoolExecutor(1) as thread:  # the main one has a running loop where browser tests ran before
        thread.submit(program).result()
    assert told in capsys.readouterr().out


# ── on the pages ────────────────────────────────────────────────────────────────────────────────────


def test_a_keys_page_shows_its_snippets_with_the_address_of_the_page(browser: Client, app: App) -> None:
    key, secret = opened(minted(app))
    answer = browser.get(to("key", key))
    assert shown(answer) == {one.slug: one.text for one in uses(key, "http://testserver")}
    assert secret not in answer.content.decode()


def test_the_portals_public_address_is_shown_if_it_has_one(
    browser: Client, app: App, settings: Settings
) -> None:
    settings.ORIGIN = HERE
    assert f"curl -i {HERE}/verify " in shown(browser.get(to("key", minted(app).key)))["curl"]


def test_the_page_after_minting_shows_the_same_without_the_secret(browser: Client, app: App) -> None:
    answer = post_mint(browser, app)
    assert shown(answer) == {one.slug: one.text for one in uses(app.keys.get(), "http://testserver")}
    assert answer.content.decode().count(re.findall(r"alter_key_app_\w{36}", answer.content.decode())[0]) == 1


def test_a_key_that_has_ended_is_not_shown_how_to_be_used(browser: Client, app: App) -> None:
    key = minted(app).key
    lifecycle.revoke(shell(), key)
    assert shown(browser.get(to("key", key))) == {}


def test_the_command_of_a_form_is_shown_once_it_can_be_pasted(browser: Client, app: App) -> None:
    there = reverse("key-mint-review", args=[app.id])
    assert "alter keys mint" not in browser.post(there, mint_form(name="")).content.decode()
    form = mint_form(name="it\u2019s mine", expires="never", why_never="it cannot rotate")
    command = next(
        filter(None, re.findall(r'data-copy="(alter [^"]*)"', browser.post(there, form).content.decode()))
    )
    words = shlex.split(html.unescape(command).replace("\\\n", ""))
    assert words[:3] == ["alter", "keys", "mint"]
    assert dict(zip(words[3::2], words[4::2], strict=True)) == {
        "--app": str(app.id),
        "--name": "it\u2019s mine",
        "--scopes": "grants:read",
        "--reason": "it cannot rotate",
    }
