"""An audited row cannot be written behind the record's back, whatever it is and however one tries."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps

from agents.actions import CREATE_AGENT, CREATE_APP, UPDATE_APP
from agents.models import Agent, App
from audit.actors import shell
from audit.change import change
from audit.guard import UnauditedWrite
from audit.models import Audited, Event

AUDITED = [model for model in apps.get_models() if issubclass(model, Audited)]
EVERY_MODEL = pytest.mark.parametrize("model", AUDITED, ids=lambda model: model.__name__)
BULK: dict[str, Callable[[Any], object]] = {
    "update": lambda model: model.objects.update(id=None),
    "filtered update": lambda model: model.objects.filter(id=None).update(id=None),
    "delete": lambda model: model.objects.all().delete(),
    "bulk_create": lambda model: model.objects.bulk_create([model()]),
    "bulk_update": lambda model: model.objects.bulk_update([model()], ["id"]),
}

pytestmark = pytest.mark.django_db


def test_there_are_audited_models() -> None:
    assert {model.__name__ for model in AUDITED} >= {"App", "Agent", "ApiKey", "Membership", "Invitation"}


@EVERY_MODEL
def test_no_row_is_saved_unseen(model: type[Audited]) -> None:
    with pytest.raises(UnauditedWrite, match=model.__name__):
        model().save()


@EVERY_MODEL
def test_no_row_is_ever_deleted(model: type[Audited]) -> None:
    with pytest.raises(UnauditedWrite, match="never deleted"):
        model().delete()


@EVERY_MODEL
@pytest.mark.parametrize("how", BULK)
def test_no_rows_are_written_in_bulk(model: type[Audited], how: str) -> None:
    with pytest.raises(UnauditedWrite, match=model.__name__):
        BULK[how](model)


def test_no_row_is_created_by_its_manager() -> None:
    with pytest.raises(UnauditedWrite):
        App.objects.create(name="checkout")


def test_no_row_is_written_by_way_of_another(app: App) -> None:
    with pytest.raises(UnauditedWrite):
        app.agents.update(name="other")


def test_a_row_cannot_be_saved_after_its_change(app: App) -> None:
    with change(shell(), UPDATE_APP, on=app):
        pass
    with pytest.raises(UnauditedWrite):
        app.save()


def test_a_change_of_one_row_does_not_cover_another(app: App, other_app: App) -> None:
    with pytest.raises(UnauditedWrite), change(shell(), UPDATE_APP, on=app):
        other_app.save()


def test_a_change_does_not_cover_another_object_of_the_same_row(app: App) -> None:
    with pytest.raises(UnauditedWrite), change(shell(), UPDATE_APP, on=app):
        App.objects.get(pk=app.pk).save()


def test_an_unseen_save_undoes_the_change_around_it(app: App, other_app: App) -> None:
    with pytest.raises(UnauditedWrite), change(shell(), UPDATE_APP, on=app):
        app.name = "renamed"
        app.save()
        other_app.save()
    app.refresh_from_db()
    assert app.name == "checkout"
    assert not Event.objects.filter(action="app.update").exists()


def test_a_change_within_a_change_covers_both_rows(app: App) -> None:
    agent = Agent(app=app, name="refund-agent")
    with change(shell(), UPDATE_APP, on=app) as act, change(shell(), CREATE_AGENT, on=agent, cause=act):
        agent.save()
        app.save()
    assert Event.objects.get(action="agent.create").cause_id == Event.objects.get(action="app.update").id


def test_a_new_row_is_saved_within_its_change() -> None:
    app = App(name="checkout")
    with change(shell(), CREATE_APP, on=app):
        app.save()
    assert App.objects.get() == app
