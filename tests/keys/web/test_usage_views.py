"""The pages of use: what they tell of a key or an agent, and who still calls what is deprecated."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.models import Agent, App
from audit.actors import shell
from core import clock
from core.ids import new_id
from keys import lifecycle
from portal.models import User
from tests.audit.reading import link, text
from tests.audit.records import called
from tests.factories import minted
from tests.keys.pages import to

SignIn = Callable[[User], Client]
DAY = timedelta(days=1)


@pytest.fixture
def client(developer: User, signed_in: SignIn) -> Client:
    """A developer's."""
    return signed_in(developer)


def test_a_keys_page_tells_callers_targets_and_reasons(app: App, client: Client) -> None:
    key = minted(app).key
    called(app.id, clock.now(), key_id=key.id, ip="203.0.113.7", user_agent="curl/8", path="/grants")
    called(app.id, clock.now(), key_id=key.id, code="ip_not_allowed", check_failed="address", path="/agents")
    page = text(client.get(to("key-use", key)))
    assert "203.0.113.7curl/8" in page.replace(" ", "")
    assert "GET /grants 1 0" in page and "GET /agents 1 1" in page
    assert "IP not allowed ip_not_allowed" in page


def test_a_reason_leads_to_how_it_is_set_right(app: App, client: Client) -> None:
    key = minted(app).key
    call = called(app.id, clock.now(), key_id=key.id, code="ip_not_allowed", check_failed="address")
    page = client.get(to("key-use", key))
    assert link(page, "How to fix") == reverse("audit-call", args=[app.id, call.id])


def test_an_agents_page_tells_with_which_keys_it_called(app: App, agent: Agent, client: Client) -> None:
    key = minted(app, agent=agent).key
    called(app.id, clock.now(), key_id=key.id, key_prefix=key.prefix, agent_id=agent.id)
    page = client.get(reverse("agent-use", args=[app.id, agent.id]))
    assert f'href="{to("key-use", key)}"' in page.content.decode()


@pytest.mark.parametrize(("time", "calls"), [("24h", 1), ("7d", 2), ("30d", 3), ("", 2)])
def test_a_page_is_about_the_time_that_is_chosen(app: App, client: Client, time: str, calls: int) -> None:
    key = minted(app).key
    for days in (0.5, 5, 20, 40):
        called(app.id, clock.now() - days * DAY, key_id=key.id)
    page = text(client.get(to("key-use", key), {"range": time}))
    assert f"GET /grants {calls} 0" in page
    assert f"{calls} request{'s' if calls > 1 else ''}, 1 event" in page


@pytest.mark.parametrize("time", ["9y", "<script>", "'; DROP TABLE audit_call", "a" * 10_000])
def test_a_time_that_cannot_be_read_is_said_in_place(app: App, client: Client, time: str) -> None:
    answer = client.get(to("key-use", minted(app).key), {"range": time})
    assert answer.status_code == 422
    assert "Invalid time range" in text(answer)


def test_a_key_that_is_not_called_says_so(app: App, client: Client) -> None:
    assert "No requests in this time range" in text(client.get(to("key-use", minted(app).key)))


@pytest.mark.parametrize("name", ["key-use", "agent-use"])
def test_a_strangers_is_not_there(app: App, other_app: App, client: Client, name: str) -> None:
    strange = minted(other_app).key.id if name == "key-use" else new_id()
    assert client.get(reverse(name, args=[app.id, strange])).status_code == 404


def test_the_pages_of_a_key_and_an_agent_lead_there(app: App, agent: Agent, client: Client) -> None:
    key = minted(app).key
    assert link(client.get(to("key", key)), "Usage") == to("key-use", key)
    page = client.get(reverse("agent", args=[app.id, agent.id]))
    assert link(page, "Usage") == reverse("agent-use", args=[app.id, agent.id])


def test_a_page_costs_the_same_for_one_call_and_for_thirty(app: App, client: Client) -> None:
    key = minted(app).key

    def queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(to("key-use", key)).status_code == 200
        return len(queries)

    called(app.id, clock.now(), key_id=key.id)
    one = queries()
    for n in range(30):
        called(app.id, clock.now(), key_id=key.id, ip=f"203.0.113.{n}", path=f"/{n}")
    assert queries() == one


# ── deprecated ──────────────────────────────────────────────────────────────


def test_the_page_of_deprecated_keys_tells_who_calls_them(app: App, client: Client) -> None:
    key = minted(app, name="cron").key
    lifecycle.deprecate(shell(), key)
    called(app.id, clock.now(), key_id=key.id, ip="203.0.113.7")
    page = text(client.get(reverse("keys-deprecated", args=[app.id])))
    assert "cron Deprecated" in page and "203.0.113.7" in page and "No end date" in page


def test_a_page_without_such_keys_says_so(app: App, client: Client) -> None:
    page = text(client.get(reverse("keys-deprecated", args=[app.id])))
    assert "No deprecated keys in use" in page


@pytest.mark.parametrize(("who", "may"), [("admin", True), ("developer", False)])
def test_only_whoever_may_end_a_key_is_offered_to(
    app: App, who: str, may: bool, signed_in: SignIn, request: pytest.FixtureRequest
) -> None:
    key = minted(app).key
    lifecycle.deprecate(shell(), key)
    called(app.id, clock.now(), key_id=key.id)
    page = signed_in(request.getfixturevalue(who)).get(reverse("keys-deprecated", args=[app.id]))
    assert (to("key-revoke", key) in page.content.decode()) is may


def test_the_list_of_keys_says_how_many_deprecated_ones_are_in_use(app: App, client: Client) -> None:
    for name in ("cron", "nightly"):
        key = minted(app, name=name).key
        lifecycle.deprecate(shell(), key)
        called(app.id, clock.now(), key_id=key.id)
    page = client.get(reverse("keys", args=[app.id]))
    assert "2 deprecated keys are still in use" in text(page)
    assert re.search(rf'href="{reverse("keys-deprecated", args=[app.id])}"', page.content.decode())


def test_the_list_says_nothing_while_there_is_none(app: App, client: Client) -> None:
    lifecycle.deprecate(shell(), minted(app).key)
    assert "still in use" not in text(client.get(reverse("keys", args=[app.id])))
