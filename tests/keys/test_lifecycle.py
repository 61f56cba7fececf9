"""What holds for every verb: who may, what they reach, and that the event and the change are one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, connection

from agents.models import Agent, App
from audit.actors import Actor, Origin, shell
from audit.models import Event
from core.errors import NotAllowed, NotFound
from core.ids import new_id
from keys import lifecycle
from keys.delegation import Authority
from keys.models import ApiKey
from portal.models import User
from portal.web.gates import person
from tests.factories import minted
from tests.keys.asking import acts, said
from tests.keys.family import HOUR, parent_of
from tests.scopes import parse_scopes

READ = parse_scopes(["grants:read"])
FAR = datetime(2035, 1, 1, tzinfo=UTC)

Verb = Callable[[Actor, ApiKey], object]


def by_itself(actor: Actor, key: ApiKey) -> Authority | None:
    """What `key` holds, if `actor` is a key: a key hands on what a key has."""
    return Authority.of_key(key) if actor.kind == "key" else None


WRITING: dict[str, Verb] = {
    "mint": lambda actor, key: lifecycle.mint(
        actor, key.app, name="another", scopes=READ, within=by_itself(actor, key)
    ),
    "rename": lambda actor, key: lifecycle.rename(actor, key, "renamed"),
    "narrow": lambda actor, key: lifecycle.narrow(actor, key, scopes=READ),
    "deprecate": lifecycle.deprecate,
    "undeprecate": lambda actor, key: lifecycle.undeprecate(actor, ApiKey.objects.get(name="old")),
    "rotate": lambda actor, key: lifecycle.rotate(actor, key, within=by_itself(actor, key)),
}
ENDING: dict[str, Verb] = {"revoke": lifecycle.revoke}
DERIVING: dict[str, Verb] = {
    "derive": lambda actor, key: lifecycle.derive(actor, key, scopes=READ, expires_in=HOUR)
}
ON_AGENTS: dict[str, Verb] = {
    "revoke_agent": lambda actor, key: lifecycle.revoke_agent(actor, key.agent or Agent())
}
EVERY = WRITING | ENDING | DERIVING | ON_AGENTS
NAMES = {verb: "agent.revoke" if name == "revoke_agent" else f"key.{name}" for name, verb in EVERY.items()}
"""Each verb to the action that the record calls it."""


def each(verbs: dict[str, Verb]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("verb", verbs.values(), ids=verbs.keys())


@pytest.fixture
def key(app: App, agent: Agent) -> ApiKey:
    """An agent's key, to which every verb can be done; its agent has another that is deprecated."""
    lifecycle.deprecate(shell(), minted(app, agent=agent, name="old").key)
    return parent_of(app, agent=agent).key


def by_key(app: App, *actions: str) -> Actor:
    """A key as the actor that the SDK gate makes of it for a route that is for `actions`."""
    return Actor("key", str(new_id()), "worker", frozenset(actions), Origin("sdk"), app.id)


@each(EVERY)
def test_the_shell_may_do_everything(key: ApiKey, verb: Verb) -> None:
    verb(shell(), key)


@each(WRITING)
def test_a_developer_may_write(key: ApiKey, developer: User, acting: Any, verb: Verb) -> None:
    verb(acting(developer, key.app), key)


@each(ENDING | DERIVING | ON_AGENTS)
def test_a_developer_may_end_nothing(key: ApiKey, developer: User, acting: Any, verb: Verb) -> None:
    with pytest.raises(NotAllowed):
        verb(acting(developer, key.app), key)


@each(ENDING)
def test_support_may_end_a_key(key: ApiKey, support: User, acting: Any, verb: Verb) -> None:
    verb(acting(support, key.app), key)


@each(WRITING | DERIVING | ON_AGENTS)
def test_support_may_do_nothing_else(key: ApiKey, support: User, acting: Any, verb: Verb) -> None:
    with pytest.raises(NotAllowed):
        verb(acting(support, key.app), key)


@each(WRITING | ENDING | ON_AGENTS)
def test_an_admin_may_do_both(key: ApiKey, admin: User, acting: Any, verb: Verb) -> None:
    verb(acting(admin, key.app), key)


@each(DERIVING)
def test_no_person_derives(key: ApiKey, admin: User, acting: Any, verb: Verb) -> None:
    with pytest.raises(NotAllowed):
        verb(acting(admin, key.app), key)


@each(EVERY)
def test_a_key_does_what_it_was_let_in_for(key: ApiKey, verb: Verb) -> None:
    verb(by_key(key.app, NAMES[verb]), key)


@each(EVERY)
def test_a_key_let_in_for_all_else_does_not_do_it(key: ApiKey, verb: Verb) -> None:
    others = set(NAMES.values()) - {NAMES[verb]}
    with pytest.raises(NotAllowed):
        verb(by_key(key.app, *others, "keys:admin", "dashboard_keys:write"), key)


@each(WRITING | ENDING | ON_AGENTS)
def test_to_another_apps_admin_the_key_is_not_there(
    key: ApiKey, outsider: User, other_app: App, acting: Any, verb: Verb
) -> None:
    with pytest.raises(NotFound):
        verb(acting(outsider, other_app), key)


def test_a_key_cannot_be_minted_for_another_apps_agent(app: App, other_app: App, agent: Agent) -> None:
    with pytest.raises(NotFound):
        lifecycle.mint(shell(), other_app, name="stray", scopes=READ, agent=agent)


@each(EVERY)
def test_a_refused_verb_leaves_nothing(key: ApiKey, outsider: User, other_app: App, verb: Verb) -> None:
    before = everything()
    with pytest.raises((NotFound, NotAllowed)):
        verb(person(outsider, other_app, Origin("page")), key)

    assert everything() == before


@each(EVERY)
def test_without_its_event_nothing_is_changed(key: ApiKey, verb: Verb) -> None:
    before = everything()
    with failing('INSERT INTO "audit_event"'), pytest.raises(OperationalError):
        verb(shell(), key)

    assert everything() == before


@each(EVERY)
def test_without_its_change_there_is_no_event(key: ApiKey, verb: Verb) -> None:
    before = everything()
    with failing('UPDATE "keys_apikey"', 'INSERT INTO "keys_apikey"'), pytest.raises(OperationalError):
        verb(shell(), key)

    assert everything() == before


@each(EVERY)
def test_an_event_says_who_did_it_from_where_and_to_which_key(
    key: ApiKey, admin: User, acting: Any, verb: Verb
) -> None:
    actor = by_key(key.app, "key.derive") if verb in DERIVING.values() else acting(admin, key.app)
    verb(actor, key)

    event = Event.objects.order_by("id").last()
    assert event
    assert (event.actor_kind, event.actor_id, event.actor_label) == (actor.kind, actor.id, actor.label)
    assert (event.via, event.ip, event.request_id) == (
        actor.origin.via,
        actor.origin.ip,
        actor.origin.request_id,
    )
    assert (event.app_id, event.target_id) == (key.app_id, str(event.key_id))


def test_a_reason_is_kept_on_one_line_and_without_a_key_in_it(key: ApiKey) -> None:
    secret = minted(key.app).plaintext.take()

    lifecycle.deprecate(shell(), key, reason=f"found\0in\n{secret}{'.' * 900}")

    reason = acts(key)[-1].reason
    assert (reason[:49], len(reason)) == (f"found in {secret[:22]}[redacted]........", 500)


def test_what_a_stale_page_shows_is_not_what_is_changed(key: ApiKey) -> None:
    stale = ApiKey.objects.get(pk=key.pk)
    lifecycle.revoke(shell(), key)
    lifecycle.revoke(shell(), stale)

    assert said(key).count("key.revoke") == 1


def everything() -> list[Any]:
    """All keys, agents and events there are."""
    return [list(model.objects.order_by("id").values()) for model in (ApiKey, Agent, Event)]


def failing(*statements: str) -> Any:
    """Within this block the database is lost at every one of `statements`."""

    def lost(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(statements):
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, *rest)

    return connection.execute_wrapper(lost)
