"""What a key hands on: an agent's key that it makes is no more than itself, and what it lent ends with the loan."""

from datetime import timedelta
from typing import Any

import pytest

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import Actor, shell
from core.clock import at, now
from core.errors import Invalid
from keys import lifecycle, networks
from keys.admission import lookup
from keys.admission.call_errors import InvalidKey
from keys.catalogue.builtin import AGENT_DEFAULT
from keys.delegation import Authority
from keys.enrolment import enrol, mint_for
from keys.errors import AgentKeyLimitReached, KeyEscalation, NotYoursToGive
from keys.lifecycle import Minted
from keys.models import ApiKey
from keys.networks import parse_networks
from keys.web import presenters
from portal.models import User
from tests.factories import AgentFactory, minted
from tests.keys.asking import acts, again, ask, error, opened
from tests.keys.family import HOUR, derived
from tests.scopes import parse_scopes
from tests.sdk.raw import packed, send, sign

OFFICE = "203.0.113.7"
DAY = timedelta(days=1)
MANAGER = "agents:admin,keys:derive,grants:write"


@pytest.fixture
def boss(app: App) -> ApiKey:
    """An app's key that manages agents, and may lend that."""
    return minted(app, scopes=MANAGER, name="boss").key


@pytest.fixture
def lent(boss: ApiKey) -> Minted:
    """A key for a minute and one address, which may make agents."""
    ranges = parse_networks([OFFICE])
    return derived(boss, scopes="agents:admin,grants:read", expires_in=timedelta(minutes=1), networks=ranges)


def call(secret: str, method: str, target: str, body: Any = b"") -> Any:
    """A signed call to the runtime API from the office."""
    data = packed(body)
    return send(method, target, data, sign(secret, method, target, data), REMOTE_ADDR=OFFICE)


def enrolled(by: ApiKey, name: str = "support-bot") -> Minted:
    """The first key of an agent that the key `by` makes."""
    made = enrol(shell(), by.app, {"name": name}, within=Authority.of_key(by))
    assert made.plaintext
    return Minted(ApiKey.objects.with_kin().get(id=made.key_id), made.plaintext)


def test_over_the_wire_a_loan_of_a_minute_makes_no_key_for_ever(boss: ApiKey, lent: Minted) -> None:
    loan, secret = opened(lent)
    made = call(secret, "POST", "/sdk/agents", {"name": "bot", "scopes": {}})
    assert made.status_code == 201
    key = again(ApiKey.objects.get(id=made.json()["key_id"]))
    assert (key.scopes, key.networks, key.expires_at) == (["grants:read"], [f"{OFFICE}/32"], loan.expires_at)
    another = call(secret, "POST", f"/sdk/agents/{made.json()['id']}/keys", {}).json()
    secrets = [made.json()["api_key"], another["api_key"]]
    for one in secrets:
        assert ask(one, REMOTE_ADDR=OFFICE).status_code == 200
        assert error(ask(one, REMOTE_ADDR="203.0.113.8")) == (403, "ip_not_allowed")
    lifecycle.revoke(shell(), again(boss))
    assert {ask(secret, REMOTE_ADDR=OFFICE).status_code for secret in secrets} == {401}
    assert not ApiKey.objects.filter(agent=key.agent, revoked_at=None).exists()


def test_a_key_for_an_agent_has_no_scope_that_its_maker_lacks(boss: ApiKey) -> None:
    key = enrolled(boss).key
    assert key.scopes == ["grants:read", "keys:derive"]
    assert (key.networks, key.expires_at, key.rate_limit_rpm, key.enrolled_by) == ([], None, None, None)


def test_whoever_holds_all_that_agents_may_makes_whole_agents_keys(app: App) -> None:
    boss = minted(app, scopes=",".join(["agents:admin", *AGENT_DEFAULT])).key
    assert set(enrolled(boss).key.scopes) == set(AGENT_DEFAULT)


def test_a_narrowed_call_hands_on_what_it_is_content_with(boss: ApiKey, agent: Agent) -> None:
    content = Authority.of_key(boss, parse_scopes(["agents:admin"]))
    assert mint_for(shell(), agent, content).key.scopes == []


def test_place_rate_and_end_of_its_maker_bound_it(app: App) -> None:
    choices: dict[str, Any] = {
        "networks": parse_networks(["203.0.113.0/24"]),
        "rate_limit_rpm": 7,
        "expires_at": now() + DAY,
    }
    boss = minted(app, scopes=MANAGER, **choices).key
    key = enrolled(boss).key
    assert (key.networks, key.rate_limit, key.expires_at) == (boss.networks, 7, boss.expires_at)


def test_a_maker_in_grace_hands_on_no_more_than_its_grace(boss: ApiKey) -> None:
    lifecycle.rotate(shell(), boss, grace=HOUR)
    assert enrolled(again(boss)).key.expires_at == again(boss).grace_ends_at


def test_a_maker_ended_meanwhile_makes_nothing(boss: ApiKey) -> None:
    stale = Authority.of_key(again(boss))
    lifecycle.revoke(shell(), boss)
    with pytest.raises(InvalidKey):
        enrol(shell(), boss.app, {"name": "bot"}, within=stale)
    assert not Agent.objects.exists()


def test_a_maker_narrowed_meanwhile_hands_on_no_more(boss: ApiKey, agent: Agent) -> None:
    stale = Authority.of_key(again(boss))
    lifecycle.narrow(shell(), boss, scopes=parse_scopes(["agents:admin"]))
    with pytest.raises(KeyEscalation):
        mint_for(shell(), agent, stale)


def test_what_was_lent_ends_when_any_key_above_does(boss: ApiKey, lent: Minted) -> None:
    key, secret = opened(enrolled(lent.key))
    lifecycle.rotate(shell(), boss, grace=timedelta(seconds=20))
    with at(now() + timedelta(seconds=21)):
        assert error(ask(secret, REMOTE_ADDR=OFFICE)) == (401, "key_not_active")
        assert not again(key).is_active
        assert not ApiKey.objects.filter(id=key.id).active().exists()


def test_what_was_lent_follows_what_its_lenders_lose(boss: ApiKey, lent: Minted) -> None:
    _, secret = opened(enrolled(lent.key))
    lifecycle.narrow(shell(), boss, scopes=parse_scopes(["agents:admin"]))
    assert error(ask(secret, "grants:read", REMOTE_ADDR=OFFICE)) == (403, "insufficient_scope")


def test_what_was_lent_spends_its_lenders_calls(app: App) -> None:
    boss = minted(app, scopes=MANAGER, rate_limit_rpm=3).key
    secrets = [
        enrolled(derived(boss, scopes="agents:admin").key, f"bot-{n}").plaintext.take() for n in range(2)
    ]
    assert [ask(one).status_code for one in secrets * 2] == [200, 200, 200, 429]


def test_rotated_it_stays_lent(lent: Minted, boss: ApiKey) -> None:
    key = enrolled(lent.key).key
    successor, secret = opened(lifecycle.rotate(shell(), key))
    assert (successor.enrolled_by, successor.expires_at) == (lent.key, key.expires_at)
    lifecycle.revoke(shell(), again(lent.key))
    assert ask(secret, REMOTE_ADDR=OFFICE).status_code == 401


def test_it_is_neither_widened_nor_given_calls_of_its_own(lent: Minted) -> None:
    key = enrolled(lent.key).key
    wide: dict[str, Any] = {
        "scopes": key.scope_set,
        "networks": (),
        "rate_limit_rpm": None,
        "expires_at": None,
    }
    for refused in (
        lambda: lifecycle.widen(shell(), key, reason="more", **wide),
        lambda: lifecycle.narrow(shell(), key, rate_limit_rpm=1),
    ):
        with pytest.raises(Invalid):
            refused()


def test_it_tells_by_whom_it_was_made(lent: Minted) -> None:
    key = enrolled(lent.key).key
    facts = acts(key)[0].facts
    assert (facts["enrolled_by"], facts["enrolled_by_prefix"]) == (str(lent.key.id), lent.key.prefix)


def test_a_page_that_ends_a_lender_counts_what_it_lent(boss: ApiKey, lent: Minted) -> None:
    key = enrolled(lent.key).key
    assert set(presenters.impact_of(boss).children) == {lent.key, key}
    assert presenters.impact_of(lent.key).children == [key]


def test_the_door_and_the_row_say_the_same_of_all_it_stands_on(lent: Minted, boss: ApiKey) -> None:
    key = enrolled(lent.key).key
    known, held = lookup.snapshot_of(key), Authority.of_key(key)
    assert (known.effective_scopes, known.ends_at, known.rate_limit) == (held.scopes, held.ends, held.rate)
    assert known.speaks_for_agents
    assert known.bucket == boss.id


# ── rotate and undeprecate, by a key ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("acting", "what"),
    [
        ({"expires_at": now() + DAY}, "expires_at"),
        ({"rate_limit_rpm": 10}, "rate_limit_rpm"),
        ({"networks": parse_networks(["203.0.113.0/24"])}, "networks"),
    ],
    ids=["time", "rate", "place"],
)
def test_no_key_rotates_one_that_is_more(app: App, acting: dict[str, Any], what: str) -> None:
    target = minted(app, scopes="keys:admin").key
    secret = minted(app, scopes="keys:admin", **acting).plaintext.take()
    refused = call(secret, "POST", f"/sdk/keys/{target.id}/rotate")
    assert (*error(refused), refused.json()["exceeds"]) == (403, "key_escalation_refused", what)


def test_a_loan_cancels_no_rotation_for_a_key_that_outlives_it(boss: ApiKey, lent: Minted) -> None:
    office = parse_networks([OFFICE])
    agents_key = minted(boss.app, agent=AgentFactory.create(app=boss.app), networks=office).key
    lifecycle.rotate(shell(), agents_key)
    target = f"/sdk/agents/{agents_key.agent_id}/keys/{agents_key.id}/undeprecate"
    refused = call(lent.plaintext.take(), "PATCH", target, {})
    assert (*error(refused), refused.json()["exceeds"]) == (403, "key_escalation_refused", "expires_at")
    assert again(agents_key).status == "rotating"


NARROWER: list[tuple[dict[str, Any], str]] = [
    ({"scopes": "agents:admin"}, "scopes"),
    ({"rate_limit_rpm": 10}, "rate_limit_rpm"),
    ({"networks": parse_networks(["203.0.113.0/24"])}, "networks"),
    ({"expires_at": now() + DAY}, "expires_at"),
]


def test_no_key_gives_back_to_one_that_is_more_what_was_taken_from_it(app: App) -> None:
    agent = AgentFactory.create(app=app)
    old = minted(app, agent=agent, scopes="grants:write").key
    lifecycle.rotate(shell(), old)
    agents_lifecycle.suspend_agent(shell(), agent)
    back: tuple[str, str, Any] = ("PATCH", f"/sdk/agents/{agent.id}/keys/{old.id}/undeprecate", {})
    resume: tuple[str, str, Any] = ("PATCH", f"/sdk/agents/{agent.id}", {"status": "active"})
    for choices, what in NARROWER:
        secret = minted(app, **{"scopes": "agents:admin,grants:write"} | choices).plaintext.take()
        for act in (back, resume):
            refused = call(secret, *act)
            assert (*error(refused), refused.json()["exceeds"]) == (403, "key_escalation_refused", what), act
        suspended = call(secret, "PATCH", f"/sdk/agents/{agent.id}", {"status": "inactive"})
        assert suspended.status_code == 200  # what takes away hands nothing on
    agent.refresh_from_db()
    assert (again(old).status, agent.suspended_at is None) == ("rotating", False)
    equal = minted(app, scopes="agents:admin,grants:write").plaintext.take()
    assert {call(equal, *act).status_code for act in (back, resume)} == {200}


# ── people and their tokens ─────────────────────────────────────────────────────────────────────────


def token_of(developer: User, acting: Any, app: App, *permissions: str) -> Actor:
    """An access token of theirs that may do just this, as the gate of the API makes an actor of it."""
    whole: Actor = acting(developer, app)
    return Actor("token", "t", "ci", frozenset(permissions), whole.origin, app.id)


def test_a_token_makes_no_key_that_manages_agents_for_it(app: App, developer: User, acting: Any) -> None:
    actor = token_of(developer, acting, app, "dashboard_keys:write")
    manager, plain = minted(app, scopes="agents:write").key, minted(app).key
    old = minted(app, scopes="agents:write").key
    lifecycle.rotate(shell(), old)
    wanted = parse_scopes(["agents:write:some", "grants:read"])
    values: dict[str, Any] = {"networks": (), "rate_limit_rpm": None, "expires_at": None, "reason": "more"}
    for refused in (
        lambda: lifecycle.mint(actor, app, name="k", scopes=wanted),
        lambda: lifecycle.mint(actor, app, name="k", scopes=wanted, kind="agent"),
        lambda: lifecycle.rotate(actor, manager),
        lambda: lifecycle.undeprecate(actor, again(old)),
        lambda: lifecycle.rotate(actor, plain, scopes=wanted),
        lambda: lifecycle.widen(actor, plain, scopes=wanted, **values),
    ):
        with pytest.raises(NotYoursToGive) as error:
            refused()
        assert error.value.details["missing"] == ["dashboard_agents:read", "dashboard_agents:write"]
    lifecycle.mint(acting(developer, app), app, name="k", scopes=wanted)


# ── how many ────────────────────────────────────────────────────────────────────────────────────────


def test_ranges_that_share_no_address_meet_nowhere() -> None:
    assert (
        networks.meet(parse_networks(["203.0.113.0/25"]), parse_networks(["203.0.113.128/25", "::1"])) == ()
    )


def test_each_apps_settings_bound_undeprecating(app: App, agent: Agent) -> None:
    agents_lifecycle.update_app(shell(), app, max_keys_per_agent=1)
    old = minted(app, agent=agent).key
    new = lifecycle.rotate(shell(), old).key
    with pytest.raises(AgentKeyLimitReached):
        lifecycle.undeprecate(shell(), again(old))
    lifecycle.revoke(shell(), new)
    lifecycle.undeprecate(shell(), again(old))
    assert again(old).status == "active"
