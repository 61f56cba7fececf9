"""An active key has one definition: SQL, Python and the verify endpoint agree on which keys are active."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from agents import lifecycle as agents_lifecycle
from agents.active_keys import count_active_keys
from agents.errors import AppInUse
from agents.models import Agent, App
from audit.actors import shell
from core.clock import at, now
from keys import lifecycle
from keys.delegation import Authority
from keys.enrolment import mint_for
from keys.errors import AgentKeyLimitReached, GraceLimitReached, KeyLimitReached
from keys.models import ApiKey
from keys.web import presenters
from portal.accounts import offboarding
from portal.models import User
from tests.factories import AgentFactory, minted
from tests.keys.asking import again, ask
from tests.keys.family import derived

HOUR, MONTH = timedelta(hours=1), timedelta(days=30)


def limited(app: App, most: int, of_agent: int = 25) -> App:
    agents_lifecycle.update_app(shell(), app, max_keys=most, max_keys_per_agent=of_agent)
    return app


def passing(app: App) -> int:
    return app.keys.own().active().count()


def every_sort(app: App, agent: Agent) -> Iterator[tuple[ApiKey, str]]:
    """A key in every state there is, and one that stands on each sort of dead key."""

    def opened(minted: lifecycle.Minted) -> tuple[ApiKey, str]:
        return minted.key, minted.plaintext.take()

    def lender(**choices: Any) -> ApiKey:
        return minted(app, scopes="keys:derive,grants:read,agents:admin", **choices).key

    yield opened(minted(app))
    yield opened(minted(app, expires_at=now() + HOUR))
    yield opened(minted(app, agent=agent, expires_at=now() + 3 * HOUR))
    for end in (
        lambda key: lifecycle.revoke(shell(), key),
        lambda key: lifecycle.rotate(shell(), key, grace=HOUR),
        lambda key: lifecycle.rotate(shell(), key, grace=3 * HOUR),
        lambda key: lifecycle.narrow(shell(), key, expires_at=now() + HOUR),
        lambda key: lifecycle.deprecate(shell(), key),
        lambda key: lifecycle.rotate(shell(), key, grace=timedelta(0)),
    ):
        top = lender()
        child = derived(top, scopes="grants:read,agents:admin", expires_in=5 * HOUR)
        below = mint_for(shell(), AgentFactory.create(app=app), Authority.of_key(child.key))
        end(top)
        yield from map(opened, (child, below))
    middle = derived(lender(), scopes="agents:admin", expires_in=HOUR)
    yield opened(mint_for(shell(), AgentFactory.create(app=app), Authority.of_key(middle.key)))


def test_sql_python_and_the_door_agree_on_which_keys_live(app: App, agent: Agent) -> None:
    keys = list(every_sort(app, agent))
    for later in (timedelta(0), 2 * HOUR, 4 * HOUR, 6 * HOUR):
        with at(now() + later):
            counted = set(app.keys.active().values_list("id", flat=True))
            for key, secret in keys:
                lives = ask(secret).status_code == 200
                assert (key.id in counted, again(key).is_active) == (lives, lives), (key.id, later)
            ours = {agent.id: agent for agent in Agent.objects.annotate(n=count_active_keys(now()))}
            for value in ours.values():
                assert value.n == sum(key.is_active for key in value.keys.own())


def test_keys_that_have_expired_take_no_place_of_their_agents(app: App, agent: Agent) -> None:
    limited(app, 100, of_agent=3)
    for _ in range(3):
        minted(app, agent=agent, expires_at=now() + HOUR)
    with pytest.raises(AgentKeyLimitReached):
        minted(app, agent=agent)
    with at(now() + HOUR):
        assert minted(app, agent=agent).key.is_active


def test_a_key_whose_lender_is_over_takes_no_place(app: App, agent: Agent) -> None:
    limited(app, 2)
    boss = minted(app, scopes="keys:derive,agents:admin").key
    lent = derived(boss, scopes="agents:admin", expires_in=5 * HOUR).key
    mint_for(shell(), agent, Authority.of_key(lent))
    lifecycle.narrow(shell(), boss, expires_at=now() + HOUR)
    with at(now() + 2 * HOUR):
        assert passing(app) == presenters.quota(app).taken == 0
        assert [minted(app).key.is_active for _ in range(2)] == [True, True]


def test_an_app_whose_last_keys_are_over_can_be_deleted(app: App) -> None:
    minted(app, expires_at=now() + HOUR)
    with pytest.raises(AppInUse):
        agents_lifecycle.delete_app(shell(), app, confirm=app.name)
    with at(now() + HOUR):
        agents_lifecycle.delete_app(shell(), app, confirm=app.name)


def test_a_leaver_answers_for_living_keys_alone(app: App, developer: User, acting: object) -> None:
    key = minted(app, expires_at=now() + HOUR).key
    lifecycle.hand_over(shell(), key, developer.pk, developer.label)
    assert [key.key for key in offboarding.owned_keys(developer, app)] == [key]
    with at(now() + HOUR):
        assert offboarding.owned_keys(developer, app) == []


# ── keys in grace ───────────────────────────────────────────────────────────────────────────────────


def test_rotating_and_undeprecating_come_by_no_place(app: App) -> None:
    limited(app, 1)
    old = minted(app).key
    new = lifecycle.rotate(shell(), old, grace=MONTH).key
    assert passing(app) == 2
    with pytest.raises(KeyLimitReached):
        lifecycle.undeprecate(shell(), again(old))
    with pytest.raises(GraceLimitReached):
        lifecycle.rotate(shell(), new, grace=MONTH)
    assert passing(app) == 2
    newest = lifecycle.rotate(shell(), again(new), grace=timedelta(0)).key
    assert (passing(app), again(newest).status) == (2, "active")


def test_at_most_twice_the_limit_passes_however_often_keys_are_rotated(app: App) -> None:
    limited(app, 2)
    keys = [minted(app).key for _ in range(2)]
    for _ in range(6):
        for n, key in enumerate(keys):
            try:
                keys[n] = lifecycle.rotate(shell(), again(key), grace=MONTH).key
            except GraceLimitReached as refused:
                assert refused.details == {"limit": 2}
    assert passing(app) == 4


def test_an_agent_has_its_own_ceiling(app: App, agent: Agent) -> None:
    limited(app, 100, of_agent=1)
    new = lifecycle.rotate(shell(), minted(app, agent=agent).key).key
    with pytest.raises(GraceLimitReached, match="of this agent"):
        lifecycle.rotate(shell(), new)


def test_a_cancelled_rotation_that_finds_a_place_keeps_both(app: App) -> None:
    limited(app, 2)
    old = minted(app).key
    lifecycle.rotate(shell(), old)
    lifecycle.undeprecate(shell(), again(old))
    assert {key.status for key in app.keys.own()} == {"active"}


def test_what_is_only_deprecated_takes_its_place_all_the_time(app: App) -> None:
    limited(app, 1)
    key = minted(app).key
    lifecycle.deprecate(shell(), key)
    lifecycle.undeprecate(shell(), key)
    assert again(key).status == "active"
