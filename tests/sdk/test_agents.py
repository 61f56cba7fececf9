"""app.agents.*: creating, reading, changing, suspending and revoking agents; agent.me()."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alter_sdk import (
    AgentConcurrentUpdateError,
    AgentInactiveError,
    AgentNameExistsError,
    AgentNotFoundError,
    BackendError,
)
from alter_sdk.exceptions import AgentCannotMintSubagentsError, KeyRevokedError, MeRequiresAgentKeyError

from agents import lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from core.clock import at
from keys.models import ApiKey
from tests.factories import AgentFactory, minted
from tests.keys.family import derived
from tests.sdk import raw
from tests.sdk.conftest import As, Connect, Run

Refused = Callable[..., Any]
WIDE, NARROW = {"google": ["mail.read", "mail.send"]}, {"google": ["mail.read"]}


def stored(agent: Any) -> Agent:
    """An agent as the database has it."""
    return Agent.objects.get(id=agent.id)


# ── create ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_agent_is_created_as_asked(as_app: As, run: Run, app: App) -> None:
    made = run(
        as_app().agents.create(
            name="support-bot",
            type="service",
            display_name="Zoë's bot",
            scopes=WIDE,
            metadata={"team": "é"},
            policy={"note": "none"},
        )
    )

    agent = stored(made)
    assert (agent.app, agent.name, agent.type, agent.display_name) == (
        app,
        "support-bot",
        "service",
        "Zoë's bot",
    )
    assert (agent.scopes, agent.metadata, agent.policy) == (WIDE, {"team": "é"}, {"note": "none"})


def test_a_new_agent_is_told_in_full(as_app: As, run: Run) -> None:
    made = run(as_app().agents.create(name="support-bot", scopes={}))

    told = made.model_dump(exclude={"id", "key_id", "api_key", "created_at"})
    assert told == {
        "name": "support-bot",
        "display_name": None,
        "type": "agent",
        "status": "active",
        "scopes": {},
        "scopes_pending": None,
        "scopes_applies_at": None,
        "policy": {},
        "metadata": {},
        "rate_limit_per_minute": None,
        "version": 1,
        "last_used_at": None,
        "parent_agent_id": None,
        "stored_legacy_managed_secret_names": [],
    }


def test_times_are_told_in_utc_to_the_millisecond(as_app: As, run: Run) -> None:
    made = run(as_app().agents.create(name="support-bot", scopes={}))
    assert timedelta(0) <= stored(made).created_at - made.created_at < timedelta(milliseconds=1)
    assert made.created_at.utcoffset() == timedelta(0)


def test_a_new_agents_first_key_works_and_is_numbered(as_app: As, connect_agent: Connect, run: Run) -> None:
    made = run(as_app().agents.create(name="support-bot", scopes={}))

    assert run(connect_agent(made.api_key).me()).id == made.id
    assert ApiKey.objects.get(id=made.key_id).name == "support-bot-1"


def test_a_living_agents_name_is_taken(as_app: As, run: Run, refused: Refused, agent: Agent) -> None:
    refused(AgentNameExistsError, as_app().agents.create(name=agent.name, scopes={}))


def test_a_name_taken_leaves_no_key_behind(as_app: As, refused: Refused, agent: Agent) -> None:
    client = as_app()
    refused(AgentNameExistsError, client.agents.create(name=agent.name, scopes={}))
    assert not ApiKey.objects.filter(agent=agent).exists()


def test_a_revoked_agents_name_is_free_again(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app()
    run(client.agents.delete(str(agent.id)))
    assert run(client.agents.create(name=agent.name, scopes={})).id != agent.id


def test_another_apps_name_is_free_here(as_app: As, run: Run, other_app: App) -> None:
    AgentFactory.create(app=other_app, name="support-bot")
    assert run(as_app().agents.create(name="support-bot", scopes={})).name == "support-bot"


@pytest.mark.parametrize("name", ["Support", "support bot", "-support", "é", "a" * 65])
def test_a_name_that_is_none_is_told_by_its_field(as_app: As, refused: Refused, name: str) -> None:
    error = refused(BackendError, as_app().agents.create(name=name, scopes={}), "validation_error")
    assert error.details["fields"][0]["field"] == "name"


def test_an_archived_app_takes_no_new_agents(as_app: As, refused: Refused, app: App) -> None:
    client = as_app()
    lifecycle.archive_app(shell(), app)
    refused(BackendError, client.agents.create(name="support-bot", scopes={}), "app_archived")


def test_without_room_for_its_key_there_is_no_agent(as_app: As, refused: Refused, app: App) -> None:
    client = as_app()
    lifecycle.update_app(shell(), app, max_keys=1)
    refused(BackendError, client.agents.create(name="support-bot", scopes={}), "key_limit_reached")
    assert not Agent.objects.exists()


# ── list and get ────────────────────────────────────────────────────────────────────────────────────


def test_a_page_of_agents_is_oldest_first(as_app: As, run: Run, app: App) -> None:
    made = [AgentFactory.create(app=app) for _ in range(3)]
    page = run(as_app().agents.list(limit=2))
    assert [agent.id for agent in page.agents] == [agent.id for agent in made[:2]]


def test_a_page_tells_how_much_there_is(as_app: As, run: Run, app: App) -> None:
    AgentFactory.create_batch(3, app=app)
    page = run(as_app().agents.list(limit=2, offset=0))
    assert (page.total, page.limit, page.offset, page.has_more) == (3, 2, 0, True)


def test_the_last_page_says_so(as_app: As, run: Run, app: App) -> None:
    AgentFactory.create_batch(3, app=app)
    page = run(as_app().agents.list(limit=2, offset=2))
    assert (len(page.agents), page.has_more) == (1, False)


def test_a_page_beyond_the_end_is_empty(as_app: As, run: Run, agent: Agent) -> None:
    page = run(as_app().agents.list(offset=50))
    assert (page.agents, page.total, page.has_more) == ([], 1, False)


def test_revoked_agents_are_listed_when_asked_for(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app()
    run(client.agents.delete(str(agent.id)))
    assert run(client.agents.list()).total == 0
    assert [agent.status for agent in run(client.agents.list(include_revoked=True)).agents] == ["revoked"]


def test_another_apps_agents_are_not_listed(as_app: As, run: Run, other_app: App) -> None:
    AgentFactory.create(app=other_app)
    assert run(as_app().agents.list()).total == 0


def test_an_agent_is_found_by_its_exact_name(as_app: As, run: Run, app: App) -> None:
    made = [AgentFactory.create(app=app, name=name) for name in ("bot", "bot-2")]
    assert run(as_app().agents.get_by_name("bot")).id == made[0].id


@pytest.mark.parametrize("name", ["nobody", "BOT", "bot%", "\0", "é", "a&b=c"])
def test_a_name_that_nobody_has_finds_none(as_app: As, run: Run, app: App, name: str) -> None:
    AgentFactory.create(app=app, name="bot")
    assert run(as_app().agents.get_by_name(name)) is None


def test_a_revoked_agent_is_not_found_by_its_name(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app()
    run(client.agents.delete(str(agent.id)))
    assert run(client.agents.get_by_name(agent.name)) is None


def test_an_agent_is_got_by_its_id(as_app: As, run: Run, agent: Agent) -> None:
    assert run(as_app().agents.get(str(agent.id))).name == agent.name


def test_a_revoked_agent_is_got_by_its_id(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app()
    run(client.agents.delete(str(agent.id)))
    assert run(client.agents.get(str(agent.id))).status == "revoked"


@pytest.mark.parametrize("id", ["00000000-0000-0000-0000-000000000000", "none", "a b", "é", "\0"])
def test_an_agent_that_never_was_is_not_found(as_app: As, refused: Refused, id: str) -> None:
    refused(AgentNotFoundError, as_app().agents.get(id), "agent_not_found")


def test_another_apps_agent_is_as_one_that_never_was(as_app: As, refused: Refused, other_app: App) -> None:
    client, stranger = as_app(), AgentFactory.create(app=other_app)
    there = refused(AgentNotFoundError, client.agents.get(str(stranger.id)))
    nowhere = refused(AgentNotFoundError, client.agents.get("00000000-0000-0000-0000-000000000000"))
    assert there.details == nowhere.details


def test_an_agent_was_last_used_when_a_key_of_it_called(
    as_app: As, as_agent: As, run: Run, agent: Agent
) -> None:
    before = datetime.now(UTC)
    run(as_agent().me())
    assert run(as_app().agents.get(str(agent.id))).last_used_at >= before


# ── update ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [{"display_name": "Refunds"}, {"metadata": {"team": "money"}}, {"policy": {"note": "careful"}}],
    ids=lambda change: next(iter(change)),
)
def test_a_change_makes_a_new_version(as_app: As, run: Run, agent: Agent, change: dict[str, Any]) -> None:
    updated = run(as_app().agents.update(str(agent.id), **change))
    assert updated.version == 2
    assert updated.model_dump(include=change.keys()) == change


def test_a_change_leaves_what_it_does_not_name(as_app: As, run: Run, app: App) -> None:
    agent = AgentFactory.create(app=app, display_name="Refunds", metadata={"a": 1}, scopes=WIDE)
    updated = run(as_app().agents.update(str(agent.id), policy={"b": 2}))
    assert (updated.display_name, updated.metadata, updated.scopes) == ("Refunds", {"a": 1}, WIDE)


@pytest.mark.parametrize("change", [{}, {"display_name": "Refunds"}, {"metadata": {"a": 1}}, {"policy": {}}])
def test_nothing_new_is_no_version_and_no_event(
    as_app: As, run: Run, app: App, change: dict[str, Any]
) -> None:
    agent = AgentFactory.create(app=app, display_name="Refunds", metadata={"a": 1})
    updated = run(as_app().agents.update(str(agent.id), **change))
    assert (updated.version, Event.objects.filter(action="agent.update").count()) == (1, 0)


def test_approvers_are_counted_and_not_named(as_app: As, run: Run, agent: Agent) -> None:
    policy = {"requires_approval": {"approvers": ["a@example.com", "b@example.com"], "timeout": 5}}
    updated = run(as_app().agents.update(str(agent.id), policy=policy))
    assert updated.policy == {"requires_approval": {"approvers_count": 2, "timeout": 5}}


def test_more_than_eight_kilobytes_of_metadata_are_refused(
    as_app: As, refused: Refused, agent: Agent
) -> None:
    client = as_app()
    refused(BackendError, client.agents.update(str(agent.id), metadata={"a": "x" * 8185}), "validation_error")


def test_eight_kilobytes_of_metadata_are_taken(as_app: As, run: Run, agent: Agent) -> None:
    metadata = {"a": "x" * (8192 - len('{"a":""}'))}
    assert run(as_app().agents.update(str(agent.id), metadata=metadata)).metadata == metadata


def test_a_key_in_metadata_is_refused(as_app: As, refused: Refused, app: App, agent: Agent) -> None:
    pasted = {"note": minted(app).plaintext.take()}
    error = refused(BackendError, as_app().agents.update(str(agent.id), metadata=pasted), "validation_error")
    assert pasted["note"] not in str(error.details)


# ── scopes ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def narrowable(app: App) -> Agent:
    """An agent that has something to lose."""
    return AgentFactory.create(app=app, scopes=WIDE)


def test_more_scopes_are_there_at_once(as_app: As, run: Run, app: App) -> None:
    agent = AgentFactory.create(app=app, scopes=NARROW)
    updated = run(as_app().agents.update(str(agent.id), scopes=WIDE, expected_version=1))
    assert (updated.scopes, updated.scopes_pending, updated.version) == (WIDE, None, 2)


def test_fewer_scopes_wait_a_day(as_app: As, run: Run, narrowable: Agent) -> None:
    before = datetime.now(UTC)
    agent = run(as_app().agents.update(str(narrowable.id), scopes=NARROW, expected_version=1))
    assert (agent.scopes, agent.scopes_pending) == (WIDE, NARROW)
    assert timedelta(0) <= agent.scopes_applies_at - before - timedelta(days=1) < timedelta(minutes=1)


def test_fewer_scopes_wait_as_long_as_is_said(as_app: As, run: Run, narrowable: Agent) -> None:
    before = datetime.now(UTC)
    agent = run(
        as_app().agents.update(str(narrowable.id), scopes=NARROW, expected_version=1, grace_seconds=604_800)
    )
    assert timedelta(0) <= agent.scopes_applies_at - before - timedelta(days=7) < timedelta(minutes=1)


def test_fewer_scopes_are_gone_at_once_without_grace(as_app: As, run: Run, narrowable: Agent) -> None:
    agent = run(as_app().agents.update(str(narrowable.id), scopes={}, expected_version=1, grace_seconds=0))
    assert (agent.scopes, agent.scopes_pending, agent.scopes_applies_at) == ({}, None, None)


def test_a_stale_version_changes_nothing(as_app: As, refused: Refused, narrowable: Agent) -> None:
    client = as_app()
    refused(
        AgentConcurrentUpdateError,
        client.agents.update(str(narrowable.id), scopes={}, display_name="New", expected_version=2),
    )
    assert (stored(narrowable).scopes, stored(narrowable).display_name) == (WIDE, "")


def test_the_same_scopes_are_no_new_version(as_app: As, run: Run, narrowable: Agent) -> None:
    again = {"google": ["mail.send", "mail.read"]}
    assert run(as_app().agents.update(str(narrowable.id), scopes=again, expected_version=1)).version == 1


def due(agent: Agent) -> None:
    """Take `agent`'s scopes away with a grace period that is over by now."""
    with at(datetime.now(UTC) - timedelta(days=2)):
        lifecycle.update_agent(shell(), agent, scopes=NARROW)


def test_scopes_that_were_to_go_by_now_are_gone(as_app: As, run: Run, narrowable: Agent) -> None:
    due(narrowable)
    agent = run(as_app().agents.get(str(narrowable.id)))
    assert (agent.scopes, agent.scopes_pending, agent.scopes_applies_at) == (NARROW, None, None)


def test_scopes_that_were_gone_do_not_come_back_with_a_suspension(
    as_app: As, run: Run, narrowable: Agent
) -> None:
    due(narrowable)
    assert run(as_app("agents:write").agents.suspend(str(narrowable.id))).scopes == NARROW


def test_scopes_wait_while_the_agent_is_suspended(as_app: As, run: Run, narrowable: Agent) -> None:
    with at(datetime.now(UTC) - timedelta(days=2)):
        lifecycle.update_agent(shell(), narrowable, scopes=NARROW)
        lifecycle.suspend_agent(shell(), narrowable)
    agent = run(as_app().agents.get(str(narrowable.id)))
    assert (agent.scopes, agent.scopes_pending) == (WIDE, NARROW)


def test_scopes_that_waited_for_a_suspended_agent_go_when_it_is_resumed(
    as_app: As, run: Run, narrowable: Agent
) -> None:
    with at(datetime.now(UTC) - timedelta(days=2)):
        lifecycle.update_agent(shell(), narrowable, scopes=NARROW)
        lifecycle.suspend_agent(shell(), narrowable)
    assert run(as_app().agents.resume(str(narrowable.id))).scopes == NARROW


# ── suspend, resume, delete ─────────────────────────────────────────────────────────────────────────


def test_an_agent_is_suspended(as_app: As, run: Run, agent: Agent) -> None:
    fetched = run(as_app().agents.suspend(str(agent.id)))
    assert (fetched.status, fetched.version) == ("inactive", 2)


def test_an_agent_is_resumed(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app()
    run(client.agents.suspend(str(agent.id)))
    fetched = run(client.agents.resume(str(agent.id)))
    assert (fetched.status, fetched.version) == ("active", 3)


def test_suspended_twice_is_once(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app()
    run(client.agents.suspend(str(agent.id)))
    assert run(client.agents.suspend(str(agent.id))).version == 2


def test_an_active_agent_is_resumed_without_effect(as_app: As, run: Run, agent: Agent) -> None:
    assert run(as_app().agents.resume(str(agent.id))).version == 1


def test_a_suspended_agents_keys_are_refused(
    as_agent: As, connect: Connect, refused: Refused, agent: Agent
) -> None:
    client = as_agent()
    lifecycle.suspend_agent(shell(), agent)
    refused(AgentInactiveError, client.scopes.list())


def test_a_suspended_agent_may_ask_who_it_is(as_agent: As, run: Run, agent: Agent) -> None:
    client = as_agent()
    lifecycle.suspend_agent(shell(), agent)
    assert run(client.me()).status == "inactive"


def test_a_resumed_agents_keys_work(as_agent: As, run: Run, agent: Agent) -> None:
    client = as_agent()
    lifecycle.suspend_agent(shell(), agent)
    lifecycle.resume_agent(shell(), agent)
    assert run(client.me()).status == "active"


def test_a_deleted_agent_is_revoked(as_app: As, run: Run, agent: Agent) -> None:
    result = run(as_app().agents.delete(str(agent.id)))
    assert (result.status, result.version) == ("revoked", 2)


def test_an_agent_is_deleted_once(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app()
    first = run(client.agents.delete(str(agent.id)))
    assert run(client.agents.delete(str(agent.id))) == first
    assert Event.objects.filter(action="agent.revoke").count() == 1


def test_a_deleted_agents_keys_end_with_it(as_app: As, run: Run, agent: Agent) -> None:
    parent = minted(agent.app, agent=agent, scopes="keys:derive,grants:read").key
    child = derived(parent).key
    run(as_app().agents.delete(str(agent.id)))
    assert not ApiKey.objects.filter(id__in=[parent.id, child.id], revoked_at=None).exists()


def test_a_deleted_agents_key_is_told_to_be_revoked(
    as_app: As, as_agent: As, run: Run, refused: Refused, agent: Agent
) -> None:
    workload = as_agent()
    run(as_app().agents.delete(str(agent.id)))
    refused(KeyRevokedError, workload.me())


CHANGES: dict[str, Callable[[Any, str], Any]] = {
    "update": lambda client, id: client.agents.update(id, display_name="New"),
    "update nothing": lambda client, id: client.agents.update(id),
    "suspend": lambda client, id: client.agents.suspend(id),
    "resume": lambda client, id: client.agents.resume(id),
    "mint_key": lambda client, id: client.agents.mint_key(id),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_to_every_change_a_deleted_agent_is_gone(
    as_app: As, refused: Refused, run: Run, agent: Agent, change: Any
) -> None:
    client = as_app()
    run(client.agents.delete(str(agent.id)))
    refused(AgentNotFoundError, change(client, str(agent.id)), "agent_not_found")


# ── who may ─────────────────────────────────────────────────────────────────────────────────────────

OF_APPS: dict[str, Callable[[Any, str], Any]] = {
    **CHANGES,
    "create": lambda client, id: client.agents.create(name="bot", scopes={}),
    "list": lambda client, id: client.agents.list(),
    "get": lambda client, id: client.agents.get(id),
    "get_by_name": lambda client, id: client.agents.get_by_name("bot"),
    "delete": lambda client, id: client.agents.delete(id),
    "list_keys": lambda client, id: client.agents.list_keys(id),
    "deprecate_key": lambda client, id: client.agents.deprecate_key(id, id),
    "undeprecate_key": lambda client, id: client.agents.undeprecate_key(id, id),
    "revoke_key": lambda client, id: client.agents.revoke_key(id, id),
}


@pytest.mark.parametrize("ask", OF_APPS.values(), ids=OF_APPS)
def test_an_agents_key_manages_no_agents_whatever_it_holds(
    connect: Connect, refused: Refused, agent: Agent, ask: Any
) -> None:
    client = connect(minted(agent.app, agent=agent, scopes="agents:admin").plaintext.take())
    refused(AgentCannotMintSubagentsError, ask(client, str(agent.id)))


def test_a_key_derived_from_an_agents_key_manages_no_agents(
    connect: Connect, refused: Refused, agent: Agent
) -> None:
    parent = minted(agent.app, agent=agent, scopes="keys:derive,agents:admin").key
    client = connect(derived(parent, scopes="agents:admin").plaintext.take())
    refused(AgentCannotMintSubagentsError, client.agents.list())


def test_an_agents_key_is_told_so_before_its_scopes_are_looked_at(
    connect: Connect, refused: Refused, agent: Agent
) -> None:
    client = connect(minted(agent.app, agent=agent, scopes="grants:read").plaintext.take())
    refused(AgentCannotMintSubagentsError, client.agents.list())


# ── me ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_agents_key_knows_whose_it_is(as_agent: As, run: Run, agent: Agent) -> None:
    assert run(as_agent("grants:read").me()).id == agent.id


def test_a_derived_key_is_its_agents(connect_agent: Connect, run: Run, agent: Agent) -> None:
    parent = minted(agent.app, agent=agent, scopes="keys:derive,grants:read").key
    assert run(connect_agent(derived(parent).plaintext.take()).me()).id == agent.id


def test_an_apps_key_is_no_agents(connect_agent: Connect, refused: Refused, app: App) -> None:
    client = connect_agent(minted(app, scopes="agents:admin").plaintext.take())
    refused(MeRequiresAgentKeyError, client.me())


def test_a_key_of_the_agent_kind_without_an_agent_is_no_agents(
    connect_agent: Connect, refused: Refused, app: App
) -> None:
    client = connect_agent(minted(app, kind="agent").plaintext.take())
    error = refused(MeRequiresAgentKeyError, client.me())
    assert "agent" in error.hint


def test_an_apps_key_may_ask_as_one_of_its_agents(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app("grants:read")
    assert run(client.get_agent(str(agent.id)).me()).id == agent.id


def test_a_cursor_holds_still_while_agents_come_and_go(app: App) -> None:
    secret = minted(app, scopes="agents:write").plaintext.take()
    names = [f"bot-{number:02}" for number in range(12)]
    for name in names:
        AgentFactory.create(app=app, name=name)
    seen, cursor, total = list[str](), "", []
    while cursor is not None:
        page = raw.call(secret, "GET", f"/sdk/agents?limit=5&cursor={cursor}").json()
        for agent in page["items"]:
            seen.append(agent["name"])
            raw.call(secret, "DELETE", f"/sdk/agents/{agent['id']}")
        if len(seen) == 5:
            AgentFactory.create(app=app, name="late")
        total.append(page["total"])
        assert page["has_more"] == (page["next_cursor"] is not None)
        cursor = page["next_cursor"]
    assert (seen, total) == ([*names, "late"], [12, 8, 3])


def test_the_published_client_lists_as_ever(as_app: As, run: Run, app: App) -> None:
    client = as_app()
    for number in range(3):
        AgentFactory.create(app=app, name=f"bot-{number}")
    first, second = (run(client.agents.list(limit=2, offset=offset)) for offset in (0, 2))
    assert [one.name for one in (*first.agents, *second.agents)] == ["bot-0", "bot-1", "bot-2"]
    assert (first.total, first.has_more, second.has_more) == (3, True, False)
