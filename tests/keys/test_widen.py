"""Widening: a key is given more under the secret it has, by a person who has proved who they are, with a reason."""

from datetime import timedelta
from typing import Any

import pytest

from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from core.clock import now
from core.errors import Invalid, ReauthenticationRequired
from keys import errors
from keys.catalogue.builtin import AGENT_DEFAULT
from keys.lifecycle import mint, revoke, rotate, widen
from keys.models import ApiKey
from keys.networks import parse_networks
from portal.models import User
from tests.factories import minted
from tests.keys.asking import again, ask
from tests.scopes import parse_scopes

SOON = timedelta(days=10)


@pytest.fixture
def key(app: App) -> ApiKey:
    limits: dict[str, Any] = {"networks": parse_networks(["192.0.2.0/24"]), "rate_limit_rpm": 60}
    return minted(app, expires_at=now() + SOON, **limits).key


def wanted(key: ApiKey, **other: Any) -> dict[str, Any]:
    """What it has, but for what is said."""
    return {
        "scopes": key.scope_set,
        "networks": key.network_list,
        "rate_limit_rpm": 60,
        "expires_at": key.expires_at,
        "reason": "It has grown.",
        **other,
    }


def test_a_key_holds_more_afterwards_and_the_record_says_why(key: ApiKey) -> None:
    widen(shell(), key, **wanted(key, scopes=parse_scopes(["grants:write", "usage:read"])))
    event = Event.objects.get(action="key.widen")
    assert again(key).scopes == ["grants:write", "usage:read"]
    assert event.changes == {"scopes": [["grants:read"], ["grants:write", "usage:read"]]}
    assert event.reason == "It has grown."


def test_the_secret_stays_the_same_and_may_do_more_at_once(app: App) -> None:
    made = minted(app)
    key, secret = made.key, made.plaintext.take()
    assert ask(secret, "usage:read").status_code == 403
    widen(
        shell(), key, **wanted(key, scopes=parse_scopes(["grants:read", "usage:read"]), rate_limit_rpm=None)
    )
    assert ask(secret, "usage:read").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scopes", parse_scopes(["usage:read"])),
        ("networks", parse_networks(["192.0.2.0/25"])),
        ("rate_limit_rpm", 59),
        ("expires_at", now() + timedelta(days=1)),
    ],
)
def test_nothing_is_taken_away(key: ApiKey, field: str, value: Any) -> None:
    with pytest.raises(errors.NotWider) as refused:
        widen(shell(), key, **wanted(key, **{field: value}))
    assert refused.value.field == field


def test_it_may_be_opened_to_every_address_and_for_ever(key: ApiKey) -> None:
    widen(shell(), key, **wanted(key, networks=(), expires_at=None))
    assert (again(key).networks, again(key).expires_at) == ([], None)


def test_a_reason_is_needed(key: ApiKey) -> None:
    with pytest.raises(Invalid, match="Enter a reason"):
        widen(shell(), key, **wanted(key, networks=(), reason=" "))


def test_a_revoked_key_is_given_nothing(key: ApiKey) -> None:
    revoke(shell(), key)
    with pytest.raises(errors.KeyRevoked):
        widen(shell(), key, **wanted(key, networks=()))


def test_a_rotated_key_is_given_nothing(key: ApiKey) -> None:
    rotate(shell(), key)
    with pytest.raises(errors.KeyRotated):
        widen(shell(), key, **wanted(key, networks=()))


def test_what_changes_nothing_is_no_act(key: ApiKey) -> None:
    widen(shell(), key, **wanted(key))
    assert not Event.objects.filter(action="key.widen").exists()


# ── the other ways to more ──────────────────────────────────────────────────────────────────────────


def test_a_successor_with_more_scopes_asks_too(key: ApiKey, developer: User, acting: Any) -> None:

    developer.is_fresh = False
    actor = acting(developer, key.app)
    with pytest.raises(ReauthenticationRequired):
        rotate(actor, key, scopes=parse_scopes(["grants:write"]))


def test_minting_an_administrators_key_asks_and_an_agents_ordinary_one_does_not(
    app: App, agent: Agent, developer: User, acting: Any
) -> None:

    developer.is_fresh = False
    actor = acting(developer, app)
    mint(actor, app, agent=agent, scopes=parse_scopes(AGENT_DEFAULT))
    with pytest.raises(ReauthenticationRequired):
        mint(actor, app, name="boss", scopes=parse_scopes(["secrets:admin"]))
