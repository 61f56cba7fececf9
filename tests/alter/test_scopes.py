"""`alter scopes`: an app's own scopes, listed, changed one by one, published whole, and taken back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.models import App
from alter.columns import SCOPE, SCOPE_CHANGE, SCOPE_VERSION
from audit.models import Event
from keys.catalogue.store import catalogue_of
from portal.models import User
from tests.alter.running import Said, alter
from tests.keys.asking import ask
from tests.keys.catalogue.catalogues import ORDERS, published

pytestmark = pytest.mark.usefixtures("signed_in")


def scopes(*words: str, stdin: str = "") -> Said:
    return alter("scopes", *words, stdin=stdin)


def own(app: App) -> list[str]:
    """The names of what the app itself defines."""
    app.refresh_from_db()
    found = catalogue_of(app).definitions
    return [name for name, definition in found.items() if definition.source == "app"]


def test_scopes_are_a_table_and_the_version_is_told(app: App) -> None:
    published(app)
    said = scopes("list", "--source", "app")
    assert said.out.splitlines()[:2] == [
        "SCOPE           KEYS  DESCRIPTION                   KIND    SOURCE",
        "orders:read     0     List and read orders          level   app",
    ]
    assert "Deprecated: Use orders:read." in said.out
    assert said.err == "Version 2. Preset alter-sdk: off.\n"


def test_every_field_of_a_scope_and_a_version_is_known(app: App) -> None:
    published(app)
    assert list(scopes("list", "--output", "json").json[0]) == list(SCOPE.fields)
    assert list(scopes("versions", "--output", "json").json[0]) == list(SCOPE_VERSION.fields)


def test_a_resource_and_scopes_are_added_and_what_was_added_is_told(app: App) -> None:
    said = scopes("add", "orders", "--levels", "read,write", "--description", "Orders", "--reason", "Ours")
    assert (said.code, list(said.json)) == (0, list(SCOPE_CHANGE.fields))
    assert said.json["added"] == ["orders:read", "orders:write"]
    assert scopes("add", "refunds:create", "--description", "Refund").json["added"] == ["refunds:create"]
    scopes("add", "orders:audit", "--kind", "level", "--position", "1")
    assert own(app) == ["orders:read", "orders:audit", "orders:write", "refunds:create"]
    assert Event.objects.filter(action="scopes.publish", reason="Ours").count() == 1


def test_what_exists_is_not_added_again(app: App) -> None:
    published(app)
    said = scopes("add", "orders:read", "--description", "Mine")
    assert (said.code, "hint: To change it: alter scopes edit orders:read" in said.err) == (5, True)
    assert catalogue_of(app).definitions["orders:read"].description == "List and read orders"


def test_a_scope_is_described_and_deprecated(app: App) -> None:
    published(app)
    assert scopes("edit", "orders:write", "--deprecated", "Use orders:owner.").json["changed"] == [
        "orders:write"
    ]
    shown = scopes("show", "orders:write").json
    assert (shown["deprecated"], shown["description"]) == ("Use orders:owner.", "Create and change orders")
    scopes("edit", "orders:write", "--deprecated", "")
    assert scopes("show", "orders:write").json["deprecated"] is None


def test_levels_are_put_into_another_order(app: App) -> None:
    published(app)
    changed = scopes("edit", "orders", "--levels", "write,read,owner").json["changed"]
    assert changed == ["orders:write", "orders:read", "orders:owner"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("show", "orders:raed"), 4, "hint: Did you mean orders:read?"),
        (("edit", "order", "--description", "x"), 4, "hint: Did you mean orders?"),
        (("remove", "payments:read", "--yes"), 4, "hint: To list the app's scopes: alter scopes list"),
        (("add", "Orders"), 2, "'Orders' is neither a scope, such as orders:read, nor a resource"),
        (("add", "parcels", "--position", "1"), 2, "--position is for a scope, such as orders:read"),
        (("add", "parcels:read", "--levels", "a,b"), 2, "--levels is for a resource"),
        (("edit", "orders:read"), 2, "error: Nothing to change."),
        (("add", "keys:read"), 5, "exists"),
        (("add", "keys:make"), 2, "built-in"),
        (("restore", "9"), 4, "There is no such version."),
        (("restore", "x"), 2, "'x' is not a valid integer range."),
        (("preset", "perhaps"), 2, "'perhaps' is not one of 'on', 'off'"),
        (("publish", "none.json"), 4, "none.json: no such file."),
        (("remove", "orders:read"), 2, "hint: Use --yes to confirm."),
    ],
)
def test_a_mistake_says_how_to_put_it_right(words: tuple[str, ...], code: int, says: str, app: App) -> None:
    published(app)
    said = scopes(*words)
    assert (said.code, says in said.err, said.out) == (code, True, ""), said.err
    assert len(own(app)) == 8


def test_who_uses_a_scope_is_told_before_it_is_removed(app: App) -> None:
    published(app)
    key = alter("keys", "mint", "--name", "shop", "--scopes", "orders:read").json
    ask(key["api_key"], "orders:read")
    refused = scopes("remove", "orders:read", "--yes")
    assert refused.code == 5
    assert (
        f"orders:read: 1 active key ({key['key_prefix']}); 1 request in the last 30 days, the last"
        in refused.err
    )
    assert "hint: Narrow or revoke these keys first, or use --even-in-use." in refused.err
    assert scopes("show", "orders:read").json["active_keys"] == 1
    removed = scopes("remove", "orders:read", "--yes", "--even-in-use")
    assert (removed.code, removed.json["removed"]) == (0, ["orders:read"])


def test_a_resource_goes_with_its_levels(app: App) -> None:
    published(app)
    said = scopes("remove", "invoices", "--yes")
    assert said.json["removed"] == ["invoices:read", "invoices:write", "invoices:admin"]
    assert "invoices:admin: no active keys; no requests in the last 30 days\n" in said.err


def test_what_show_prints_is_published_again(app: App) -> None:
    published(app)
    shown = scopes("show")
    assert shown.json["version"] == 2
    again = scopes("publish", "-", stdin=shown.out)
    assert (again.json["version"], again.err) == (2, "Nothing to change.\n")
    Path("scopes.json").write_text(json.dumps({"preset": False, "resources": [{"name": "parcels"}]}))
    said = scopes("publish", "scopes.json", "--reason", "New")
    assert said.json["added"] == ["parcels:read", "parcels:write", "parcels:admin"]
    assert own(app) == said.json["added"]


def test_a_file_that_somebody_published_over_is_a_conflict(app: App) -> None:
    shown = scopes("show").out
    published(app)
    said = scopes("publish", "-", stdin=shown)
    assert (said.code, "Someone else published scopes" in said.err) == (5, True)
    Path("scopes.json").write_text(json.dumps(ORDERS))
    assert scopes("publish", "scopes.json", "--if-version", "1").code == 5


def test_a_version_comes_back(app: App) -> None:
    published(app, reason="First")
    assert scopes("remove", "refunds:create", "--yes", "--reason", "Second").code == 0
    assert scopes("restore", "2").json["added"] == ["refunds:create"]
    listed = scopes("versions", "--limit", "2")
    assert [line.split()[0] for line in listed.out.splitlines()] == ["VERSION", "4", "3"]
    assert listed.err == "2 of 3. Next page: --offset 2. All: --all\n"


def test_the_preset_is_turned_off_and_on(app: App) -> None:
    off = scopes("preset", "off").json
    assert (off["preset"], "grants:read" in off["removed"]) == (False, True)
    assert scopes("preset", "on").json["added"] == off["removed"]


def test_a_token_that_may_not_read_the_log_sees_the_number_of_keys_alone(
    app: App, admin: User, monkeypatch: pytest.MonkeyPatch, token_of: Callable[..., str]
) -> None:
    monkeypatch.setenv("ALTER_PAT", token_of(admin, "dashboard_keys:read"))
    shown = scopes("show", "grants:read").json
    assert (shown["active_keys"], "requests" in shown) == (0, False)
    assert scopes("preset", "off").code == 7


def test_a_scope_with_a_hyphen_is_minted_with(app: App) -> None:
    published(app, {"resources": [{"name": "order-items"}]})
    said = alter("keys", "mint", "--name", "x", "--scopes", "order-items:read")
    assert (said.code, said.json["scopes"]) == (0, ["order-items:read"])


def test_a_mistyped_scope_is_near_one_of_the_apps_own(app: App) -> None:
    published(app)
    unknown = alter("keys", "mint", "--name", "x", "--scopes", "orders:wirte")
    malformed = alter("keys", "mint", "--name", "x", "--scopes", "orders.write", "--app", str(app.id))
    told = [said.err.count("Did you mean orders:write") for said in (unknown, malformed)]
    assert (unknown.code, malformed.code, told) == (2, 2, [1, 1])
