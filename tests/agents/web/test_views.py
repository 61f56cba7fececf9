"""The pages about apps and agents: what they show, what they take, and what they say no to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents import actions
from agents.lifecycle import archive_app, create_agent, suspend_agent, update_app
from agents.models import Agent, App
from audit.actors import shell
from audit.change import change
from audit.models import Event
from keys.lifecycle import revoke, revoke_agent
from portal.models import User
from tests.factories import AgentFactory, minted
from tests.portal.routes import address

SignedIn = Callable[[User], Client]


@pytest.fixture
def window(admin: User, signed_in: SignedIn) -> Client:
    """The browser of the admin of every app."""
    return signed_in(admin)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def errors(answer: Any) -> list[str]:
    """The fields an answer complains of; `__all__` is the form as a whole."""
    return list(answer.context["form"].errors)


def last() -> Event:
    return Event.objects.order_by("-id")[0]


# ── apps ────────────────────────────────────────────────────────────────────────────────────────────

NAMES = {
    "missing": "",
    "blank": "   ",
    "too long": "x" * 81,
    "far too long": "x" * 5000,
    "with a control character": "check\x07out",
    "with a NUL": "check\x00out",
    "with an invisible character": "check\u200bout",
    "turned round": "check\u202eout",
    "of two alphabets": "check\u043eut",
    "with a key in it": "alter_key_app_" + "A" * 36,
}
BAD_NAME = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())


def create(window: Client, **form: str) -> Any:
    return window.post("/apps/new/", {"name": "ledger", "environment": "live"} | form)


def test_a_new_app_leads_to_its_overview_and_is_recorded(window: Client, admin: User) -> None:
    answer = create(window, description="Books", website_url="https://ledger.example.com")
    made = App.objects.get(name="ledger")
    assert answer["Location"] == address("app", app_id=made.id)
    assert (last().action, last().actor_label, last().app_id) == ("app.create", admin.label, made.id)


@BAD_NAME
def test_a_bad_name_is_told_on_its_field(window: Client, name: str) -> None:
    answer = create(window, name=name, description="Books")
    assert (answer.status_code, errors(answer)) == (422, ["name"])
    assert 'value="Books"' in text(answer)
    assert App.objects.count() == 1


@pytest.mark.parametrize("name", ["checkout", "Checkout", "  CHECKOUT ", "ｃｈｅｃｋｏｕｔ"])
def test_a_name_in_use_is_told_on_its_field(window: Client, name: str) -> None:
    answer = create(window, name=name)
    assert (answer.status_code, errors(answer), App.objects.count()) == (409, ["name"], 1)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"website_url": "not an address"}, "website_url"),
        ({"website_url": "javascript:alert(1)"}, "website_url"),
        ({"website_url": "https://example.com/" + "x" * 300}, "website_url"),
        ({"description": "x" * 501}, "description"),
        ({"description": "a\x00b"}, "description"),
    ],
)
def test_a_bad_value_is_told_on_its_field(window: Client, form: dict[str, str], field: str) -> None:
    answer = create(window, **form)
    assert (answer.status_code, errors(answer), App.objects.count()) == (422, [field], 1)


def test_the_same_form_sent_twice_makes_one_app(window: Client) -> None:
    answers = [create(window).status_code for _ in range(2)]
    assert (answers, App.objects.filter(name="ledger").count()) == ([302, 409], 1)


def test_a_form_with_nothing_in_it_is_not_taken_for_a_look(window: Client) -> None:
    assert window.post("/apps/new/").status_code == 422


def test_a_name_is_text_and_never_markup(window: Client) -> None:
    create(window, name="<b>bold</b> & co")
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; co" in text(window.get("/"))


# ── settings ────────────────────────────────────────────────────────────────────────────────────────


def settings_form(app: App, **changes: str) -> dict[str, str]:
    """What the settings page sends when nobody touches it, but for `changes`."""
    app.refresh_from_db()
    values = {"name": app.name, "max_keys": "100", "max_keys_per_agent": "25", "rate_limit_rpm": ""}
    values |= {"max_derived_hours": "24", "signing": "required", "on_leaked_app_key": "notify"}
    values |= {"on_leaked_agent_key": "notify", "on_leaked_derived_key": "revoke"}
    values |= {"description": "", "website_url": "", "environment": app.environment, "seen": app.etag}
    return values | changes


def save(window: Client, app: App, **changes: str) -> Any:
    return window.post(address("app-settings", app_id=app.id), settings_form(app, **changes))


def test_settings_are_saved_and_the_record_tells_what_changed(app: App, window: Client) -> None:
    save(window, app, name="till", max_keys="7", rate_limit_rpm="90")
    assert last().changes == {
        "name": ["checkout", "till"],
        "max_keys": [100, 7],
        "rate_limit_rpm": [None, 90],
    }


def test_saving_what_is_there_is_no_event(app: App, window: Client) -> None:
    before = Event.objects.count()
    assert save(window, app).status_code == 302
    assert Event.objects.count() == before


@BAD_NAME
def test_a_bad_new_name_is_told_and_the_frame_keeps_the_old(app: App, window: Client, name: str) -> None:
    answer = save(window, app, name=name)
    app.refresh_from_db()
    assert (answer.status_code, errors(answer), app.name) == (422, ["name"], "checkout")
    assert answer.context["app"].name == "checkout"


def test_a_name_of_another_app_is_told_and_the_frame_keeps_the_old(
    app: App, other_app: App, window: Client
) -> None:
    answer = save(window, app, name="Elsewhere")
    assert (answer.status_code, errors(answer)) == (409, ["name"])
    assert "Settings of <b>checkout</b>" in text(answer)
    assert 'value="Elsewhere"' in text(answer)


@pytest.mark.parametrize("field", ["max_keys", "max_keys_per_agent", "rate_limit_rpm", "max_derived_hours"])
@pytest.mark.parametrize("value", ["0", "-1", "100001", "1e3", "ten", "1.5", "9" * 400, "\x00"])
def test_a_ceiling_out_of_range_is_told_on_its_field(
    app: App, window: Client, field: str, value: str
) -> None:
    answer = save(window, app, **{field: value})
    assert (answer.status_code, errors(answer)) == (422, [field])


@pytest.mark.parametrize("field", ["max_keys", "max_keys_per_agent", "max_derived_hours"])
def test_a_ceiling_cannot_be_left_out(app: App, window: Client, field: str) -> None:
    assert errors(save(window, app, **{field: ""})) == [field]


def test_a_stale_page_is_refused_shows_what_is_and_keeps_what_was_typed(app: App, window: Client) -> None:
    stale = settings_form(app, description="typed here", max_keys="50")
    update_app(shell(), app, max_keys=70)
    answer = window.post(address("app-settings", app_id=app.id), stale)
    app.refresh_from_db()
    assert (answer.status_code, app.max_keys, app.description) == (409, 70, "")
    assert "These settings were changed after you opened this page." in text(answer)
    assert answer.context["changed"] == [("Description", "none"), ("Maximum active keys", "70")]
    assert 'value="typed here"' in text(answer)


def test_a_stale_page_sent_again_is_taken(app: App, window: Client) -> None:
    there, stale = address("app-settings", app_id=app.id), settings_form(app, max_keys="50")
    update_app(shell(), app, max_keys=70)
    form = window.post(there, stale).context["form"]
    again = {name: form[name].value() or "" for name in form.fields}
    assert window.post(there, again).status_code == 302
    app.refresh_from_db()
    assert app.max_keys == 50


def test_a_stale_page_with_a_mistake_in_it_stays_stale(app: App, window: Client) -> None:
    there, stale = address("app-settings", app_id=app.id), settings_form(app, name="a\u200bb")
    update_app(shell(), app, max_keys=70)
    form = window.post(there, stale).context["form"]
    again = {name: form[name].value() or "" for name in form.fields} | {"name": "till"}
    assert window.post(there, again).status_code == 409


def test_archiving_says_how_many_keys_keep_working(app: App, agent: Agent, window: Client) -> None:
    ended = minted(app).key
    revoke(shell(), ended)
    minted(app), minted(app, agent=agent)
    assert "<b>2 active keys keep working.</b>" in text(window.get(address("app-archive", app_id=app.id)))


def test_archiving_asks_first_and_keeps_the_reason(app: App, window: Client) -> None:
    there = address("app-archive", app_id=app.id)
    window.get(there)
    app.refresh_from_db()
    assert app.archived_at is None
    window.post(there, {"reason": "replaced by till"})
    assert (last().action, last().reason) == ("app.archive", "replaced by till")


def test_archiving_twice_is_one_event(app: App, window: Client) -> None:
    for _ in range(2):
        window.post(address("app-archive", app_id=app.id), {"reason": ""})
    assert Event.objects.filter(action="app.archive").count() == 1


def test_an_archived_app_can_be_brought_back(app: App, window: Client) -> None:
    archive_app(shell(), app)
    assert "Restore app" in text(window.get(address("app-settings", app_id=app.id)))
    window.post(address("app-unarchive", app_id=app.id))
    app.refresh_from_db()
    assert app.archived_at is None


# ── agents ──────────────────────────────────────────────────────────────────────────────────────────


def create_one(window: Client, app: App, **form: str) -> Any:
    form = {"name": "refunds", "display_name": "", "type": "agent"} | form
    return window.post(address("agent-create", app_id=app.id), form)


def shown(window: Client, app: App, query: str = "") -> list[str]:
    """The names on the agent list."""
    return [agent.name for agent in window.get(address("agents", app_id=app.id) + query).context["list"].rows]


def test_a_new_agent_leads_to_its_page_and_is_recorded(app: App, window: Client) -> None:
    answer = create_one(window, app, display_name="Refunds", type="service")
    made = Agent.objects.get(name="refunds")
    assert answer["Location"] == address("agent", app_id=app.id, agent_id=made.id)
    assert (last().action, last().agent_id, made.type) == ("agent.create", made.id, "service")


@pytest.mark.parametrize("name", ["", " ", "Refunds", "a b", "-a", "a" * 65, "ä", "a\x00", "a\u200b", "../x"])
def test_a_bad_agent_name_is_told_on_its_field(app: App, window: Client, name: str) -> None:
    answer = create_one(window, app, name=name, display_name="Refunds")
    assert (answer.status_code, errors(answer), Agent.objects.count()) == (422, ["name"], 0)
    assert 'value="Refunds"' in text(answer)


@pytest.mark.parametrize("display_name", ["x" * 81, "a\u200bb", "check\u043eut"])
def test_a_bad_display_name_is_told_on_its_field(app: App, window: Client, display_name: str) -> None:
    assert errors(create_one(window, app, display_name=display_name)) == ["display_name"]


@pytest.mark.parametrize("type", ["", "robot", "AGENT"])
def test_an_agent_is_of_a_known_type(app: App, window: Client, type: str) -> None:
    assert errors(create_one(window, app, type=type)) == ["type"]


def test_a_name_of_a_living_agent_is_taken(app: App, agent: Agent, window: Client) -> None:
    answer = create_one(window, app, name=agent.name)
    assert (answer.status_code, errors(answer)) == (409, ["name"])


def test_a_name_of_a_revoked_agent_is_free(app: App, agent: Agent, window: Client) -> None:
    revoke_agent(shell(), agent)
    assert create_one(window, app, name=agent.name).status_code == 302


def test_an_archived_app_takes_no_agents_and_says_why(app: App, window: Client) -> None:
    archive_app(shell(), app)
    answer = create_one(window, app)
    assert (answer.status_code, errors(answer)) == (409, ["__all__"])
    assert "Restore it to create agents" in text(window.get(address("agents", app_id=app.id)))


def test_the_list_counts_each_agents_living_keys(app: App, agent: Agent, window: Client) -> None:
    ended = minted(app, agent=agent).key
    minted(app, agent=agent)
    revoke(shell(), ended)
    create_agent(shell(), app, "without")
    counted = window.get(address("agents", app_id=app.id)).context["list"].rows
    assert {one.name: one.active_keys for one in counted} == {agent.name: 1, "without": 0}


def test_the_list_takes_as_many_queries_for_ten_as_for_one(app: App, agent: Agent, window: Client) -> None:
    there = address("agents", app_id=app.id)
    with CaptureQueriesContext(connection) as one:
        window.get(there)
    for _ in range(9):
        minted(app, agent=AgentFactory.create(app=app))
    with CaptureQueriesContext(connection) as ten:
        window.get(there)
    assert len(ten) == len(one)


def test_the_list_is_filtered_by_status_and_name(app: App, window: Client) -> None:
    one, two, three = (create_agent(shell(), app, name) for name in ("one", "two", "three"))
    suspend_agent(shell(), two)
    revoke_agent(shell(), three)
    queries = (
        "",
        "?status=active",
        "?status=inactive",
        "?status=revoked",
        "?q=TW",
        "?q=three&status=revoked",
    )
    assert [shown(window, app, query) for query in queries] == [
        ["one", "two"], ["one"], ["two"], ["three"], ["two"], ["three"],
    ]  # fmt: skip


@pytest.mark.parametrize("query", ["?status=odd", "?q=%00", "?q=" + "x" * 101])
def test_an_odd_filter_is_told(app: App, agent: Agent, window: Client, query: str) -> None:
    answer = window.get(address("agents", app_id=app.id) + query)
    assert answer.status_code == 422
    assert answer.context["filters"].errors


def test_no_agents_says_what_agents_are_for(app: App, window: Client) -> None:
    page = text(window.get(address("agents", app_id=app.id)))
    assert "Create an agent for each autonomous program" in page
    assert "Create agent<" in page


def test_nothing_found_offers_the_way_back(app: App, agent: Agent, window: Client) -> None:
    assert "No agents found" in text(window.get(address("agents", app_id=app.id) + "?q=nothing"))


def on(agent: Agent, name: str) -> str:
    return address(name, app_id=agent.app_id, agent_id=agent.id)


def test_a_new_display_name_is_told_with_the_way_back(agent: Agent, window: Client) -> None:
    page = window.post(on(agent, "agent-rename"), {"name": "Refunds"}, follow=True)
    agent.refresh_from_db()
    assert (agent.display_name, agent.name) == ("Refunds", "refund-agent")
    assert "Renamed to Refunds" in text(page)
    assert f'action="{on(agent, "agent-rename")}"' in text(page)


def test_a_display_name_can_be_taken_away(agent: Agent, window: Client) -> None:
    for name in ("Refunds", ""):
        window.post(on(agent, "agent-rename"), {"name": name})
    agent.refresh_from_db()
    assert agent.display_name == ""


@pytest.mark.parametrize("name", ["x" * 81, "a\u200bb", "a\x00b"])
def test_a_bad_new_display_name_is_told(agent: Agent, window: Client, name: str) -> None:
    answer = window.post(on(agent, "agent-rename"), {"name": name})
    assert (answer.status_code, errors(answer)) == (422, ["name"])


def test_suspending_says_what_it_does_and_keeps_the_reason(agent: Agent, window: Client) -> None:
    assert "401 agent_inactive" in text(window.get(on(agent, "agent-suspend")))
    window.post(on(agent, "agent-suspend"), {"reason": "loops"})
    agent.refresh_from_db()
    assert (agent.status, last().action, last().reason) == ("inactive", "agent.suspend", "loops")


def test_a_suspended_agents_keys_are_refused_until_it_is_resumed(
    app: App, agent: Agent, window: Client, client: Client
) -> None:
    key = {"x-api-key": minted(app, agent=agent).plaintext.take()}
    window.post(on(agent, "agent-suspend"), {"reason": ""})
    refused = client.get("/verify", headers=key)
    window.post(on(agent, "agent-resume"))
    assert (refused.status_code, refused.json()["error"]) == (401, "agent_inactive")
    assert client.get("/verify", headers=key).status_code == 200


@pytest.mark.parametrize("name", ["agent-rename", "agent-suspend", "agent-resume"])
def test_a_revoked_agent_cannot_be_changed(agent: Agent, window: Client, name: str) -> None:
    revoke_agent(shell(), agent)
    assert window.post(on(agent, name), {"name": "x"}).status_code == 404


@pytest.mark.parametrize("name", ["agent-rename", "agent-suspend", "agent-resume"])
def test_an_agent_is_not_found_through_another_app(
    other_app: App, agent: Agent, window: Client, name: str
) -> None:
    there = address(name, app_id=other_app.id, agent_id=agent.id)
    assert window.post(there, {"name": "x"}).status_code == 404


def test_no_page_shows_an_agent_of_another_app(other_app: App, agent: Agent, window: Client) -> None:
    there = address("agent-suspend", app_id=other_app.id, agent_id=agent.id)
    assert window.get(there).status_code == 404


@pytest.mark.parametrize("name", ["app-archive", "agent-suspend"])
def test_a_question_comes_as_a_dialog_when_htmx_asks(agent: Agent, window: Client, name: str) -> None:
    there = address(name, app_id=agent.app_id, agent_id=agent.id)
    whole, part = text(window.get(there)), text(window.get(there, headers={"HX-Request": "true"}))
    assert ("<!doctype html>" in whole, "<!doctype html>" in part) == (True, False)
    assert "<dialog open" in part


def test_a_reason_too_long_is_told(agent: Agent, window: Client) -> None:
    answer = window.post(on(agent, "agent-suspend"), {"reason": "x" * 501})
    agent.refresh_from_db()
    assert (answer.status_code, errors(answer), agent.status) == (422, ["reason"], "active")


# ── environments ────────────────────────────────────────────────────────────────────────────────────


def test_an_app_is_created_for_an_environment_and_moved_to_another(window: Client) -> None:
    create(window, environment="test")
    ledger = App.objects.get(name="ledger")
    assert ledger.environment == "test"
    save(window, ledger, environment="live")
    ledger.refresh_from_db()
    assert ledger.environment == "live"
    assert last().changes == {"environment": ["test", "live"]}


def test_an_unknown_environment_is_told_on_its_field(window: Client) -> None:
    answer = create(window, environment="staging")
    assert (answer.status_code, errors(answer)) == (422, ["environment"])


def test_the_database_knows_two_environments(app: App) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), change(shell(), actions.UPDATE_APP, on=app):
        app.environment = "prod"
        app.save()
