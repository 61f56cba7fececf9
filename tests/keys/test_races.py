"""What happens when people and programs act at the same moment: real threads on PostgreSQL."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from pytest_django import Settings

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Call, Event
from core.clock import now
from core.ids import new_id
from keys import lifecycle
from keys.admission import nonces
from keys.enrolment import Enrolled, enrol, mint_for
from keys.models import ApiKey, Nonce
from tests.factories import AgentFactory, minted
from tests.keys.asking import acts, again, ask, opened, said
from tests.keys.family import HOUR, derived, parent_of
from tests.scopes import parse_scopes
from tests.threads import Act, at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
READ = parse_scopes(["grants:read"])
NONCE = "000102030405060708090a0b0c0d0e0f"


def revoking(key: ApiKey) -> Act:
    """A person who revokes `key`, from a page loaded before."""
    stale = again(key)
    return lambda: lifecycle.revoke(shell(), stale)


@pytest.mark.parametrize("round", range(6))
def test_of_two_people_who_revoke_the_last_two_keys_one_wins(app: App, agent: Agent, round: int) -> None:
    keys = [minted(app, agent=agent).key for _ in range(2)]

    assert at_once(map(revoking, keys)) == {"done": 1, "LastActiveKey": 1}
    assert agent.keys.active().count() == 1


@pytest.mark.parametrize("round", range(2))
def test_of_twenty_who_revoke_the_last_two_keys_all_leave_one(app: App, agent: Agent, round: int) -> None:
    keys = [minted(app, agent=agent).key for _ in range(2)]

    ends = at_once(revoking(keys[n % 2]) for n in range(20))

    assert (ends["done"] + ends["LastActiveKey"], agent.keys.active().count()) == (20, 1)
    assert Event.objects.filter(action="key.revoke").count() == 1


def test_of_ten_who_revoke_one_key_one_is_on_record(app: App) -> None:
    key = minted(app).key

    assert at_once(revoking(key) for _ in range(10)) == {"done": 10}
    assert said(key) == ["key.mint", "key.revoke"]


@pytest.mark.parametrize("round", range(4))
def test_no_derived_key_outlives_a_parent_revoked_meanwhile(app: App, round: int) -> None:
    parent = parent_of(app).key

    def derive() -> None:
        derived(again(parent))

    ends = at_once([*[derive] * 6, revoking(parent)])

    assert ends["done"] + ends["KeyRevoked"] == 7
    assert not ApiKey.objects.filter(parent=parent, revoked_at=None).exists()


@pytest.mark.parametrize("round", range(4))
def test_no_key_derived_meanwhile_passes_the_door(app: App, round: int) -> None:
    parent, secrets = parent_of(app).key, list[str]()

    def derive() -> None:
        secrets.append(derived(again(parent)).plaintext.take())

    at_once([*[derive] * 6, revoking(parent), *[derive] * 2])

    assert {ask(secret).status_code for secret in secrets} <= {401}


@pytest.mark.parametrize("round", range(2))
def test_no_key_outlives_an_agent_revoked_meanwhile(app: App, agent: Agent, round: int) -> None:
    parent = parent_of(app, agent=agent).key
    lifecycle_acts: list[Act] = [
        *[lambda: minted(app_again(app), agent=agent_again(agent))] * 3,
        *[lambda: derived(again(parent))] * 3,
        lambda: lifecycle.rotate(shell(), again(parent)),
        lambda: lifecycle.revoke_agent(shell(), agent_again(agent)),
    ]

    ends = at_once(lifecycle_acts)

    assert set(ends) <= {"done", "AgentNotFound", "KeyRevoked"}
    assert not agent.keys.filter(revoked_at=None).exists()


def test_the_quota_is_never_passed(app: App) -> None:
    agents_lifecycle.update_app(shell(), app, max_keys=4)
    minted(app)

    ends = at_once([lambda: minted(app_again(app))] * 10)

    assert ends == {"done": 3, "KeyLimitReached": 7}
    assert app.keys.active().count() == 4


def test_an_agents_quota_is_never_passed(app: App, agent: Agent) -> None:
    agents_lifecycle.update_app(shell(), app, max_keys_per_agent=3)

    ends = at_once([lambda: minted(app_again(app), agent=agent_again(agent))] * 10)

    assert ends == {"done": 3, "AgentKeyLimitReached": 7}


def test_a_double_click_mints_one_key(app: App) -> None:
    ends = at_once([lambda: minted(app_again(app), idempotency_key="form-1")] * 10)

    assert ends == {"done": 1, "AlreadyMinted": 9}
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("once", ["", "form-1"])
def test_a_key_rotated_twice_at_once_has_one_successor(app: App, once: str) -> None:
    key = minted(app).key

    ends = at_once([lambda: lifecycle.rotate(shell(), again(key), idempotency_key=once)] * 6)

    assert ends == {"done": 1, "AlreadyMinted" if once else "KeyRotated": 5}
    assert key.successors.count() == 1


def test_a_derived_key_rotated_at_once_has_one_secret_for_each_generation(app: App) -> None:
    child = derived(parent_of(app).key).key
    secrets: list[str] = []

    def rotate() -> None:
        secrets.append(lifecycle.rotate(shell(), again(child)).plaintext.take())

    at_once([rotate] * 5)

    assert again(child).generation == 6
    assert sorted(ask(secret).status_code for secret in secrets) == [200, 401, 401, 401, 401]


def test_a_key_deprecated_by_many_at_once_is_deprecated_once(app: App) -> None:
    key = minted(app).key
    at_once([lambda: lifecycle.deprecate(shell(), again(key))] * 8)

    assert said(key) == ["key.mint", "key.deprecate"]


@pytest.mark.parametrize("round", range(4))
def test_moving_a_key_to_another_pepper_does_not_undo_its_end(
    app: App, settings: Settings, round: int
) -> None:
    settings.PEPPERS = {1: b"1" * 32}
    key, secret = opened(minted(app))
    settings.PEPPERS = {1: b"1" * 32, 2: b"2" * 32}

    ends = at_once([*[lambda: ask(secret)] * 5, revoking(key)])

    assert ends == {"done": 6}
    assert (again(key).status, ask(secret).status_code) == ("revoked", 401)


def test_calls_at_once_never_pass_the_limit_and_each_is_on_record(app: App) -> None:
    key, secret = opened(minted(app, rate_limit_rpm=5))
    statuses: list[int] = []

    at_once([lambda: statuses.append(ask(secret).status_code)] * 20)

    assert Counter(statuses) == {200: 5, 429: 15}
    assert Call.objects.filter(key_id=key.id).count() == 20


def test_renaming_and_revoking_at_once_loses_neither(app: App) -> None:
    key = minted(app).key
    at_once([revoking(key), lambda: lifecycle.rename(shell(), again(key), "renamed")])

    assert (again(key).status, again(key).name) == ("revoked", "renamed")


def test_verbs_in_any_order_never_lock_each_other_out(app: App) -> None:
    agents = [AgentFactory.create(app=app) for _ in range(2)]
    keys = [parent_of(app, agent=agent).key for agent in agents for _ in range(3)]
    choose = random.Random(7)
    verbs: list[Callable[[ApiKey], object]] = [
        lambda key: minted(app_again(app), agent=key.agent),
        lambda key: lifecycle.rename(shell(), key, "renamed"),
        lambda key: lifecycle.narrow(shell(), key, scopes=READ),
        lambda key: lifecycle.deprecate(shell(), key),
        lambda key: lifecycle.undeprecate(shell(), key),
        lambda key: lifecycle.rotate(shell(), key, grace=timedelta(hours=1)),
        lambda key: lifecycle.derive(shell(), key, scopes=READ, expires_in=HOUR),
        lambda key: lifecycle.revoke(shell(), key, force=True),
        lambda key: agents_lifecycle.suspend_agent(shell(), key.agent or Agent()),
        lambda key: agents_lifecycle.update_app(shell(), app_again(app), description=key.name),
    ]

    def some() -> None:
        for _ in range(5):
            try:
                choose.choice(verbs)(again(choose.choice(keys)))
            except Exception as error:
                if not hasattr(error, "code"):
                    raise

    assert at_once([some] * 10) == {"done": 10}


@pytest.mark.parametrize("round", range(3))
def test_of_fifty_who_use_one_nonce_one_passes(round: int) -> None:
    key_id, passed = new_id(), list[bool]()

    def spend() -> None:
        with transaction.atomic():
            passed.append(nonces.spend(key_id, NONCE, now()))

    assert at_once([spend] * 50) == {"done": 50}
    assert Counter(passed) == {True: 1, False: 49}


def test_a_nonce_whose_call_was_lost_may_be_used_again() -> None:
    key_id, passed = new_id(), list[bool]()

    def lose() -> None:
        with transaction.atomic():
            nonces.spend(key_id, NONCE, now())
            raise ConnectionError

    at_once([lose] * 5)
    at_once([lambda: passed.append(nonces.spend(key_id, NONCE, now()))] * 5)

    assert Counter(passed) == {True: 1, False: 4}


def test_nonces_are_used_and_swept_at_once() -> None:
    old = now() - timedelta(days=1)
    for n in range(40):
        nonces.spend(new_id(), f"{n:032}", old)
    passed: list[bool] = []

    ends = at_once(
        [
            *[lambda: nonces.sweep(now())] * 5,
            *[lambda: passed.append(nonces.spend(new_id(), NONCE, now()))] * 5,
        ]
    )

    assert (ends, passed) == ({"done": 10}, [True] * 5)
    assert Nonce.objects.count() == 5


@pytest.mark.parametrize("round", range(2))
def test_of_twenty_who_enrol_under_one_key_all_get_the_same_agent(app: App, round: int) -> None:
    made: list[Enrolled] = []
    asked = {"name": "support-bot"}

    ends = at_once([lambda: made.append(enrol(shell(), app_again(app), asked, "once"))] * 20)

    assert ends == {"done": 20}
    assert {(one.agent.id, one.key_id) for one in made} == {(Agent.objects.get().id, ApiKey.objects.get().id)}
    assert [one.plaintext is None for one in made].count(False) == 1


def test_of_ten_who_enrol_one_name_under_keys_of_their_own_one_does(app: App) -> None:
    keys = [f"once-{n}" for n in range(10)]

    ends = at_once(partial(enrol, shell(), app_again(app), {"name": "support-bot"}, key) for key in keys)

    assert ends == {"done": 1, "AgentNameTaken": 9}
    assert (Agent.objects.count(), ApiKey.objects.count()) == (1, 1)


def test_an_agents_keys_minted_at_once_have_numbers_of_their_own(app: App, agent: Agent) -> None:
    at_once([lambda: mint_for(shell(), agent_again(agent))] * 10)

    assert {key.name for key in agent.keys.all()} == {f"refund-agent-{n}" for n in range(1, 11)}


def test_every_key_that_was_revoked_says_so_once(app: App, agent: Agent) -> None:
    parent = parent_of(app, agent=agent).key
    children = [derived(parent).key for _ in range(3)]
    ending: list[Act] = [
        lambda: lifecycle.revoke(shell(), again(parent), force=True),
        lambda: lifecycle.revoke_agent(shell(), agent_again(agent)),
        *map(revoking, children),
    ]

    assert at_once(ending) == {"done": 5}
    assert [[event.action for event in acts(key)].count("key.revoke") for key in (parent, *children)] == [
        1
    ] * 4


def app_again(app: App) -> App:
    """`app` on an object of its own: threads share none."""
    return App.objects.get(pk=app.pk)


def agent_again(agent: Agent) -> Agent:
    """`agent` on an object of its own."""
    return Agent.objects.get(pk=agent.pk)
