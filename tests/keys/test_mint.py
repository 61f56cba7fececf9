"""Minting: a new key, its event, and everything that stops one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents import lifecycle as agents_lifecycle
from agents.errors import AgentNotFound, AppArchived
from agents.models import Agent, App
from audit.actors import shell
from core.clock import at
from core.errors import Invalid
from keys import errors, lifecycle
from keys.models import ApiKey
from keys.networks import parse_networks
from portal.models import User
from tests.factories import minted
from tests.keys.asking import acts, ask, opened
from tests.keys.family import derived, parent_of
from tests.scopes import parse_scopes

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_minted_key_passes_the_door(app: App) -> None:
    assert ask(minted(app).plaintext.take()).status_code == 200


def test_a_key_is_what_was_asked_for(app: App) -> None:
    with at(NOON):
        key = lifecycle.mint(
            shell(),
            app,
            name="  checkout   worker ",
            scopes=parse_scopes(["keys:read", "grants:write"]),
            networks=parse_networks(["203.0.113.7/24"]),
            rate_limit_rpm=600,
            expires_at=NOON + HOUR,
            metadata={"team": "payments"},
        ).key

    key.refresh_from_db()
    assert (key.name, key.kind, key.scopes, key.networks) == (
        "checkout worker",
        "app",
        ["grants:write", "keys:read"],
        ["203.0.113.0/24"],
    )
    assert (key.rate_limit, key.expires_at, key.created_at, key.metadata) == (
        600,
        NOON + HOUR,
        NOON,
        {"team": "payments"},
    )


def test_its_event_tells_all_of_it_and_who(app: App, developer: User, acting: Any) -> None:
    scopes = parse_scopes(["grants:read"])
    key = lifecycle.mint(acting(developer, app), app, name="worker", scopes=scopes, reason="for CI").key

    (event,) = acts(key)
    assert (event.action, event.reason, event.key_prefix, event.key_name) == (
        "key.mint",
        "for CI",
        key.prefix,
        "worker",
    )
    assert (event.changes["scopes"], event.changes["generation"]) == ([None, ["grants:read"]], [None, 1])
    assert key.minted_by == event.actor_label == developer.label


def test_a_key_without_a_limit_has_its_apps(app: App) -> None:
    agents_lifecycle.update_app(shell(), app, rate_limit_rpm=7)

    assert ApiKey.objects.get(pk=minted(app).key.pk).rate_limit == 7


def test_an_agents_key_speaks_for_it_and_says_so(app: App, agent: Agent) -> None:
    key, secret = opened(minted(app, agent=agent))

    assert (key.kind, key.agent, secret.startswith("alter_key_agent_")) == ("agent", agent, True)
    assert acts(key)[0].agent_name == "refund-agent"


def test_an_agent_key_may_be_bound_to_no_agent(app: App) -> None:
    key, secret = opened(minted(app, kind="agent"))

    assert (key.agent, secret.startswith("alter_key_agent_"), ask(secret).status_code) == (None, True, 200)


@pytest.mark.parametrize(
    "choice, field",
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "p\u0430yments"}, "name"),
        ({"rate_limit_rpm": 0}, "rate_limit_rpm"),
        ({"rate_limit_rpm": 100_001}, "rate_limit_rpm"),
        ({"expires_at": NOON}, "expires_at"),
        ({"expires_at": NOON + timedelta(days=4000)}, "expires_at"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(app: App, choice: dict[str, Any], field: str) -> None:
    with at(NOON), pytest.raises(Invalid) as refused:
        minted(app, **choice)

    assert (refused.value.field, ApiKey.objects.count()) == (field, 0)


def test_a_name_may_be_used_again(app: App) -> None:
    minted(app, name="worker")

    assert minted(app, name="worker").key.name == "worker"


def test_a_key_is_no_name(app: App) -> None:
    secret = minted(app).plaintext.take()

    with pytest.raises(Invalid):
        minted(app, name=secret)


def test_an_archived_app_gets_no_keys(app: App) -> None:
    agents_lifecycle.archive_app(shell(), app)

    with pytest.raises(AppArchived):
        minted(app)


def test_an_app_archived_behind_a_stale_page_gets_no_keys(app: App) -> None:
    agents_lifecycle.archive_app(shell(), App.objects.get(pk=app.pk))

    with pytest.raises(AppArchived):
        minted(app)


def test_a_revoked_agent_gets_no_keys(app: App, agent: Agent) -> None:
    lifecycle.revoke_agent(shell(), Agent.objects.get(pk=agent.pk))

    with pytest.raises(AgentNotFound):
        minted(app, agent=agent)


def test_a_suspended_agent_may_get_a_key(app: App, agent: Agent) -> None:
    agents_lifecycle.suspend_agent(shell(), agent)

    assert minted(app, agent=agent).key.agent == agent


def full(app: App, **quota: Any) -> App:
    agents_lifecycle.update_app(shell(), app, **quota)
    return app


def test_an_app_holds_as_many_keys_as_it_may(app: App) -> None:
    full(app, max_keys=2)
    minted(app)
    minted(app)

    with pytest.raises(errors.KeyLimitReached) as refused:
        minted(app)
    assert refused.value.body()["limit"] == 2


def test_an_agent_holds_as_many_keys_as_it_may(app: App, agent: Agent) -> None:
    full(app, max_keys_per_agent=1)
    minted(app, agent=agent)

    with pytest.raises(errors.AgentKeyLimitReached):
        minted(app, agent=agent)


def test_another_agent_has_room_of_its_own(app: App, agent: Agent) -> None:
    full(app, max_keys_per_agent=1)
    minted(app, agent=agent)

    assert minted(app, agent=agents_lifecycle.create_agent(shell(), app, "other")).key


def test_an_agents_keys_count_for_its_app(app: App, agent: Agent) -> None:
    full(app, max_keys=1)
    minted(app, agent=agent)

    with pytest.raises(errors.KeyLimitReached):
        minted(app)


def test_a_full_app_takes_nothing_from_another(app: App, other_app: App) -> None:
    full(app, max_keys=1)
    minted(app)

    assert minted(other_app).key


@pytest.mark.parametrize("dead", ["revoked", "expired", "past grace", "derived"])
def test_a_key_that_does_not_live_for_itself_takes_no_place(app: App, dead: str) -> None:
    full(app, max_keys=2)
    with at(NOON):
        key = parent_of(app, expires_at=NOON + HOUR if dead == "expired" else None).key
        if dead == "revoked":
            lifecycle.revoke(shell(), key)
        if dead == "past grace":
            lifecycle.rotate(shell(), key, grace=HOUR)
        if dead == "derived":
            derived(key)

    with at(NOON + HOUR):
        assert minted(app).key


@pytest.mark.parametrize("alive", ["deprecated", "in grace"])
def test_a_key_on_its_way_out_still_takes_its_place(app: App, alive: str) -> None:
    full(app, max_keys=2 if alive == "in grace" else 1)
    key = minted(app).key
    if alive == "deprecated":
        lifecycle.deprecate(shell(), key)
    else:
        lifecycle.rotate(shell(), key)

    with pytest.raises(errors.KeyLimitReached):
        minted(app)


def test_one_form_makes_one_key(app: App) -> None:
    made = minted(app, idempotency_key="form-1").key

    with pytest.raises(errors.AlreadyMinted) as refused:
        minted(app, idempotency_key="form-1")
    assert refused.value.body()["key_id"] == str(made.id)
    assert ApiKey.objects.count() == 1


def test_one_form_makes_one_key_even_when_that_filled_the_app(app: App) -> None:
    full(app, max_keys=1)
    minted(app, idempotency_key="form-1")

    with pytest.raises(errors.AlreadyMinted):
        minted(app, idempotency_key="form-1")


def test_two_forms_make_two_keys(app: App) -> None:
    minted(app, idempotency_key="form-1")
    minted(app, idempotency_key="form-2")

    assert ApiKey.objects.count() == 2


def test_a_form_is_known_in_its_own_app_only(app: App, other_app: App) -> None:
    minted(app, idempotency_key="form-1")

    assert minted(other_app, idempotency_key="form-1").key
