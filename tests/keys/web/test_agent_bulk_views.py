"""Agents selected in a list: what is shown before they are changed, what changes, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.lifecycle import create_agent, suspend_agent
from agents.models import Agent, App
from audit.actors import Actor, shell
from audit.models import Event
from keys.lifecycle import revoke_agent
from keys.web import agent_bulk_views
from portal.models import User
from tests.factories import minted
from tests.portal.pages import text

SignedIn = Callable[[User], Client]


@pytest.fixture
def window(admin: User, signed_in: SignedIn) -> Client:
    """The browser of the admin of every app."""
    return signed_in(admin)


@pytest.fixture
def agents(app: App) -> list[Agent]:
    """Three agents; the last is suspended."""
    created = [create_agent(shell(), app, name) for name in ("one", "two", "three")]
    suspend_agent(shell(), created[2])
    return created


def there(app: App, verb: str, *agents: Agent, **query: str) -> str:
    ids = "&".join(
        [*(f"id={agent.id}" for agent in agents), *(f"{name}={text}" for name, text in query.items())]
    )
    return reverse(f"agents-{verb}", args=[app.id]) + f"?{ids}"


def statuses(app: App) -> dict[str, str]:
    return {agent.name: agent.status for agent in Agent.objects.filter(app=app)}


def confirm(window: Client, address: str, **form: str) -> Any:
    """Confirm what the page at `address` shows."""
    shown = window.get(address).context["shown"]
    return window.post(address, {"shown": shown, "reason": "audit"} | form)


def test_the_preview_changes_nothing_and_says_who_is_skipped(
    app: App, agents: list[Agent], window: Client
) -> None:
    page = text(window.get(there(app, "suspend", *agents)))
    assert "Suspend 2 agents?" in page
    assert "1 selected agent is already suspended or revoked" in page
    assert statuses(app) == {"one": "active", "two": "active", "three": "inactive"}


def test_selected_agents_are_suspended_each_with_its_event(
    app: App, agents: list[Agent], window: Client
) -> None:
    answer = confirm(window, there(app, "suspend", agents[0]))
    assert answer["Location"] == reverse("agents", args=[app.id])
    assert statuses(app) == {"one": "inactive", "two": "active", "three": "inactive"}
    event = Event.objects.filter(action="agent.suspend").latest("at")
    assert (event.target_label, event.reason) == ("one", "audit")


def test_all_that_match_the_filters_are_resumed(app: App, agents: list[Agent], window: Client) -> None:
    suspend_agent(shell(), agents[0])
    confirm(window, there(app, "resume", all="1", q="thr"))
    assert statuses(app) == {"one": "inactive", "two": "active", "three": "active"}


def test_revoking_says_how_many_keys_end_and_asks_for_the_apps_name(
    app: App, agents: list[Agent], window: Client
) -> None:
    minted(app, agent=agents[0])
    address = there(app, "revoke", *agents)
    assert "1 active key, 0 used in the last 24 hours" in text(window.get(address))
    assert confirm(window, address).status_code == 422
    assert set(statuses(app).values()) == {"active", "inactive"}
    confirm(window, address, typed=app.name)
    assert set(statuses(app).values()) == {"revoked"}
    assert not app.keys.active().exists()


def test_a_list_that_has_changed_is_shown_again(app: App, agents: list[Agent], window: Client) -> None:
    address = there(app, "suspend", all="1")
    shown = window.get(address).context["shown"]
    revoke_agent(shell(), agents[0], reason="gone")
    create_agent(shell(), app, "four")
    answer = window.post(address, {"shown": shown, "reason": "audit"})
    assert answer.status_code == 422
    assert "The list has changed" in text(answer)
    assert statuses(app)["four"] == "active"


def test_no_more_are_changed_at_once_than_the_page_says(
    app: App, agents: list[Agent], window: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_bulk_views, "MAX_AGENTS", 1)
    address = there(app, "suspend", all="1")
    assert "Suspend 1 agent?" in text(window.get(address))
    confirm(window, address)
    assert sorted(statuses(app).values()) == ["active", "inactive", "inactive"]


def test_agents_of_another_app_are_not_selected(
    app: App, other_app: App, agents: list[Agent], window: Client
) -> None:
    page = text(window.get(there(other_app, "suspend", *agents)))
    assert "None of the selected agents can be suspended" in page


def test_what_a_role_may_not_do_is_not_offered(
    app: App, agents: list[Agent], developer: User, support: User, signed_in: SignedIn
) -> None:
    page = text(signed_in(developer).get(reverse("agents", args=[app.id])))
    assert "agents/suspend/" in page and "agents/revoke/" not in page
    assert signed_in(developer).get(there(app, "revoke", *agents)).status_code == 403
    page = text(signed_in(support).get(reverse("agents", args=[app.id])))
    assert 'class="pick"' not in page


@pytest.mark.parametrize("id", ["nonsense", "", "\x00"])
def test_an_odd_selection_is_refused(app: App, window: Client, id: str) -> None:
    assert window.get(reverse("agents-suspend", args=[app.id]), {"id": id}).status_code == 422


def test_nothing_that_changes_is_an_error_and_no_event(app: App, agents: list[Agent], window: Client) -> None:
    before = Event.objects.filter(action="agent.suspend").count()
    answer = confirm(window, there(app, "suspend", agents[2]))
    assert answer.status_code == 422 and "None of the selected agents can be suspended" in text(answer)
    assert Event.objects.filter(action="agent.suspend").count() == before


def test_one_that_cannot_be_changed_is_left_and_named(
    app: App, agents: list[Agent], admin: User, acting: Callable[..., Actor]
) -> None:
    stale = [agents[0], agents[1]]
    revoke_agent(shell(), Agent.objects.get(pk=agents[0].pk), reason="gone")
    said = agent_bulk_views._run(acting(admin, app), agent_bulk_views.SUSPEND, stale, "audit")
    assert said.startswith("1 agent suspended. 1 failed: one: ")
    assert statuses(app)["two"] == "inactive"
