"""`manage.py create_app`: an app from the shell."""

import pytest

from agents.models import App
from audit.models import Event
from tests.shell import Said


def test_the_id_alone_is_printed(db: None) -> None:
    result = Said("create_app", "--name", "ledger")
    assert result.out.strip() == str(App.objects.get(name="ledger").id)


def test_a_machine_reads_an_object(db: None) -> None:
    result = Said("create_app", "--name", "ledger", "--description", "Books", "--json")
    made = App.objects.get(name="ledger")
    assert result.json == {"id": str(made.id), "name": "ledger", "environment": "live"}
    assert made.description == "Books"


def test_an_app_for_trials_is_made_as_a_test_app(db: None) -> None:
    said = Said("create_app", "--name", "sandbox", "--environment", "test", "--json")
    assert (said.json["environment"], App.objects.get().environment) == ("test", "test")


def test_the_shell_is_on_record(db: None) -> None:
    Said("create_app", "--name", "ledger")
    event = Event.objects.get()
    assert (event.action, event.actor_kind, event.via) == ("app.create", "shell", "shell")
    assert event.actor_label.endswith(" (server command line)")


def test_a_name_in_use_is_a_conflict(app: App) -> None:
    result = Said("create_app", "--name", "Checkout")
    assert (result.code, result.out) == (5, "")
    assert "Another app has this name" in result.err


@pytest.mark.parametrize("name", ["", "x" * 81, "a\u200bb"])
def test_a_bad_name_is_wrong_usage(db: None, name: str) -> None:
    result = Said("create_app", "--name", name)
    assert (result.code, App.objects.count()) == (2, 0)


def test_a_key_in_a_description_is_cut_to_its_prefix(db: None) -> None:
    Said("create_app", "--name", "ledger", "--description", "uses alter_key_app_x7Kd2mQp" + "A" * 28)
    assert App.objects.get().description == "uses alter_key_app_x7Kd2mQp[redacted]"
