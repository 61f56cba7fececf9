"""Enrolling an agent: it and its first key, made together, once, or not at all."""

from typing import Any

import pytest

from agents import lifecycle as agents_lifecycle
from agents.errors import AgentNameTaken, AppArchived, OnceInactive, OnceRevoked
from agents.lifecycle import archive_app, suspend_agent, update_app
from agents.models import Agent, App, Creation
from audit.actors import Actor, Origin, shell
from audit.models import Event
from core.errors import Invalid, NotAllowed
from core.idempotency import IdempotencyMismatch
from keys import enrolment, lifecycle
from keys.catalogue.builtin import AGENT_DEFAULT
from keys.enrolment import Enrolled
from keys.errors import AgentKeyLimitReached, KeyLimitReached
from keys.models import ApiKey
from tests.factories import minted
from tests.keys.asking import ask

ASKED: dict[str, Any] = {
    "name": "support-bot",
    "type": "service",
    "display_name": "Support",
    "scopes": {"google": ["mail.read"]},
    "policy": {"note": "n"},
    "metadata": {"team": "a"},
}


def enrol(app: App, once: str = "", **asked: Any) -> Enrolled:
    """A support bot, enrolled by the shell."""
    return enrolment.enrol(shell(), App.objects.get(id=app.id), ASKED | asked, once)


def nothing_was_made(app: App) -> bool:
    """Whether there is no agent, no key, no memory of one, and no event of any."""
    none = not any(kind.objects.exists() for kind in (Agent, ApiKey, Creation))
    return none and not Event.objects.filter(action__in=["agent.create", "key.mint"]).exists()


# ── together ────────────────────────────────────────────────────────────────────────────────────────


def test_an_agent_is_made_as_asked(app: App) -> None:
    agent = Agent.objects.get(id=enrol(app).agent.id)

    assert {name: getattr(agent, name) for name in ASKED} == ASKED
    assert (agent.app, agent.status, agent.version) == (app, "active", 1)


def test_its_first_key_works_and_may_do_what_agents_keys_may(app: App) -> None:
    made = enrol(app)
    key = ApiKey.objects.get()

    assert (key.id, key.agent, key.kind, key.name) == (made.key_id, made.agent, "agent", "support-bot-1")
    assert set(key.scopes) == set(AGENT_DEFAULT)
    assert made.plaintext
    assert ask(made.plaintext.take()).json()["agent_id"] == str(made.agent.id)


def test_both_are_on_record(app: App) -> None:
    made = enrol(app)

    events = Event.objects.filter(agent_id=made.agent.id).order_by("id")
    assert [(event.action, event.key_id) for event in events] == [
        ("agent.create", None),
        ("key.mint", made.key_id),
    ]


def test_later_keys_are_numbered_on(app: App) -> None:
    made = enrol(app)
    names = [enrolment.mint_for(shell(), made.agent).key.name for _ in range(2)]

    assert names == ["support-bot-2", "support-bot-3"]


def test_a_revoked_keys_number_is_not_given_out_again(app: App) -> None:
    made = enrol(app)
    lifecycle.revoke(shell(), ApiKey.objects.get(), force=True)

    assert enrolment.mint_for(shell(), made.agent).key.name == "support-bot-2"


# ── or not at all ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong",
    [{"name": "Support Bot"}, {"scopes": {"google": []}}, {"metadata": {"a": "\0"}}, {"policy": {"a": "\0"}}],
    ids=["name", "scopes", "metadata", "policy"],
)
def test_a_wish_that_cannot_be_taken_makes_nothing(app: App, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        enrol(app, "once", **wrong)
    assert nothing_was_made(app)


def test_without_room_for_its_key_there_is_no_agent(app: App) -> None:
    minted(app)
    update_app(shell(), App.objects.get(), max_keys=1)
    with pytest.raises(KeyLimitReached):
        enrol(app, "once")

    assert not Agent.objects.exists()
    assert not Creation.objects.exists()


def test_an_archived_app_gets_none(app: App) -> None:
    archive_app(shell(), App.objects.get())
    with pytest.raises(AppArchived):
        enrol(app, "once")
    assert nothing_was_made(app)


@pytest.mark.parametrize("may", [{"agent.create"}, {"key.mint"}, set()])
def test_whoever_enrols_may_do_both(app: App, may: set[str]) -> None:
    actor = Actor("key", "k", "worker", frozenset(may), Origin("sdk"), app.id)
    with pytest.raises(NotAllowed):
        enrolment.enrol(actor, app, ASKED, "once")
    assert nothing_was_made(app)


def test_an_agents_quota_holds_for_later_keys(app: App) -> None:
    update_app(shell(), App.objects.get(), max_keys_per_agent=1)
    made = enrol(app)
    with pytest.raises(AgentKeyLimitReached):
        enrolment.mint_for(shell(), made.agent)


# ── once ────────────────────────────────────────────────────────────────────────────────────────────


def test_asked_again_it_is_the_same_agent_and_no_plaintext(app: App) -> None:
    first, again = enrol(app, "once"), enrol(app, "once")

    assert (again.agent, again.key_id, again.plaintext) == (first.agent, first.key_id, None)
    assert (Agent.objects.count(), ApiKey.objects.count()) == (1, 1)
    assert Event.objects.filter(action="agent.create").count() == 1


def test_without_a_key_asking_again_is_a_name_that_is_taken(app: App) -> None:
    enrol(app)
    with pytest.raises(AgentNameTaken):
        enrol(app)


def test_under_another_key_too(app: App) -> None:
    enrol(app, "once")
    with pytest.raises(AgentNameTaken):
        enrol(app, "twice")
    assert Creation.objects.count() == 1


def test_a_key_is_good_for_one_wish(app: App) -> None:
    enrol(app, "once")
    with pytest.raises(IdempotencyMismatch):
        enrol(app, "once", name="another")
    assert Agent.objects.count() == 1


def test_a_key_counts_in_its_own_app(app: App, other_app: App) -> None:
    assert enrol(app, "once").agent != enrol(other_app, "once").agent


def test_a_change_of_the_agent_since_does_not_matter(app: App) -> None:
    made = enrol(app, "once")
    agents_lifecycle.update_agent(shell(), made.agent, display_name="Other", metadata={})

    assert enrol(app, "once").agent.display_name == "Other"


def test_a_suspended_or_revoked_agent_is_not_given_out_again(app: App) -> None:
    made = enrol(app, "once")
    suspend_agent(shell(), made.agent)
    with pytest.raises(OnceInactive):
        enrol(app, "once")

    lifecycle.revoke_agent(shell(), made.agent)
    with pytest.raises(OnceRevoked):
        enrol(app, "once")


def test_the_first_key_may_have_been_revoked_since(app: App) -> None:
    made = enrol(app, "once")
    lifecycle.revoke(shell(), ApiKey.objects.get(), force=True)

    assert enrol(app, "once").key_id == made.key_id


def test_what_failed_is_not_remembered(app: App) -> None:
    archive_app(shell(), App.objects.get())
    with pytest.raises(AppArchived):
        enrol(app, "once")
    agents_lifecycle.unarchive_app(shell(), App.objects.get())

    assert enrol(app, "once", name="other").plaintext
