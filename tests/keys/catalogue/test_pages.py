"""The pages of an app's scopes, as admins change them and developers read them."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from agents.models import App
from audit.actors import shell
from audit.models import Event
from keys.catalogue.store import catalogue_of
from keys.lifecycle import mint
from portal.models import User
from tests.cast import prove
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.keys.catalogue.catalogues import OPENAPI, ORDERS, published

pytestmark = pytest.mark.django_db
LEVELS = "read List orders\nwrite: Change orders\nowner"


@pytest.fixture
def window(client: Client, admin: User) -> Client:
    """A browser of an admin."""
    client.force_login(admin)
    prove(client, admin)
    return client


def to(app: App, name: str, *args: Any) -> str:
    """The address of a page about the scopes of `app`."""
    return reverse(name, args=[app.id, *args])


def text(answer: Any) -> str:
    """What a page says."""
    return str(answer.content.decode())


def scopes_of(app: App) -> list[str]:
    """The scopes that the app itself defines, as they are now."""
    app.refresh_from_db()
    return [name for name, each in catalogue_of(app).definitions.items() if each.source == "app"]


def test_a_resource_is_added_with_its_levels(app: App, window: Client) -> None:
    assert "no scopes of its own yet" in text(window.get(to(app, "scopes")))
    form = {"seen": 1, "name": "orders", "description": "Orders", "levels": LEVELS, "reason": "Our API"}
    assert window.post(to(app, "scope-resource-new"), form).status_code == 302
    assert scopes_of(app) == ["orders:read", "orders:write", "orders:owner"]
    page = text(window.get(to(app, "scopes")))
    assert "Change orders" in page and "Level 3, includes write" in page and "“Our API”" in page
    assert Event.objects.get(action="scopes.publish").reason == "Our API"


def test_levels_are_reordered_and_keep_their_deprecation(app: App, window: Client) -> None:
    published(app)
    window.post(to(app, "scope-edit", "orders:write"), {"seen": 2, "deprecated": "Use orders:owner."})
    page = text(window.get(to(app, "scope-resource", "orders")))
    assert "owner Delete orders" in page
    form = {"seen": 3, "levels": "owner Delete orders\nwrite Change orders\nread List"}
    assert window.post(to(app, "scope-resource", "orders"), form).status_code == 302
    assert scopes_of(app)[:3] == ["orders:owner", "orders:write", "orders:read"]
    assert catalogue_of(app).definitions["orders:write"].deprecated == "Use orders:owner."


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": "Orders", "levels": "read"}, "Use lower case: orders"),
        ({"name": "keys", "levels": "read"}, "built-in scope"),
        ({"name": "grants", "levels": "read"}, "preset alter-sdk"),
        ({"name": "orders", "levels": ""}, "This field is required"),
        ({"name": "orders", "levels": "read\nread"}, "defined twice"),
        ({"name": "orders", "levels": "READ"}, "Use lower case: read"),
    ],
)
def test_what_is_wrong_stands_at_its_field(app: App, window: Client, form: dict[str, Any], says: str) -> None:
    answer = window.post(to(app, "scope-resource-new"), {"seen": 1, **form})
    assert answer.status_code == 422
    assert says in text(answer)
    assert not scopes_of(app)


def test_who_was_overtaken_is_told(app: App, window: Client) -> None:
    published(app)
    form = {"seen": 1, "name": "refunds:approve"}
    answer = window.post(to(app, "scope-new"), form)
    assert answer.status_code == 409
    assert "Someone else published scopes" in text(answer)


def test_an_action_is_added_described_and_removed(app: App, window: Client) -> None:
    published(app)
    window.post(to(app, "scope-new"), {"seen": 2, "name": "refunds:approve", "description": "Approve"})
    window.post(to(app, "scope-edit", "refunds:approve"), {"seen": 3, "description": "Approve a refund"})
    assert catalogue_of(App.objects.get()).definitions["refunds:approve"].description == "Approve a refund"
    assert window.post(to(app, "scope-remove", "refunds:approve"), {"seen": 4}).status_code == 302
    assert "refunds:approve" not in scopes_of(app)


def test_before_a_scope_is_removed_it_is_shown_who_holds_it_and_who_called(app: App, window: Client) -> None:
    published(app)
    key, secret = opened(mint(shell(), app, name="nightly", scopes=catalogue_of(app).parse(["orders:write"])))
    ask(secret, "orders:write")
    page = text(window.get(to(app, "scope-remove", "orders:write")))
    assert "1 key" in page and "With nightly" in page
    refused = window.post(to(app, "scope-remove", "orders:write"), {"seen": 2})
    assert refused.status_code == 409
    assert "orders:write" in scopes_of(app)
    window.post(to(app, "scope-remove", "orders:write"), {"seen": 2, "even_in_use": "on"})
    assert "orders:write" not in scopes_of(app)


def test_a_level_that_is_held_is_taken_from_a_resource_only_if_that_is_said(app: App, window: Client) -> None:
    published(app)
    mint(shell(), app, name="nightly", scopes=catalogue_of(app).parse(["orders:write"]))
    form = {"seen": 2, "levels": "read\nowner"}
    refused = window.post(to(app, "scope-resource", "orders"), form)
    assert "Remove them all the same" in text(refused)
    window.post(to(app, "scope-resource", "orders"), form | {"even_in_use": "on"})
    assert "orders:write" not in scopes_of(app)


def test_the_preset_is_one_click_to_take_off(app: App, window: Client) -> None:
    assert "Remove preset…" in text(window.get(to(app, "scopes")))
    window.post(to(app, "scopes-preset"), {"seen": 1})
    app.refresh_from_db()
    assert not catalogue_of(app).has_preset
    window.post(to(app, "scopes-preset"), {"seen": 2})
    app.refresh_from_db()
    assert catalogue_of(app).has_preset


def test_an_earlier_version_is_compared_and_published_again(app: App, window: Client) -> None:
    published(app)
    published(app, {"preset": False})
    page = text(window.get(to(app, "scopes-version", 2)))
    assert "orders:read" in page and "Added" in page
    window.post(to(app, "scopes-restore", 2), {"seen": 3, "reason": "Back"})
    assert "orders:read" in scopes_of(app)
    assert window.get(to(app, "scopes-version", 1)).status_code == 200
    assert window.get(to(app, "scopes-version", 9)).status_code == 404


def test_a_mint_template_fills_in_the_mint_form(app: App, window: Client) -> None:
    published(app)
    form = {"seen": 2, "name": "nightly", "label": "Nightly job", "scopes": "orders:write", "expires": "7d"}
    assert window.post(to(app, "scope-template-new"), form).status_code == 302
    page = text(window.get(to(app, "key-mint") + "?purpose=nightly"))
    assert 'name="scope_orders" value="write" id="id_scope_orders_2" checked' in page.replace("  ", " ")
    wrong = window.post(to(app, "scope-template-new"), form | {"seen": 3, "scopes": "orders:fly"})
    assert (wrong.status_code, "Unknown scope" in text(wrong)) == (422, True)
    window.post(to(app, "scope-template-remove", "nightly"))
    assert "Nightly job" not in text(window.get(to(app, "scopes")))


def test_the_list_is_searched_and_counts(app: App, window: Client) -> None:
    published(app, ORDERS | {"preset": True})
    minted(app)
    page = text(window.get(to(app, "scopes") + "?q=REFUND&source=app"))
    assert "refunds:create" in page and "orders:read" not in page
    assert "No scopes found" in text(window.get(to(app, "scopes") + "?q=nothing"))
    assert window.get(to(app, "scopes") + "?source=stolen").status_code == 422


def test_a_developer_reads_and_changes_nothing(app: App, client: Client, developer: User) -> None:
    client.force_login(developer)
    prove(client, developer)
    page = text(client.get(to(app, "scopes")))
    assert "Add resource" not in page and "Remove preset" not in page
    assert client.post(to(app, "scopes-preset"), {"seen": 1}).status_code == 403


@pytest.mark.parametrize("name", ["agents:read", "orders:fly", "grants", "keys"])
def test_what_an_app_does_not_define_has_no_form(app: App, window: Client, name: str) -> None:
    published(app)
    assert window.get(to(app, "scope-remove", name)).status_code == 404
    assert window.get(to(app, "scope-edit", name)).status_code == 404


def test_an_openapi_document_is_previewed_and_then_published(app: App, window: Client) -> None:
    published(app)
    there = to(app, "scopes-import")
    page = text(window.post(there, {"seen": 2, "document": OPENAPI}))
    assert "shipments:write" in page and "List and read shipments" in page
    assert "<code>shipments.read</code> is kept as <code>shipments:read</code>" in page
    assert "Use another name in the document, for example api-keys:read" in page
    assert "Create, change and cancel orders" in page and "not in the document" in page
    assert len(scopes_of(app)) == 8
    chosen = ["shipments:write", "shipments:read", "orders:write", "exports:create"]
    form = {"seen": 2, "document": OPENAPI, "publish": "yes", "change": chosen, "reason": "From the document"}
    assert window.post(there, form).status_code == 302
    app.refresh_from_db()
    catalogue = catalogue_of(app)
    shipments = catalogue.resource("shipments")
    assert shipments and shipments.verbs == ("read", "write")
    assert catalogue.definitions["orders:write"].description == "Create, change and cancel orders"
    assert "orders:list" in catalogue.definitions and "exports:create" in catalogue.definitions


def test_a_document_is_taken_from_a_file(app: App, window: Client) -> None:
    file = SimpleUploadedFile("orders.yaml", OPENAPI.encode())
    assert "shipments:write" in text(window.post(to(app, "scopes-import"), {"seen": 1, "file": file}))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("", "Choose a file, or paste the document"),
        ("<html></html>", "OpenAPI"),
        ('{"openapi": "2.9"}', "3.0.x or 3.1.x"),
        ("swagger: '2.0'", "Swagger 2.0"),
    ],
)
def test_what_is_no_openapi_document_is_said_in_a_sentence(
    app: App, window: Client, document: str, says: str
) -> None:
    answer = window.post(to(app, "scopes-import"), {"seen": 1, "document": document})
    assert (answer.status_code, says in text(answer)) == (422, True), text(answer)


def test_what_the_document_lacks_is_removed_only_if_that_is_chosen_and_said(app: App, window: Client) -> None:
    published(app)
    mint(shell(), app, name="nightly", scopes=catalogue_of(app).parse(["orders:list"]))
    form = {"seen": 2, "document": OPENAPI, "publish": "yes", "change": ["orders:list"]}
    refused = window.post(to(app, "scopes-import"), form)
    assert (refused.status_code, "Remove them all the same" in text(refused)) == (409, True)
    window.post(to(app, "scopes-import"), form | {"even_in_use": "on"})
    assert "orders:list" not in scopes_of(app)
