"""keys.derive, keys.rotate, keys.revoke: what a program does with keys; and how a key that ended is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alter_sdk import BackendError, GrantNotFoundError, InsufficientScopeError, PolicyViolationError
from alter_sdk.exceptions import (
    AgentInactiveError,
    InvalidKeyError,
    KeyExpiredError,
    KeyInactiveError,
    KeyRevokedError,
    KeyRotationExpiredError,
)

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from core.clock import at
from keys import lifecycle
from keys.models import ApiKey
from keys.networks import parse_networks
from tests.factories import AgentFactory, minted
from tests.keys.asking import UNKNOWN, again, opened, said
from tests.keys.family import derived, parent_of
from tests.sdk.conftest import As, Connect, Run

Refused = Callable[..., Any]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MILLISECOND = timedelta(milliseconds=1)
NOWHERE = "00000000-0000-0000-0000-000000000000"
LOOPBACK = parse_networks(["127.0.0.0/8", "::1"])
IGNORE = "ignore:The Alter API key used by this client is deprecated"
ADMIN = "keys:admin,keys:derive,grants:read"


# ── derive ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_derived_key_works(as_app: As, connect: Connect, run: Run) -> None:
    made = run(as_app("keys:derive,grants:write").keys.derive(scopes=["grants:read"], expires_in=900))
    assert run(connect(made.api_key).scopes.list()).scope_version == 1


def test_a_derived_key_is_told_in_full(connect: Connect, run: Run, app: App) -> None:
    parent, secret = opened(parent_of(app, rate_limit_rpm=60))
    made = run(connect(secret).keys.derive(scopes=["grants:read"], expires_in=900, name="ci job"))

    told = made.model_dump(exclude={"id", "api_key", "key_prefix", "expires_at", "created_at"})
    assert told == {
        "name": "ci job",
        "key_type": "dk",
        "scopes": ["grants:read"],
        "scope_version": 1,
        "cidr_allowlist": None,
        "rate_limit_rpm": None,
        "effective_rate_limit_rpm": 60,
        "rate_limit_source": "key",
        "deprecated_at": None,
        "revoked_at": None,
        "last_used_at": None,
        "parent_key_id": parent.id,
    }


def test_a_derived_key_lives_as_long_as_asked(as_app: As, run: Run) -> None:
    made = run(as_app("keys:derive,grants:read").keys.derive(scopes=["grants:read"], expires_in=900))
    assert abs(made.expires_at - made.created_at - timedelta(seconds=900)) < timedelta(seconds=1)


def test_a_derived_key_lives_no_longer_than_its_app_allows(as_app: As, run: Run, app: App) -> None:
    client = as_app("keys:derive,grants:read")
    agents_lifecycle.update_app(shell(), app, max_derived_hours=2)
    made = run(client.keys.derive(scopes=["grants:read"], expires_in=10**12))
    assert abs(made.expires_at - made.created_at - timedelta(hours=2)) < timedelta(seconds=1)


def test_a_derived_key_lives_no_longer_than_its_parent(connect: Connect, run: Run, app: App) -> None:
    ends = datetime.now(UTC) + HOUR
    parent, secret = opened(parent_of(app, expires_at=ends))
    made = run(connect(secret).keys.derive(scopes=["grants:read"], expires_in=7200))
    assert timedelta(0) <= ends - made.expires_at < MILLISECOND


def test_a_derived_key_without_a_name_is_named_after_the_moment(as_app: As, run: Run) -> None:
    made = run(as_app("keys:derive,grants:read").keys.derive(scopes=["grants:read"], expires_in=900))
    assert datetime.strptime(made.name, "derived-%Y%m%d-%H%M%S")


def test_metadata_of_a_derived_key_is_kept(as_app: As, run: Run) -> None:
    made = run(
        as_app("keys:derive,grants:read").keys.derive(
            scopes=["grants:read"], expires_in=900, metadata={"k": "v"}
        )
    )
    assert ApiKey.objects.get(id=made.id).metadata == {"k": "v"}


def test_a_derived_key_keeps_its_parents_ranges(connect: Connect, run: Run, app: App) -> None:
    client = connect(parent_of(app, networks=LOOPBACK).plaintext.take())
    made = run(client.keys.derive(scopes=["grants:read"], expires_in=900))
    assert made.cidr_allowlist == ["127.0.0.0/8", "::1/128"]


def test_a_derived_key_may_have_a_smaller_range(connect: Connect, run: Run, app: App) -> None:
    client = connect(parent_of(app, networks=LOOPBACK).plaintext.take())
    made = run(client.keys.derive(scopes=["grants:read"], expires_in=900, cidr_allowlist=["127.0.0.1/32"]))
    assert made.cidr_allowlist == ["127.0.0.1/32"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [(["10.0.0.0/8"], "cidr_not_subset"), (["0.0.0.0/0"], "invalid_cidr"), (["here"], "invalid_cidr")],
)
def test_a_derived_key_has_no_range_beyond_its_parents(
    connect: Connect, refused: Refused, app: App, wanted: list[str], code: str
) -> None:
    client = connect(parent_of(app, networks=LOOPBACK).plaintext.take())
    error = refused(
        BackendError, client.keys.derive(scopes=["grants:read"], expires_in=9, cidr_allowlist=wanted), code
    )
    assert error.details["fields"][0]["field"] == "cidr_allowlist"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("grants:admin", "scope_not_subset"),
        ("agents:read", "scope_not_subset"),
        ("tokens:retrieve", "scope_not_subset"),
        ("keys:derive:one", "invalid_scope_for_derived_key"),
        ("cats:read", "unknown_scope"),
        ("*", "invalid_scope"),
        ("grants:*", "invalid_scope"),
    ],
)
def test_a_derived_key_may_do_nothing_its_parent_may_not(
    as_app: As, refused: Refused, wanted: str, code: str
) -> None:
    client = as_app("keys:derive,grants:write")
    refused(BackendError, client.keys.derive(scopes=[wanted], expires_in=9), code)
    assert ApiKey.objects.count() == 1


def test_a_derived_key_cannot_derive(connect: Connect, refused: Refused, app: App) -> None:
    client = connect(derived(parent_of(app).key).plaintext.take())
    error = refused(InsufficientScopeError, client.keys.derive(scopes=["grants:read"], expires_in=9))
    assert error.missing == ["keys:derive"]


def test_an_agents_key_derives_for_its_agent(as_agent: As, run: Run, agent: Agent) -> None:
    made = run(as_agent().keys.derive(scopes=["grants:read"], expires_in=900))
    assert ApiKey.objects.get(id=made.id).agent == agent


# ── rotate ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def target(app: App) -> tuple[ApiKey, str]:
    """A key to be rotated, with something of everything."""
    return opened(
        minted(
            app,
            name="billing",
            networks=LOOPBACK,
            rate_limit_rpm=600,
            expires_at=datetime.now(UTC) + 90 * DAY,
        )
    )


def test_a_successor_is_like_the_key_it_replaces(as_app: As, run: Run, target: tuple[ApiKey, str]) -> None:
    key, _ = target
    made = run(as_app(ADMIN).keys.rotate(key_id=str(key.id)))
    assert made.id != key.id
    assert (made.name, made.key_type, made.scopes, made.cidr_allowlist, made.rate_limit_rpm) == (
        "billing",
        "rk",
        ["grants:read"],
        ["127.0.0.0/8", "::1/128"],
        600,
    )
    assert abs(made.expires_at - key.expires_at) < MILLISECOND


def test_both_secrets_work_during_the_overlap(
    as_app: As, connect: Connect, run: Run, target: tuple[ApiKey, str]
) -> None:
    key, secret = target
    made = run(as_app(ADMIN).keys.rotate(key_id=key.id))
    old, new = connect(secret), connect(made.api_key)
    with pytest.warns(UserWarning, match="deprecated"):
        assert run(old.scopes.list()) == run(new.scopes.list())


@pytest.mark.parametrize(("asked", "days"), [({}, 7), ({"overlap_days": 30}, 30)])
def test_the_overlap_is_a_week_unless_it_is_said(
    as_app: As, run: Run, target: tuple[ApiKey, str], asked: dict[str, int], days: int
) -> None:
    key, _ = target
    run(as_app(ADMIN).keys.rotate(key_id=key.id, **asked))
    rotated = again(key)
    assert rotated.grace_ends_at and rotated.deprecated_at
    assert abs(rotated.grace_ends_at - rotated.deprecated_at - days * DAY) < timedelta(seconds=1)


@pytest.mark.filterwarnings(IGNORE)
def test_without_an_overlap_the_old_secret_stops_at_once(
    as_app: As, connect: Connect, run: Run, refused: Refused, target: tuple[ApiKey, str]
) -> None:
    key, secret = target
    run(as_app(ADMIN).keys.rotate(key_id=key.id, overlap_days=0))
    refused(KeyRotationExpiredError, connect(secret).scopes.list())


def test_a_key_has_one_successor(as_app: As, run: Run, refused: Refused, target: tuple[ApiKey, str]) -> None:
    client = as_app(ADMIN)
    run(client.keys.rotate(key_id=target[0].id))
    refused(BackendError, client.keys.rotate(key_id=target[0].id), "key_rotated")


def test_a_successor_can_be_rotated(as_app: As, run: Run, target: tuple[ApiKey, str]) -> None:
    client = as_app(ADMIN)
    made = run(client.keys.rotate(key_id=target[0].id))
    assert run(client.keys.rotate(key_id=made.id)).name == "billing"


def test_a_revoked_key_cannot_be_rotated(as_app: As, refused: Refused, target: tuple[ApiKey, str]) -> None:
    lifecycle.revoke(shell(), target[0])
    refused(BackendError, as_app(ADMIN).keys.rotate(key_id=target[0].id), "key_revoked")


def test_an_expired_key_cannot_be_rotated(as_app: As, refused: Refused, app: App) -> None:
    now = datetime.now(UTC)
    with at(now - 2 * HOUR):
        key = minted(app, expires_at=now - HOUR).key
    refused(BackendError, as_app(ADMIN).keys.rotate(key_id=key.id), "key_ended")


def test_a_derived_key_changes_its_secret_in_place(as_app: As, run: Run, app: App) -> None:
    child = derived(parent_of(app).key).key
    made = run(as_app("keys:admin,grants:read").keys.rotate(key_id=child.id, overlap_days=30))
    assert (made.id, made.key_type, made.parent_key_id, made.scopes) == (
        child.id,
        "dk",
        child.parent_id,
        child.scopes,
    )
    assert child.expires_at and abs(made.expires_at - child.expires_at) < MILLISECOND


def test_a_derived_keys_old_secret_stops_at_once(
    as_app: As, connect: Connect, run: Run, refused: Refused, app: App
) -> None:
    child, secret = opened(derived(parent_of(app).key))
    made = run(as_app("keys:admin,grants:read").keys.rotate(key_id=child.id, overlap_days=30))
    refused(InvalidKeyError, connect(secret).scopes.list())
    assert run(connect(made.api_key).scopes.list())


def test_a_key_that_may_do_more_is_not_handed_out(as_app: As, refused: Refused, app: App) -> None:
    key = minted(app, scopes="agents:admin").key
    refused(PolicyViolationError, as_app(ADMIN).keys.rotate(key_id=key.id), "key_escalation_refused")
    assert said(key) == ["key.mint"]


def test_a_derived_key_does_not_come_by_one_that_lives_longer(
    connect: Connect, refused: Refused, app: App
) -> None:
    parent = minted(app, scopes="keys:derive,keys:admin,grants:read").key
    client = connect(derived(parent, scopes="keys:admin,grants:read").plaintext.take())
    key = minted(app).key
    refused(PolicyViolationError, client.keys.rotate(key_id=key.id), "key_escalation_refused")


def test_a_key_rotates_itself(connect: Connect, run: Run, app: App) -> None:
    key, secret = opened(minted(app, scopes="keys:admin"))
    made = run(connect(secret).keys.rotate(key_id=key.id))
    assert ApiKey.objects.get(id=made.id).replaces == key


@pytest.mark.parametrize("days", [0, 7])
def test_children_stay_with_the_key_that_was_rotated(as_app: As, run: Run, app: App, days: int) -> None:
    parent = parent_of(app).key
    child = derived(parent).key
    run(as_app("keys:admin,keys:derive,grants:write").keys.rotate(key_id=parent.id, overlap_days=days))
    assert again(child).parent == parent


# ── revoke ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_revoked_key_is_told_without_its_secret(as_app: As, run: Run, target: tuple[ApiKey, str]) -> None:
    result = run(as_app(ADMIN).keys.revoke(key_id=str(target[0].id)))
    assert (result.id, result.status, hasattr(result, "api_key")) == (target[0].id, "revoked", False)


def test_a_key_is_revoked_once(as_app: As, run: Run, target: tuple[ApiKey, str]) -> None:
    client, (key, _) = as_app(ADMIN), target
    first = run(client.keys.revoke(key_id=key.id))
    assert run(client.keys.revoke(key_id=key.id)) == first
    assert said(key) == ["key.mint", "key.revoke"]


def test_what_was_derived_from_a_key_ends_with_it(
    as_app: As, connect: Connect, run: Run, refused: Refused, app: App
) -> None:
    parent = parent_of(app).key
    child = connect(derived(parent).plaintext.take())
    run(as_app("keys:admin,keys:derive,grants:write").keys.revoke(key_id=parent.id))
    refused(InvalidKeyError, child.scopes.list())


def test_a_successor_survives_the_key_it_replaced(as_app: As, run: Run, target: tuple[ApiKey, str]) -> None:
    client = as_app(ADMIN)
    made = run(client.keys.rotate(key_id=target[0].id))
    run(client.keys.revoke(key_id=target[0].id))
    assert ApiKey.objects.get(id=made.id).status == "active"


def test_a_key_revokes_itself(connect: Connect, run: Run, refused: Refused, app: App) -> None:
    key, secret = opened(minted(app, scopes="keys:admin"))
    client = connect(secret)
    assert run(client.keys.revoke(key_id=key.id)).status == "revoked"
    refused(InvalidKeyError, client.scopes.list())


def test_an_agents_last_active_key_stays(as_agent: As, refused: Refused) -> None:
    client, key = as_agent("keys:admin"), ApiKey.objects.get()
    refused(BackendError, client.keys.revoke(key_id=key.id), "last_active_key")
    assert again(key).status == "active"


def test_an_agents_last_active_key_is_revoked_by_force(as_agent: As, run: Run) -> None:
    client, key = as_agent("keys:admin"), ApiKey.objects.get()
    assert run(client.keys.revoke(key_id=key.id, force=True)).status == "revoked"


def test_a_key_that_may_do_more_is_not_revoked(as_app: As, refused: Refused, app: App) -> None:
    key = minted(app, scopes="agents:admin").key
    refused(PolicyViolationError, as_app(ADMIN).keys.revoke(key_id=key.id), "key_escalation_refused")


# ── whose ───────────────────────────────────────────────────────────────────────────────────────────

CHANGES: dict[str, Callable[[Any, str], Any]] = {
    "rotate": lambda client, id: client.keys.rotate(key_id=id),
    "revoke": lambda client, id: client.keys.revoke(key_id=id),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("id", [NOWHERE, "none", "a b"])
def test_a_key_that_never_was_is_not_found(as_app: As, refused: Refused, change: Any, id: str) -> None:
    refused(GrantNotFoundError, change(as_app(ADMIN), id), "key_not_found")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_apps_key_is_as_one_that_never_was(
    as_app: As, refused: Refused, other_app: App, change: Any
) -> None:
    client, key = as_app(ADMIN), minted(other_app).key
    there = refused(GrantNotFoundError, change(client, str(key.id)))
    nowhere = refused(GrantNotFoundError, change(client, NOWHERE))
    assert (there.details, said(key)) == (nowhere.details, ["key.mint"])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_agents_key_reaches_its_own_agents_keys_alone(
    as_agent: As, refused: Refused, app: App, change: Any
) -> None:
    client = as_agent(ADMIN)
    for key in (minted(app).key, minted(app, agent=AgentFactory.create(app=app)).key):
        refused(GrantNotFoundError, change(client, str(key.id)))
        assert said(key) == ["key.mint"]


def test_an_agents_key_rotates_its_own_agents_keys(as_agent: As, run: Run, agent: Agent) -> None:
    client, key = as_agent(ADMIN), minted(agent.app, agent=agent).key
    made = run(client.keys.rotate(key_id=key.id))
    assert (made.key_type, ApiKey.objects.get(id=made.id).agent) == ("ak", agent)


# ── keys that ended ─────────────────────────────────────────────────────────────────────────────────


def ended(app: App, how: str, agent: Agent | None = None) -> str:
    """The secret of a key that can no longer be used."""
    now = datetime.now(UTC)
    with at(now - 2 * HOUR):
        expires = now - HOUR if how in ("expired", "parent expired") else None
        key, secret = opened(minted(app, scopes="keys:derive,grants:read", agent=agent, expires_at=expires))
        if how.startswith("parent"):
            secret = derived(key, expires_in=3 * HOUR).plaintext.take()
        if how.endswith("grace over"):
            lifecycle.rotate(shell(), key, grace=HOUR)
        if how.endswith("revoked"):
            lifecycle.revoke(shell(), key, force=True)
        if how == "suspended" and agent:
            agents_lifecycle.suspend_agent(shell(), agent)
    return secret


@pytest.mark.filterwarnings(IGNORE)
@pytest.mark.parametrize("route", ["agents", "keys"])
@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("expired", KeyExpiredError),
        ("grace over", KeyRotationExpiredError),
        ("revoked", InvalidKeyError),
        ("parent expired", KeyInactiveError),
        ("parent grace over", KeyInactiveError),
        ("parent revoked", InvalidKeyError),
    ],
)
def test_an_apps_key_that_ended_says_how(
    connect: Connect, refused: Refused, app: App, route: str, how: str, kind: type[Exception]
) -> None:
    client = connect(ended(app, how))
    refused(kind, client.agents.list() if route == "agents" else client.scopes.list())


@pytest.mark.filterwarnings(IGNORE)
@pytest.mark.parametrize("route", ["agents", "keys"])
@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("expired", KeyExpiredError),
        ("grace over", KeyRotationExpiredError),
        ("revoked", KeyRevokedError),
        ("suspended", AgentInactiveError),
        ("parent revoked", InvalidKeyError),
    ],
)
def test_an_agents_key_that_ended_says_how(
    connect: Connect, refused: Refused, agent: Agent, route: str, how: str, kind: type[Exception]
) -> None:
    client = connect(ended(agent.app, how, agent))
    refused(kind, client.agents.list() if route == "agents" else client.scopes.list())


@pytest.mark.parametrize("route", ["agents", "keys"])
def test_a_key_that_was_never_issued_is_invalid(connect: Connect, refused: Refused, route: str) -> None:
    client = connect(UNKNOWN)
    error = refused(InvalidKeyError, client.agents.list() if route == "agents" else client.scopes.list())
    assert error.hint


@pytest.mark.parametrize("route", ["agents", "keys"])
def test_a_key_is_refused_from_an_address_it_may_not_be_used_from(
    connect: Connect, refused: Refused, app: App, route: str
) -> None:
    client = connect(minted(app, networks=parse_networks(["203.0.113.0/24"])).plaintext.take())
    on_agents = route == "agents"
    refused(
        BackendError if on_agents else PolicyViolationError,
        client.agents.list() if on_agents else client.scopes.list(),
        "ip_not_allowed",
    )
