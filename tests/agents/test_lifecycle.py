"""The life of apps and agents: every verb, its event, who may, and what stops it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, connection

from agents import lifecycle
from agents.errors import AgentNameTaken, AgentNotFound, AppArchived, AppNameTaken
from agents.models import Agent, App
from audit.actors import Actor, shell
from audit.models import Event
from core.clock import at
from core.errors import Invalid, NotAllowed, NotFound
from keys.lifecycle import revoke_agent
from portal.models import User

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

Verb = Callable[[Actor, Agent], object]
WRITING_AGENTS: dict[str, Verb] = {
    "create_agent": lambda actor, agent: lifecycle.create_agent(actor, agent.app, "another"),
    "update_agent": lambda actor, agent: lifecycle.update_agent(actor, agent, display_name="Refunds"),
    "suspend_agent": lifecycle.suspend_agent,
    "resume_agent": lambda actor, agent: lifecycle.resume_agent(actor, Agent.objects.get(name="asleep")),
}
WRITING_APPS: dict[str, Verb] = {
    "update_app": lambda actor, agent: lifecycle.update_app(actor, agent.app, description="Payments"),
    "archive_app": lambda actor, agent: lifecycle.archive_app(actor, agent.app),
}
EVERY = WRITING_AGENTS | WRITING_APPS


def each(verbs: dict[str, Verb]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("verb", verbs.values(), ids=verbs.keys())


@pytest.fixture
def asleep(app: App, agent: Agent) -> Agent:
    """An agent to which every verb can be done, while another of its app is suspended."""
    lifecycle.suspend_agent(shell(), lifecycle.create_agent(shell(), app, "asleep"))
    return agent


def last() -> Event:
    """The newest event."""
    return Event.objects.order_by("-id")[0]


def told(row: App | Agent) -> list[str]:
    """The names of what has been done to `row`, oldest first."""
    return list(Event.objects.filter(target_id=str(row.id)).order_by("id").values_list("action", flat=True))


# ── who may ─────────────────────────────────────────────────────────────────────────────────────────


@each(WRITING_AGENTS)
def test_a_developer_may_change_agents(asleep: Agent, developer: User, acting: Any, verb: Verb) -> None:
    verb(acting(developer, asleep.app), asleep)


@each(WRITING_APPS)
def test_a_developer_may_not_change_apps(asleep: Agent, developer: User, acting: Any, verb: Verb) -> None:
    with pytest.raises(NotAllowed):
        verb(acting(developer, asleep.app), asleep)


@each(EVERY)
def test_support_may_change_neither(asleep: Agent, support: User, acting: Any, verb: Verb) -> None:
    with pytest.raises(NotAllowed):
        verb(acting(support, asleep.app), asleep)


@each(EVERY)
def test_an_admin_may_change_both(asleep: Agent, admin: User, acting: Any, verb: Verb) -> None:
    verb(acting(admin, asleep.app), asleep)


@each(EVERY)
def test_to_another_apps_admin_nothing_is_there(
    asleep: Agent, outsider: User, other_app: App, acting: Any, verb: Verb
) -> None:
    with pytest.raises(NotFound):
        verb(acting(outsider, other_app), asleep)


def test_an_admin_of_one_app_creates_no_other(outsider: User, other_app: App, acting: Any) -> None:
    with pytest.raises(NotFound):
        lifecycle.create_app(acting(outsider, other_app), "mine too")


@each(EVERY)
def test_without_its_event_nothing_is_changed(asleep: Agent, verb: Verb) -> None:
    def lost(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "audit_event"'):
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, *rest)

    before = [list(model.objects.order_by("id").values()) for model in (App, Agent, Event)]
    with connection.execute_wrapper(lost), pytest.raises(OperationalError):
        verb(shell(), asleep)

    assert [list(model.objects.order_by("id").values()) for model in (App, Agent, Event)] == before


# ── apps ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_app_has_room_for_a_hundred_keys_and_25_for_each_agent(db: None) -> None:
    app = lifecycle.create_app(shell(), "  check   out ")

    assert (app.name, app.max_keys, app.max_keys_per_agent, app.default_rate_limit) == (
        "check out",
        100,
        25,
        6000,
    )


def test_creating_an_app_tells_its_name_and_settings(db: None) -> None:
    app = lifecycle.create_app(shell(), "checkout", description="Payments", max_keys=7)

    event = last()
    assert (event.action, event.app_id, event.target_label) == ("app.create", app.id, "checkout")
    assert (event.changes["description"], event.changes["max_keys"]) == ([None, "Payments"], [None, 7])


@pytest.mark.parametrize("name", ["checkout", " CHECKOUT ", "\uff43heckout"])
def test_two_apps_have_no_name_that_looks_the_same(app: App, name: str) -> None:
    with pytest.raises(AppNameTaken):
        lifecycle.create_app(shell(), name)

    assert App.objects.count() == 1


def test_an_archived_app_keeps_its_name(app: App) -> None:
    lifecycle.archive_app(shell(), app)

    with pytest.raises(AppNameTaken):
        lifecycle.create_app(shell(), "checkout")


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 81, "\ufb03" * 80, "\ufdfa" * 80])
def test_an_app_needs_a_name_that_can_be_kept(db: None, name: str) -> None:
    with pytest.raises(Invalid):
        lifecycle.create_app(shell(), name)


def test_changing_an_app_tells_what_changed_and_nothing_else(app: App) -> None:
    lifecycle.update_app(shell(), app, name="Checkout EU", max_keys=100, description="Payments")

    assert (last().action, last().changes) == (
        "app.update",
        {"name": ["checkout", "Checkout EU"], "description": ["", "Payments"]},
    )


def test_a_renamed_app_frees_its_old_name_and_holds_its_new_one(app: App) -> None:
    lifecycle.update_app(shell(), app, name="Checkout EU")

    lifecycle.create_app(shell(), "checkout")
    with pytest.raises(AppNameTaken):
        lifecycle.create_app(shell(), "checkout eu")


def test_an_app_may_be_written_with_another_case(app: App) -> None:
    lifecycle.update_app(shell(), app, name="CheckOut")

    assert App.objects.get().name == "CheckOut"


def test_an_app_is_not_renamed_to_anothers_name(app: App, other_app: App) -> None:
    with pytest.raises(AppNameTaken):
        lifecycle.update_app(shell(), app, name="Elsewhere")

    assert App.objects.get(pk=app.pk).name == "checkout"


def test_the_same_settings_again_are_no_event(app: App) -> None:
    lifecycle.update_app(shell(), app, name=" checkout ", max_keys=100)

    assert told(app) == ["app.create"]


def test_archiving_is_on_record_once_and_so_is_coming_back(app: App) -> None:
    lifecycle.archive_app(shell(), app, reason="sold")
    lifecycle.archive_app(shell(), app)
    lifecycle.unarchive_app(shell(), app)
    lifecycle.unarchive_app(shell(), app)

    assert told(app) == ["app.create", "app.archive", "app.unarchive"]


def test_archiving_says_why_and_moves_no_date(app: App) -> None:
    with at(NOON):
        lifecycle.archive_app(shell(), app, reason="sold")
    lifecycle.archive_app(shell(), app)

    assert (last().reason, last().changes) == ("sold", {"archived": [False, True]})
    assert App.objects.get().archived_at == NOON


# ── agents ──────────────────────────────────────────────────────────────────────────────────────────


def test_creating_an_agent_tells_its_name_and_type(app: App) -> None:
    agent = lifecycle.create_agent(shell(), app, "refunds", display_name="Refunds", type="service")

    event = last()
    assert (event.action, event.app_id, event.agent_id, event.agent_name) == (
        "agent.create",
        app.id,
        agent.id,
        "refunds",
    )
    assert event.changes == {
        "name": [None, "refunds"],
        "display_name": [None, "Refunds"],
        "type": [None, "service"],
        "status": [None, "active"],
    }


def test_two_living_agents_of_an_app_have_two_names(app: App, agent: Agent) -> None:
    with pytest.raises(AgentNameTaken):
        lifecycle.create_agent(shell(), app, agent.name)


def test_an_agent_of_another_app_may_have_the_name(agent: Agent, other_app: App) -> None:
    assert lifecycle.create_agent(shell(), other_app, agent.name).name == agent.name


def test_an_archived_app_gets_no_agents(app: App) -> None:
    lifecycle.archive_app(shell(), App.objects.get(pk=app.pk))

    with pytest.raises(AppArchived):
        lifecycle.create_agent(shell(), app, "late")


@pytest.mark.parametrize("name", ["", "Refunds", "a b", "x" * 65])
def test_an_agent_needs_a_name_for_programs(app: App, name: str) -> None:
    with pytest.raises(Invalid):
        lifecycle.create_agent(shell(), app, name)


def test_an_agent_is_called_something_else_and_keeps_its_name(agent: Agent) -> None:
    lifecycle.update_agent(shell(), agent, display_name="Refund agent")

    again = Agent.objects.get()
    assert (again.name, again.display_name, again.version) == ("refund-agent", "Refund agent", 2)
    assert last().changes == {"display_name": ["", "Refund agent"]}


def test_an_agent_is_called_by_its_name_again(agent: Agent) -> None:
    lifecycle.update_agent(shell(), agent, display_name="Refund agent")
    lifecycle.update_agent(shell(), agent, display_name="  ")

    assert Agent.objects.get().display_name == ""


def test_suspending_and_resuming_tell_the_status_and_count_versions(agent: Agent) -> None:
    lifecycle.suspend_agent(shell(), agent, "misbehaves")
    suspended = last()
    lifecycle.resume_agent(shell(), agent, "repaired")

    assert (suspended.action, suspended.reason, suspended.changes) == (
        "agent.suspend",
        "misbehaves",
        {"status": ["active", "inactive"]},
    )
    assert (last().action, last().reason, last().changes) == (
        "agent.resume",
        "repaired",
        {"status": ["inactive", "active"]},
    )
    assert Agent.objects.get().version == 3


NO_CHANGE: dict[str, Callable[[Agent], None]] = {
    "the same name": lambda agent: lifecycle.update_agent(shell(), agent, display_name=""),
    "resuming what runs": lambda agent: lifecycle.resume_agent(shell(), agent),
}


@pytest.mark.parametrize("change", NO_CHANGE.values(), ids=NO_CHANGE.keys())
def test_no_change_is_no_event_and_no_version(agent: Agent, change: Callable[[Agent], None]) -> None:
    change(agent)

    assert (told(agent), Agent.objects.get().version) == (["agent.create"], 1)


def test_suspending_again_moves_no_date(agent: Agent) -> None:
    with at(NOON):
        lifecycle.suspend_agent(shell(), agent)
    lifecycle.suspend_agent(shell(), agent)

    assert (Agent.objects.get().suspended_at, told(agent)) == (NOON, ["agent.create", "agent.suspend"])


CHANGING = {name: verb for name, verb in WRITING_AGENTS.items() if name in ("update_agent", "suspend_agent")}
CHANGING["resume_agent"] = lifecycle.resume_agent


@each(CHANGING)
def test_to_every_change_a_revoked_agent_is_gone(agent: Agent, verb: Verb) -> None:
    revoke_agent(shell(), Agent.objects.get())

    with pytest.raises(AgentNotFound):
        verb(shell(), agent)
