"""Editing what a key may do: gains and losses are shown before anything is saved, and a gain takes a fresh proof."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from core.clock import now
from keys.catalogue.builtin import DEFAULT
from keys.lifecycle import derive, rotate
from keys.models import ApiKey
from keys.networks import parse_networks
from keys.permissions import Permissions, compare, edit
from portal.models import User
from tests.cast import prove
from tests.factories import PASSWORD, minted
from tests.keys.asking import again
from tests.keys.pages import to
from tests.scopes import parse_scopes

SOON = timedelta(days=10)


@pytest.fixture
def key(app: App) -> ApiKey:
    limits: dict[str, Any] = {"networks": parse_networks(["192.0.2.0/24"]), "rate_limit_rpm": 60}
    return minted(app, scopes="grants:read,agents:write", expires_at=now() + SOON, **limits).key


@pytest.fixture
def window(developer: User, signed_in: Any) -> Client:
    return signed_in(developer)  # type: ignore[no-any-return]


def form(key: ApiKey, **other: str) -> dict[str, str]:
    """What the page sends when nothing is changed."""
    ends = f"{key.expires_at:%Y-%m-%dT%H:%MZ}" if key.expires_at else ""
    values = {"scope_grants": "read", "scope_agents": "write", "networks": "192.0.2.0/24"}
    return values | {"rate_limit_rpm": "60", "expires_custom": ends, "reason": "It has grown.", **other}


def save(window: Client, key: ApiKey, **other: str) -> Any:
    """Preview the changes, then save what was shown."""
    shown = window.post(to("key-permissions", key), form(key, **other)).context["difference"].digest
    return window.post(to("key-permissions", key), form(key, save="yes", shown=shown, **other))


def changes(difference: Any) -> tuple[list[str], list[str]]:
    return [gain.value for gain in difference.gains], [loss.value for loss in difference.losses]


@pytest.mark.parametrize(
    ("field", "value", "gains", "losses"),
    [
        ("scopes", parse_scopes(["grants:write", "agents:read"]), ["grants:write"], ["agents:write"]),
        ("scopes", parse_scopes(["grants:read:7", "agents:write"]), [], ["grants:read"]),
        ("networks", (), ["Any IP address"], ["192.0.2.0/24"][:0]),
        ("networks", parse_networks(["192.0.2.0/25"]), [], ["192.0.2.0/24"]),
        ("networks", parse_networks(["198.51.100.7"]), ["198.51.100.7/32"], ["192.0.2.0/24"]),
        ("rate_limit_rpm", 600, ["60 to 600"], []),
        ("rate_limit_rpm", 6, [], ["60 to 6"]),
        ("expires_at", None, ["Never"], []),
    ],
)
def test_gains_and_losses_are_told_apart(
    key: ApiKey, field: str, value: Any, gains: list[str], losses: list[str]
) -> None:
    old = Permissions.from_model(key)
    assert changes(compare(DEFAULT, old, old._replace(**{field: value}))) == (gains, losses)


def test_a_key_without_ranges_loses_every_other_address(app: App) -> None:
    old = Permissions.from_model(minted(app).key)
    new = old._replace(networks=parse_networks(["192.0.2.0/24"]))
    assert changes(compare(DEFAULT, old, new)) == ([], ["Any IP address"])


def test_both_are_saved_at_once_as_two_events(key: ApiKey) -> None:
    new = Permissions(
        parse_scopes(["grants:write", "usage:read"]), parse_networks(["198.51.100.7"]), 30, now() + 2 * SOON
    )
    edit(shell(), key, new, "moved", compare(DEFAULT, Permissions.from_model(key), new).digest)
    assert Permissions.from_model(again(key)) == new
    assert list(Event.objects.filter(key_id=key.id).order_by("id").values_list("action", flat=True)) == [
        "key.mint",
        "key.widen",
        "key.narrow",
    ]


def test_a_limit_that_is_not_touched_stays_the_apps(app: App) -> None:
    key = minted(app, scopes="grants:write").key
    old = Permissions.from_model(key)
    new = old._replace(scopes=parse_scopes(["grants:read"]))
    edit(shell(), key, new, "", compare(DEFAULT, old, new).digest)
    assert (again(key).scopes, again(key).rate_limit_rpm) == (["grants:read"], None)


def test_the_page_shows_both_and_saves_nothing(key: ApiKey, window: Client) -> None:
    page = window.post(to("key-permissions", key), form(key, scope_grants="write", scope_agents="read"))
    assert changes(page.context["difference"]) == (["grants:write"], ["agents:write"])
    assert "1 gain, 1 loss" in page.content.decode()
    assert again(key).scopes == key.scopes


def test_then_they_are_saved(key: ApiKey, window: Client) -> None:
    assert save(window, key, scope_grants="write", scope_agents="read").status_code == 302
    assert again(key).scopes == ["agents:read", "grants:write"]


def test_what_was_not_shown_is_not_saved(key: ApiKey, window: Client) -> None:
    page = window.post(to("key-permissions", key), form(key, scope_grants="write"))
    shown = page.context["difference"].digest
    answer = window.post(to("key-permissions", key), form(key, scope_grants="admin", save="yes", shown=shown))
    assert (answer.status_code, again(key).scopes) == (200, key.scopes)


def test_a_gain_needs_a_reason(key: ApiKey, window: Client) -> None:
    answer = save(window, key, scope_grants="write", reason=" ")
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["reason"])


def test_only_a_gain_takes_a_fresh_proof(key: ApiKey, developer: User, client: Client) -> None:
    client.force_login(developer)
    prove(client, developer, 3600)
    assert save(client, key, scope_grants="write")["Location"].startswith("/account/reauthenticate/")
    assert again(key).scopes == key.scopes
    save(client, key, scope_agents="read")
    assert again(key).scopes == ["agents:read", "grants:read"]


def test_a_rotating_or_a_derived_key_gains_nothing(app: App, agent: Agent, window: Client) -> None:
    rotating = minted(app, scopes="grants:read").key
    rotate(shell(), rotating)
    parent = minted(app, scopes="keys:derive,grants:read").key
    derived = derive(shell(), parent, scopes=parse_scopes(["grants:read"]), expires_in=timedelta(hours=1)).key
    for key in (rotating, derived):
        answer = window.post(to("key-permissions", key), form(key, scope_grants="write", rate_limit_rpm=""))
        assert answer.status_code == 422


def test_a_derived_key_may_lose(app: App, window: Client) -> None:
    parent = minted(app, scopes="keys:derive,grants:write").key
    scopes = parse_scopes(["grants:write"])
    key = derive(shell(), parent, scopes=scopes, expires_in=timedelta(hours=1)).key
    rate = str(key.rate_limit)
    other = {"networks": "", "rate_limit_rpm": rate, "scope_agents": "none"}
    assert save(window, key, scope_grants="read", **other).status_code == 302
    assert again(key).scopes == ["grants:read"]


def test_scopes_and_addresses_that_were_denied_are_filled_in(key: ApiKey, window: Client) -> None:
    query = "?also_scopes=usage:read&also_networks=198.51.100.7"
    page = window.get(to("key-permissions", key) + query).content.decode()
    assert "192.0.2.0/24, 198.51.100.7" in page
    assert 'name="scope_usage" value="read" id="id_scope_usage_1" checked' in page.replace("  ", " ")


def test_after_the_proof_it_is_saved_with_every_scope(key: ApiKey, developer: User, client: Client) -> None:
    client.force_login(developer)
    prove(client, developer, 3600)
    asked = save(client, key, scope_secrets="read")["Location"]
    client.post(asked, {"password": PASSWORD, "next": to("key-permissions", key)})
    assert again(key).scopes == ["agents:write", "grants:read", "secrets:read"]
