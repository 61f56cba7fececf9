"""`alter link`: which app is meant in a folder, and what wins over it."""

import json
from pathlib import Path

import pytest

from agents.models import App
from tests.alter.running import alter
from tests.factories import minted

NOBODYS = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
LINK = Path(".alter/config.json")


@pytest.fixture(autouse=True)
def unnamed(signed_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No app but the linked one."""
    monkeypatch.delenv("ALTER_APP_ID")


def test_a_linked_folder_means_its_app_below_as_well(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    minted(app, name="worker")
    alter("link", str(app.id))
    Path("src/deep").mkdir(parents=True)
    monkeypatch.chdir("src/deep")
    assert alter("keys", "list", "--fields", "name").json == [{"name": "worker"}]


def test_the_link_holds_the_apps_id_and_nothing_else(app: App) -> None:
    run = alter("link", str(app.id))
    assert (run.out, run.err) == ("", "This folder is linked to checkout.\n")
    assert json.loads(LINK.read_text()) == {"app_id": str(app.id)}


def test_an_app_that_does_not_exist_is_not_linked() -> None:
    assert (alter("link", NOBODYS).code, LINK.exists()) == (4, False)


def test_the_environment_wins_over_the_link_and_the_flag_over_both(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    alter("link", str(app.id))
    monkeypatch.setenv("ALTER_APP_ID", NOBODYS)
    assert alter("keys", "list").code == 4
    assert alter("keys", "list", "--app", str(app.id)).code == 0
    assert alter("--app", str(app.id), "keys", "list").code == 0


def test_unlinking_removes_the_file_and_its_folder(app: App) -> None:
    alter("link", str(app.id))
    assert (alter("unlink").code, Path(".alter").exists()) == (0, False)
    assert (alter("unlink").code, alter("keys", "list").code) == (4, 2)


@pytest.mark.parametrize("content", ["{}", '{"app_id": 7}', '{"app_id": "../../me"}'])
def test_a_link_that_names_no_app_is_usage(content: str) -> None:
    LINK.parent.mkdir()
    LINK.write_text(content)
    run = alter("keys", "list")
    assert (run.code, str(LINK) in run.error) == (2, True)
