"""Handing on at the same moment: limits hold, and nothing is made by a key that has ended. Real threads."""

from datetime import timedelta

import pytest

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from keys import lifecycle
from keys.delegation import Authority
from keys.enrolment import enrol, mint_for
from keys.models import ApiKey
from tests.factories import AgentFactory, minted
from tests.keys.asking import again
from tests.keys.family import derived
from tests.keys.test_races import revoking
from tests.threads import Act, at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MONTH = timedelta(days=30)


def test_at_the_limit_those_who_rotate_mint_and_undeprecate_at_once_stay_below_it(
    app: App, agent: Agent
) -> None:
    agents_lifecycle.update_app(shell(), app, max_keys=3, max_keys_per_agent=2)
    keys = [minted(app, agent=agent).key, minted(app, agent=agent).key, minted(app).key]
    old = [keys[0], keys[2]]
    for key in old:
        lifecycle.rotate(shell(), key, grace=MONTH)

    def rotating(key: ApiKey) -> Act:
        return lambda: lifecycle.rotate(shell(), again(key), grace=MONTH)

    def undeprecating(key: ApiKey) -> Act:
        return lambda: lifecycle.undeprecate(shell(), again(key))

    def mints() -> None:
        minted(App.objects.get(pk=app.pk), agent=Agent.objects.get(pk=agent.pk))

    active = app.keys.own().active()
    ends = at_once(
        [
            *[rotating(key) for key in active.filter(grace_ends_at=None) for _ in range(2)],
            *[undeprecating(key) for key in old for _ in range(2)],
            *[mints] * 3,
        ]
    )
    assert set(ends) <= {"done", "KeyRotated", "GraceLimitReached", "KeyLimitReached", "AgentKeyLimitReached"}
    own, of_agent = app.keys.own(), agent.keys.own()
    assert own.active().filter(grace_ends_at=None).count() <= 3 and own.in_grace().count() <= 3
    assert of_agent.active().filter(grace_ends_at=None).count() <= 2 and of_agent.in_grace().count() <= 2


@pytest.mark.parametrize("above", [False, True], ids=["itself", "the key above it"])
def test_no_key_outlives_a_lender_that_is_revoked_while_it_makes_some(app: App, above: bool) -> None:
    boss = minted(app, scopes="keys:derive,agents:admin").key
    lent = derived(boss, scopes="agents:admin").key
    agent = AgentFactory.create(app=app)

    def enrols(n: int) -> Act:
        return lambda: enrol(
            shell(),
            App.objects.get(pk=app.pk),
            {"name": f"bot-{n}"},
            within=Authority.of_key(again(lent)),
        )

    def mints() -> None:
        mint_for(shell(), Agent.objects.get(pk=agent.pk), Authority.of_key(again(lent)))

    ends = at_once([*map(enrols, range(3)), *[mints] * 3, revoking(boss if above else lent)])
    assert set(ends) <= {"done", "InvalidKey"}
    assert not app.keys.filter(agent__isnull=False, revoked_at=None).exists()


def test_an_app_key_that_is_revoked_makes_nothing_afterwards(app: App) -> None:
    boss = minted(app, scopes="agents:admin").key

    def enrols(n: int) -> Act:
        held = Authority.of_key(again(boss))
        return lambda: enrol(shell(), App.objects.get(pk=app.pk), {"name": f"bot-{n}"}, within=held)

    ends = at_once([*map(enrols, range(4)), revoking(boss)])
    made = Agent.objects.filter(app=app).count()
    assert ends == {"done": made + 1, **({"InvalidKey": 4 - made} if made < 4 else {})}
    boss.refresh_from_db()
    assert not app.keys.filter(agent__isnull=False, created_at__gt=boss.revoked_at).exists()


def test_keys_that_rotate_each_other_at_once_do_not_wait_for_ever(app: App) -> None:
    one, other = (minted(app, scopes="keys:admin").key for _ in range(2))

    def rotates(acting: ApiKey, target: ApiKey) -> Act:
        return lambda: lifecycle.rotate(
            shell(), again(target), grace=MONTH, within=Authority.of_key(again(acting))
        )

    ends = at_once([rotates(one, other), rotates(other, one)] * 3)
    assert set(ends) <= {"done", "KeyRotated", "KeyEscalation"}
