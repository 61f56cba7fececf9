"""`alter apps` against a portal that listens."""

from collections.abc import Callable

import pytest

from agents.models import App
from alter.columns import APP, APP_OVERVIEW, MEMBER
from portal.models import User
from tests.alter.running import alter
from tests.factories import minted

pytestmark = pytest.mark.usefixtures("signed_in")


def test_a_list_is_a_table_of_80_columns(app: App) -> None:
    minted(app)
    day = f"{app.created_at:%Y-%m-%d}"
    assert alter("apps", "list").out == (
        "ID                                    NAME      STATUS  KEYS  AGENTS  CREATED\n"
        f"{app.id}  checkout  live    1     0       {day}\n"
    )


def test_archived_apps_are_listed_if_asked(app: App) -> None:
    alter("apps", "archive", str(app.id), "--reason", "replaced")
    assert alter("apps", "list").err == "No apps.\n"
    assert len(alter("apps", "list", "--include-archived", "--output", "json").json) == 1


def test_counting_can_be_left_out(app: App) -> None:
    assert alter("apps", "list", "--no-include-stats", "--fields", "stats").json == [{"stats": None}]


def test_every_field_of_an_app_is_known(app: App) -> None:
    assert list(alter("apps", "show", str(app.id)).json) == list(APP_OVERVIEW.fields)
    assert list(alter("apps", "list", "--output", "json").json[0]) == list(APP.fields)


def test_an_app_is_shown_with_its_environment_and_the_numbers_of_its_keys(app: App) -> None:
    minted(app)
    told = alter("apps", "show", str(app.id)).json
    assert (told["environment"], told["keys"]["active"], told["keys"]["max_allowed"]) == (
        "live",
        1,
        app.max_keys,
    )
    table = alter("apps", "show", str(app.id), "--output", "table").out
    assert f"1 active, 0 rotating, 1 ever minted, maximum {app.max_keys}" in " ".join(table.split())


def test_without_permission_to_read_keys_an_app_is_shown_without_their_numbers(
    app: App, admin: User, token_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALTER_PAT", token_of(admin, "dashboard_apps:read"))
    said = alter("apps", "show", str(app.id))
    assert (said.code, said.json["keys"]) == (0, None)


def test_an_app_is_created() -> None:
    words = ("--name", "shop", "--description", "Ours", "--website-url", "https://shop.example.com")
    output = alter("apps", "create", *words).json
    assert (output["name"], output["description"], output["website_url"]) == (
        "shop",
        "Ours",
        "https://shop.example.com",
    )


def test_a_name_that_is_taken_is_a_conflict(app: App) -> None:
    assert alter("apps", "create", "--name", app.name).code == 5


def test_a_website_that_is_none_is_usage() -> None:
    run = alter("apps", "create", "--name", "shop", "--website-url", "javascript:alert(1)")
    assert (run.code, App.objects.filter(name="shop").count()) == (2, 0)


def test_updating_changes_what_is_named(app: App) -> None:
    words = ("--max-keys", "500", "--rate-limit-rpm", "60", "--signing", "optional")
    output = alter("apps", "update", str(app.id), *words).json
    assert (output["name"], output["max_keys"], output["rate_limit_rpm"], output["signing"]) == (
        "checkout",
        500,
        60,
        "optional",
    )
    assert alter("apps", "update", str(app.id), "--rate-limit-rpm", "none").json["rate_limit_rpm"] is None


def test_updating_nothing_is_usage(app: App) -> None:
    assert alter("apps", "update", str(app.id)).error == "error: Nothing to change."


def test_updating_an_older_version_is_a_conflict(app: App) -> None:
    version = alter("apps", "show", str(app.id)).json["version"]
    words = ("apps", "update", str(app.id), "--if-version", version, "--description")
    assert [alter(*words, "one").code, alter(*words, "two").code] == [0, 5]


def test_unarchiving_what_is_not_archived_is_a_conflict(app: App) -> None:
    assert alter("apps", "unarchive", str(app.id)).code == 5


def test_archiving_and_back(app: App) -> None:
    alter("apps", "archive", str(app.id))
    assert alter("apps", "unarchive", str(app.id)).json["archived_at"] is None


@pytest.mark.parametrize(("name", "code"), [("checkout", 0), ("chekout", 5)])
def test_an_app_is_deleted_by_its_name_only(name: str, code: int, app: App) -> None:
    assert alter("apps", "delete", str(app.id), "--confirm", name).code == code
    assert (alter("apps", "show", str(app.id)).code == 4) == (code == 0)


def test_an_app_in_use_is_not_deleted(app: App) -> None:
    minted(app)
    assert alter("apps", "delete", str(app.id), "--confirm", "checkout").code == 5


def test_deleting_asks_where_there_is_a_terminal_only(app: App) -> None:
    run = alter("apps", "delete", str(app.id))
    assert (run.code, "--confirm NAME" in run.err) == (2, True)


def test_members_are_listed(app: App) -> None:
    output = alter("apps", "members", "--output", "json").json
    assert [(row["email"], row["role"]) for row in output] == [("admin@example.com", "admin")]
    assert list(output[0]) == list(MEMBER.fields)


def test_apps_are_created_and_listed_by_environment(app: App) -> None:
    assert alter("apps", "create", "--name", "shop", "--environment", "test").json["environment"] == "test"
    listed = alter("apps", "list", "--environment", "test", "--output", "json").json
    assert [row["name"] for row in listed] == ["shop"]
