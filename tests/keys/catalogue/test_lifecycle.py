"""Publishing scopes: one event each, nothing half done, and nobody's keys emptied unseen."""

from functools import partial
from typing import Any

import pytest

from agents.models import App
from audit.actors import Actor, shell
from audit.models import Event
from core.errors import NotAllowed
from keys.catalogue import edits, lifecycle
from keys.catalogue.builtin import DEFAULT
from keys.catalogue.document import MintTemplateDocument
from keys.catalogue.models import CatalogueVersion
from keys.catalogue.store import catalogue_of
from keys.errors import ReservedScope, ScopeInUse, ScopeNotFound, StaleCatalogue
from keys.lifecycle import mint, revoke
from keys.models import ApiKey
from portal.models import User
from tests.factories import minted
from tests.keys.catalogue.catalogues import ORDERS, published

pytestmark = pytest.mark.django_db


def edited(app: App, change: Any, *values: Any, **choices: Any) -> Any:
    """The catalogue after one change of its document."""
    options = {name: choices.pop(name) for name in ("even_in_use", "reason", "seen") if name in choices}
    return lifecycle.edit(shell(), app, lambda draft: change(draft, *values, **choices), **options)


def orders_key(app: App, scope: str = "orders:write") -> ApiKey:
    """A key of `app` with a scope of its own catalogue."""
    return mint(shell(), app, name="orders", scopes=catalogue_of(app).parse([scope])).key


def test_an_app_begins_with_the_preset(app: App) -> None:
    assert catalogue_of(app) is DEFAULT
    assert "grants:read" in DEFAULT.definitions


def test_publishing_is_one_event_with_what_changed(app: App) -> None:
    published(app, reason="go")
    event = Event.objects.filter(action="scopes.publish").get()
    assert (event.target_id, event.reason, event.facts["version"]) == (str(app.id), "go", 2)
    assert "orders:read" in event.facts["added"]
    assert "grants:read" in event.facts["removed"]
    assert event.changes["catalogue"][0] is None


def test_publishing_the_same_again_is_nothing(app: App) -> None:
    published(app)
    assert published(app).version == 2
    assert Event.objects.filter(action="scopes.publish").count() == 1


def test_a_version_that_was_overtaken_is_refused(app: App) -> None:
    published(app)
    with pytest.raises(StaleCatalogue) as refused:
        published(app, {"preset": True}, seen=1)
    assert refused.value.details == {"current_version": 2}
    assert catalogue_of(app).version == 2


def test_a_document_that_cannot_be_taken_changes_nothing(app: App) -> None:
    with pytest.raises(ReservedScope):
        published(app, {"resources": [{"name": "orders"}, {"name": "keys"}]})
    assert catalogue_of(app) is DEFAULT
    assert not CatalogueVersion.objects.exists()


def test_a_scope_that_keys_hold_is_not_removed_unseen(app: App) -> None:
    published(app)
    key = orders_key(app, "orders:write:o1")
    with pytest.raises(ScopeInUse) as refused:
        edited(app, edits.remove_scope, "orders:write")
    assert refused.value.details == {"in_use": {"orders:write": 1}, "keys": [key.prefix]}
    edited(app, edits.remove_scope, "orders:write", even_in_use=True)
    assert "orders:write" not in catalogue_of(app).definitions


def test_a_resource_whose_level_keys_hold_is_not_removed_unseen(app: App) -> None:
    published(app)
    orders_key(app)
    with pytest.raises(ScopeInUse):
        edited(app, edits.remove_resource, "orders")
    with pytest.raises(ScopeInUse):
        edited(app, edits.set_resource, "orders", levels=["read", "owner"])


def test_a_scope_that_only_ended_keys_hold_is_removed(app: App) -> None:
    published(app)
    revoke(shell(), orders_key(app))
    edited(app, edits.remove_scope, "orders:write")


def test_the_preset_is_taken_off_when_nobody_holds_it(app: App) -> None:
    key = minted(app).key
    with pytest.raises(ScopeInUse):
        edited(app, edits.set_preset, False)
    revoke(shell(), key)
    assert "grants:read" not in edited(app, edits.set_preset, False).definitions


def test_a_key_remembers_the_version_it_was_minted_under(app: App) -> None:
    before = minted(app).key
    published(app, ORDERS | {"preset": True})
    assert (before.scope_version, orders_key(app).scope_version) == (1, 2)


def test_levels_move_and_what_they_include_moves_with_them(app: App) -> None:
    published(app)
    key = orders_key(app, "orders:write")
    edited(app, edits.set_scope, "orders:read", position=2)
    app.refresh_from_db()
    read = catalogue_of(app).parse(["orders:read"])
    assert not ApiKey.objects.get(pk=key.pk).scope_set.missing(catalogue_of(app).parse(["orders:write"]))
    assert ApiKey.objects.get(pk=key.pk).scope_set.missing(read)


def test_a_scope_is_added_where_it_belongs(app: App) -> None:
    published(app)
    edited(app, edits.set_scope, "orders:audit", description="Read the history", position=1)
    edited(app, edits.set_scope, "exports:create", description="Export")
    edited(app, edits.set_scope, "reports:read", as_action=False)
    catalogue = edited(app, edits.set_resource, "shipments", "Shipments")
    assert catalogue.resource("orders").verbs == ("read", "audit", "write", "owner")
    assert catalogue.resource("reports").verbs == ("read",)
    assert catalogue.resource("shipments").verbs == ("read", "write", "admin")
    assert catalogue.definitions["exports:create"].description == "Export"


def test_a_deprecated_scope_is_granted_and_says_what_to_use(app: App) -> None:
    published(app)
    catalogue = edited(app, edits.set_scope, "orders:write", deprecated="Use orders:owner.")
    scopes = catalogue.parse(["orders:write", "invoices:read"])
    assert [each.deprecated for each in catalogue.deprecated(scopes)] == ["Use orders:owner."]
    assert not edited(app, edits.set_scope, "orders:write", deprecated="").deprecated(scopes)


def test_templates_are_the_apps_own_from_the_first_on(app: App) -> None:
    published(app)
    job = MintTemplateDocument(name="job", label="Nightly job", scopes=["orders:read", "orders:list"])
    catalogue = edited(app, edits.set_template, job)
    assert [template.name for template in catalogue.templates] == ["service", "agent", "ci", "job"]
    catalogue = edited(app, edits.remove_template, "agent")
    assert [template.name for template in catalogue.templates] == ["service", "ci", "job"]
    catalogue = edited(app, edits.remove_scope, "orders:list")
    assert catalogue.templates[-1].scopes == ("orders:read",)


@pytest.mark.parametrize(
    "change",
    [
        partial(edits.remove_scope, name="orders:fly"),
        partial(edits.remove_scope, name="agents:read"),
        partial(edits.remove_resource, name="keys"),
        partial(edits.remove_template, name="none"),
    ],
)
def test_what_an_app_does_not_define_it_cannot_remove(app: App, change: Any) -> None:
    published(app)
    with pytest.raises(ScopeNotFound):
        lifecycle.edit(shell(), app, change)


def test_an_earlier_version_comes_back_as_the_next(app: App) -> None:
    published(app)
    edited(app, edits.remove_scope, "refunds:create")
    again = lifecycle.restore(shell(), app, 2, seen=3)
    assert again.version == 4
    assert "refunds:create" in again.definitions
    assert lifecycle.restore(shell(), app, 1, seen=4).definitions.keys() == DEFAULT.definitions.keys()
    with pytest.raises(ScopeNotFound):
        lifecycle.restore(shell(), app, 99, seen=5)


def test_only_who_may_change_the_app_publishes(app: App, developer: User, acting: Any) -> None:
    actor: Actor = acting(developer, app)
    with pytest.raises(NotAllowed):
        lifecycle.publish(actor, app, ORDERS, seen=1)
