"""The old secret of a rotated key is in a thief's hands: during grace it takes nothing back of what took its place."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from agents.models import Agent, App
from audit.actors import shell
from core.clock import now
from keys import lifecycle
from keys.models import ApiKey
from keys.networks import parse_networks
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.sdk.test_lost_answers import ADMIN, call

pytestmark = pytest.mark.django_db


def narrow(key: ApiKey) -> None:
    lifecycle.narrow(shell(), key, networks=parse_networks(["203.0.113.0/24"]))


def revoke(key: ApiKey) -> None:
    lifecycle.revoke(shell(), key, force=True)


def rotate(key: ApiKey) -> None:
    lifecycle.rotate(shell(), key, grace=timedelta(0))


def taken_back(secret: str, key: ApiKey, successor: ApiKey) -> list[tuple[int, str]]:
    """What the old `secret` of `key` is answered, tried in every way there is; each must be a refusal."""
    paths = [
        ("DELETE", f"/sdk/keys/{successor.id}?force=true"),
        ("POST", f"/sdk/keys/{successor.id}/rotate"),
        ("POST", f"/sdk/keys/{key.id}/rotate"),
    ]
    if key.agent_id:
        below = f"/sdk/agents/{key.agent_id}/keys"
        paths += [
            ("DELETE", f"{below}/{successor.id}?force=true"),
            ("PATCH", f"{below}/{key.id}/undeprecate"),
        ]
    told = [call(secret, method, path) for method, path in paths]
    return [(one.status_code, one.json().get("error", "")) for one in told]


@pytest.mark.parametrize("ends", [None, timedelta(days=3)])
def test_a_successor_that_somebody_else_made_is_out_of_reach(
    app: App, agent: Agent, ends: timedelta | None
) -> None:
    end = now() + ends if ends else None
    for choices in ({}, {"agent": agent}, {"kind": "agent"}):
        key, secret = opened(minted(app, scopes=ADMIN, expires_at=end, name=f"w{len(choices)}", **choices))
        derived = call(secret, "POST", "/sdk/keys/derive", {"scopes": ["keys:admin"], "expires_in": 999999})
        successor = lifecycle.rotate(shell(), key).key
        for old in (secret, derived.json()["api_key"]):
            assert {status for status, _ in taken_back(old, key, successor)} <= {403, 404, 409}
        assert ApiKey.objects.get(id=successor.id).is_active
        assert ApiKey.objects.get(id=key.id).status == "rotating"
        assert key.successors.count() == 1


@pytest.mark.parametrize("touch", [narrow, revoke, rotate])
def test_nor_is_one_of_its_own_that_somebody_else_has_touched(
    app: App, touch: Callable[[ApiKey], None]
) -> None:
    key, secret = opened(minted(app, scopes=ADMIN))
    made = call(secret, "POST", f"/sdk/keys/{key.id}/rotate").json()
    successor = ApiKey.objects.get(id=made["id"])
    touch(successor)
    before = ApiKey.objects.count()
    taken_back(secret, key, successor)
    body = call(secret, "POST", f"/sdk/keys/{key.id}/rotate", {"overlap_days": 0}).json()
    assert body["error"] in ("successor_not_own", "key_rotated")
    assert ApiKey.objects.count() == before


def test_nor_one_that_somebody_calls_with(app: App) -> None:
    key, secret = opened(minted(app, scopes=ADMIN))
    made = call(secret, "POST", f"/sdk/keys/{key.id}/rotate").json()
    assert ask(made["api_key"], "grants:read").status_code == 200
    response = call(secret, "DELETE", f"/sdk/keys/{made['id']}")
    assert (response.status_code, response.json()["error"]) == (409, "successor_in_use")
    assert ask(made["api_key"], "grants:read").status_code == 200
    assert call(secret, "DELETE", f"/sdk/keys/{key.id}").status_code == 200  # itself it may end


def test_what_mends_a_lost_answer_is_worth_what_was_lost(app: App) -> None:
    fence = parse_networks(["127.0.0.0/8"])
    end = now() + timedelta(days=60)
    key, secret = opened(minted(app, scopes=ADMIN, networks=fence, expires_at=end, rate_limit_rpm=50))
    lost = call(secret, "POST", f"/sdk/keys/{key.id}/rotate").json()
    assert call(secret, "DELETE", f"/sdk/keys/{lost['id']}").status_code == 200
    fresh = call(secret, "POST", f"/sdk/keys/{key.id}/rotate").json()
    alike = ("scopes", "cidr_allowlist", "expires_at", "rate_limit_rpm")
    assert {name: fresh[name] for name in alike} == {name: lost[name] for name in alike}
