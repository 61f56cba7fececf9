"""change(): asks, locks, lets the verb work, and records it in the same transaction."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from agents.actions import CREATE_AGENT, CREATE_APP, UPDATE_APP
from agents.models import Agent, App
from audit.actions import EXPORT
from audit.actors import Actor, Origin, shell
from audit.change import REASON_LENGTH, change, hold, record
from audit.models import Event
from core.clock import at
from core.errors import NotAllowed, NotFound
from portal.models import User
from tests.audit.records import NOON

Acting = Callable[[User, App | None], Actor]
NOBODY = Actor("person", "1", "Nobody", frozenset(), Origin("page"))


def rename(app: App, name: str, actor: Actor | None = None, reason: str = "") -> Event:
    """Change an app's name; the event that tells of it."""
    with change(actor or shell(), UPDATE_APP, on=app, reason=reason) as act:
        app.name = name
        app.save()
    return Event.objects.get(id=act.id)


def test_a_change_is_told_before_and_after(app: App) -> None:
    assert rename(app, "payments").changes == {"name": ["checkout", "payments"]}


def test_a_new_row_is_told_from_nothing(db: None) -> None:
    app = App(name="checkout")
    with change(shell(), CREATE_APP, on=app):
        app.save()
    assert Event.objects.get().changes["name"] == [None, "checkout"]


def test_an_event_tells_who_did_it(app: App, admin: User, acting: Acting) -> None:
    event = rename(app, "payments", acting(admin, app))
    assert (event.actor_kind, event.actor_id) == ("person", str(admin.pk))
    assert event.actor_label == "Admin <admin@example.com>"


def test_an_event_tells_from_where(app: App, admin: User, acting: Acting) -> None:
    event = rename(app, "payments", acting(admin, app))
    assert (event.via, event.ip, event.user_agent, event.request_id) == (
        "page",
        "203.0.113.9",
        "pytest",
        "req-1",
    )


def test_an_event_tells_on_what(app: App) -> None:
    event = rename(app, "payments")
    assert (event.action, event.app_id, event.target_kind, event.target_id) == (
        "app.update",
        app.id,
        "app",
        str(app.id),
    )


def test_an_event_names_its_target_as_it_was_left(app: App) -> None:
    assert rename(app, "payments").target_label == "payments"


def test_an_event_tells_when(app: App) -> None:
    with at(NOON):
        assert rename(app, "payments").at == NOON


def test_a_block_that_saves_nothing_is_no_event(app: App) -> None:
    with change(shell(), UPDATE_APP, on=app):
        pass
    assert not Event.objects.filter(action="app.update").exists()


def test_a_block_that_fails_leaves_neither_change_nor_event(app: App) -> None:
    with pytest.raises(RuntimeError), change(shell(), UPDATE_APP, on=app):
        app.name = "payments"
        app.save()
        raise RuntimeError
    app.refresh_from_db()
    assert (app.name, Event.objects.filter(action="app.update").count()) == ("checkout", 0)


def test_an_event_that_cannot_be_written_takes_its_change_along(app: App) -> None:
    with pytest.raises(TypeError), change(shell(), UPDATE_APP, on=app) as act:
        app.name = "payments"
        app.save()
        act.note(unwritable=object())
    app.refresh_from_db()
    assert app.name == "checkout"


def test_without_the_permission_the_block_does_not_begin(app: App) -> None:
    reached = False
    with pytest.raises(NotAllowed), change(NOBODY, UPDATE_APP, on=app):
        reached = True
    assert not reached


def test_another_apps_row_is_not_there(app: App, other_app: App, admin: User, acting: Acting) -> None:
    with pytest.raises(NotFound):
        rename(other_app, "mine", acting(admin, app))


def test_a_row_that_is_gone_is_not_there(app: App) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM agents_app")
    with pytest.raises(NotFound):
        rename(app, "payments")


def test_a_stale_row_is_brought_up_to_date_first(app: App) -> None:
    stale = App.objects.get(pk=app.pk)
    rename(app, "payments")
    assert rename(stale, "billing").changes == {"name": ["payments", "billing"]}


def test_what_was_set_before_the_block_is_not_saved(app: App) -> None:
    app.description = "set too early"
    assert "description" not in rename(app, "payments").changes


def test_a_reason_is_kept_on_one_line(app: App) -> None:
    assert rename(app, "payments", reason="because\r\nof this").reason == "because of this"


def test_a_key_in_a_reason_is_cut_to_its_prefix(app: App) -> None:
    reason = rename(app, "payments", reason="leaked alter_key_app_" + "Example0" + "a" * 28).reason
    assert reason == "leaked alter_key_app_Example0[redacted]"


def test_a_reason_fits_its_column(app: App) -> None:
    assert len(rename(app, "payments", reason="a" * 900).reason) == REASON_LENGTH


def test_what_a_verb_notes_is_told(app: App) -> None:
    with change(shell(), UPDATE_APP, on=app) as act:
        act.note(forced=True)
        app.save()
    assert Event.objects.get(id=act.id).facts == {"forced": True}


def test_what_follows_names_its_cause_and_asks_no_permission_of_its_own(app: App) -> None:
    agent = Agent(app=app, name="refund-agent")
    allowed = Actor("person", "1", "Admin", {UPDATE_APP.needs}, Origin("page"), app.id)
    with change(allowed, UPDATE_APP, on=app) as act:
        app.save()
        with change(allowed, CREATE_AGENT, on=agent, cause=act):
            agent.save()
    assert Event.objects.get(action="agent.create").cause_id == act.id


def test_an_act_that_changes_no_row_is_recorded(app: App) -> None:
    event = record(shell(), EXPORT, reason="for the auditors", app_id=app.id, target_kind="log")
    assert (event.action, event.reason, event.changes) == ("audit.export", "for the auditors", {})


def test_an_act_that_changes_no_row_needs_its_permission(db: None) -> None:
    with pytest.raises(NotAllowed):
        record(NOBODY, EXPORT)


def test_holding_brings_a_row_up_to_date(app: App) -> None:
    stale = App.objects.get(pk=app.pk)
    rename(app, "payments")
    with hold(stale):
        assert stale.name == "payments"


def test_holding_nothing_is_allowed(db: None) -> None:
    with hold(None):
        pass


def test_holding_a_row_that_is_gone_is_refused(app: App) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM agents_app")
    with pytest.raises(NotFound), hold(app):
        pass


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_changes_of_one_row_wait_for_each_other(app: App) -> None:
    """Each of many appends a letter to the name it finds: none is lost."""

    def append(letter: str) -> None:
        mine = App.objects.get(pk=app.pk)
        with change(shell(), UPDATE_APP, on=mine):
            mine.name += letter
            mine.save()
        connection.close()

    threads = [threading.Thread(target=append, args=[letter]) for letter in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    app.refresh_from_db()
    assert sorted(app.name.removeprefix("checkout")) == list("abcdefgh")
