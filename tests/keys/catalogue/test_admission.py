"""A key is held to the scopes of its own app, at /verify and at the runtime API, as they are published now."""

from functools import partial

import pytest

from agents.models import App
from audit.actors import shell
from keys.catalogue import edits, lifecycle
from keys.catalogue.store import catalogue_of
from keys.errors import UnknownScope
from keys.lifecycle import mint, rotate
from tests.factories import minted
from tests.keys.asking import ask, error, opened
from tests.keys.catalogue.catalogues import ORDERS, published
from tests.scopes import parse_scopes

pytestmark = pytest.mark.django_db


def orders_secret(app: App, *scopes: str) -> str:
    """The plaintext of a key with scopes of its app's own catalogue."""
    return opened(mint(shell(), app, name="orders", scopes=catalogue_of(app).parse(scopes)))[1]


def test_a_level_of_its_own_lets_lower_ones_pass_and_higher_ones_not(app: App) -> None:
    published(app)
    secret = orders_secret(app, "orders:write")
    assert ask(secret, "orders:read").status_code == 200
    assert ask(secret, "orders:write").status_code == 200
    refused = ask(secret, "orders:owner")
    assert error(refused) == (403, "insufficient_scope")
    assert refused.json()["missing"] == ["orders:owner"]
    assert refused.json()["current_scope_version"] == 2


def test_an_action_lets_itself_pass(app: App) -> None:
    published(app)
    assert ask(orders_secret(app, "refunds:create"), "refunds:create").status_code == 200
    assert error(ask(orders_secret(app, "orders:owner"), "refunds:create")) == (403, "insufficient_scope")


def test_a_scope_of_another_app_is_unknown_here(app: App, other_app: App) -> None:
    published(app)
    theirs = opened(minted(other_app, scopes="grants:read"))[1]
    refused = ask(theirs, "orders:read")
    assert error(refused) == (422, "unknown_scope")
    assert error(ask(orders_secret(app, "orders:owner"), "grants:read")) == (422, "unknown_scope")


def test_the_next_version_holds_at_the_next_call(app: App) -> None:
    published(app)
    secret = orders_secret(app, "orders:write")
    assert ask(secret, "orders:write").status_code == 200
    remove = partial(edits.remove_scope, name="orders:write")
    lifecycle.edit(shell(), app, remove, even_in_use=True)
    assert error(ask(secret, "orders:write")) == (422, "unknown_scope")
    assert error(ask(secret, "orders:read")) == (403, "insufficient_scope")
    assert ask(secret).status_code == 200


def test_no_key_is_minted_with_a_scope_that_was_removed_meanwhile(app: App) -> None:
    stale = parse_scopes(["grants:read"])
    published(app)
    with pytest.raises(UnknownScope):
        mint(shell(), app, name="late", scopes=stale)


def test_a_key_whose_scope_is_gone_still_rotates(app: App) -> None:
    published(app)
    key = mint(
        shell(), app, name="orders", scopes=catalogue_of(app).parse(["orders:list", "orders:read"])
    ).key
    remove = partial(edits.remove_scope, name="orders:list")
    lifecycle.edit(shell(), app, remove, even_in_use=True)
    successor = rotate(shell(), key).key
    assert (successor.scopes, successor.scope_version) == (["orders:list", "orders:read"], 3)


def test_a_second_process_reads_a_version_it_has_not_seen(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    published(app)
    secret = orders_secret(app, "orders:write")
    monkeypatch.setattr("keys.catalogue.store._CACHE", {})
    assert ask(secret, "orders:read").status_code == 200


def test_the_preset_stays_beside_scopes_of_its_own(app: App) -> None:
    published(app, ORDERS | {"preset": True})
    secret = orders_secret(app, "orders:read", "grants:write")
    assert ask(secret, "grants:read", "orders:read").status_code == 200
