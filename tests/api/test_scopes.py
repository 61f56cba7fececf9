"""An app's own scopes through /api/v1: read, published, changed one by one, removed with care."""

from typing import Any

import pytest

from agents.models import App
from audit.models import Event
from keys.catalogue.store import catalogue_of
from tests.api.program import Program, error
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.keys.catalogue.catalogues import OPENAPI, ORDERS, published

pytestmark = pytest.mark.django_db


def scopes_of(app: App, path: str = "") -> str:
    """The address of the scopes of `app`."""
    return f"/apps/{app.id}/scopes{path}"


def names(answer: Any, source: str = "app") -> list[str]:
    """The names of the scopes that `source` defines."""
    return [scope["name"] for scope in answer.json()["scopes"] if scope["source"] == source]


def test_an_app_begins_with_built_in_scopes_and_the_preset(app: App, by_developer: Program) -> None:
    answer = by_developer.get(scopes_of(app))
    body = answer.json()
    assert (body["version"], body["preset"], names(answer)) == (1, True, [])
    assert "keys:derive" in names(answer, "built-in")
    assert "grants:read" in names(answer, "preset")


def test_a_document_is_published_and_read_back(app: App, by_admin: Program) -> None:
    sent = {"version": 1, "document": ORDERS, "reason": "Our API"}
    answer = by_admin.send("PUT", scopes_of(app), sent)
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert names(answer)[:4] == ["orders:read", "orders:write", "orders:owner", "invoices:read"]
    read = by_admin.get(scopes_of(app)).json()
    again = by_admin.send("PUT", scopes_of(app), {"version": 2, "document": read["document"]})
    assert again.json() == read
    assert Event.objects.filter(action="scopes.publish", reason="Our API").count() == 1


def test_who_publishes_over_somebody_is_told(app: App, by_admin: Program) -> None:
    published(app)
    answer = by_admin.send("PUT", scopes_of(app), {"version": 1, "document": ORDERS})
    assert error(answer) == (409, "stale_catalogue")
    assert answer.json()["current_version"] == 2


def test_what_is_wrong_in_a_document_is_named(app: App, by_admin: Program) -> None:
    document = {"resources": [{"name": "orders"}, {"name": "keys"}]}
    answer = by_admin.send("PUT", scopes_of(app), {"version": 1, "document": document})
    assert error(answer) == (422, "reserved_scope")
    assert answer.json()["fields"][0]["field"] == "resources.1.name"


def test_scopes_are_added_changed_and_removed_one_by_one(app: App, by_admin: Program) -> None:
    put = lambda path, body: by_admin.send("PUT", scopes_of(app, path), body)  # noqa: E731
    assert names(put("/resources/orders", {"description": "Orders"})) == [
        "orders:read",
        "orders:write",
        "orders:admin",
    ]
    assert names(put("/orders:audit", {"position": 1, "kind": "level"}))[1] == "orders:audit"
    assert "exports:create" in names(put("/exports:create", {"description": "Export"}))
    deprecated = put("/orders:audit", {"deprecated": "Use orders:read."}).json()["scopes"]
    assert {each["name"]: each["deprecated"] for each in deprecated}["orders:audit"] == "Use orders:read."
    removed = by_admin.post(scopes_of(app, "/orders:audit/remove"))
    assert "orders:audit" not in names(removed)
    assert names(by_admin.post(scopes_of(app, "/resources/orders/remove"))) == ["exports:create"]
    assert removed.json()["version"] == 6


def test_a_scope_that_is_held_is_removed_only_if_that_is_said(app: App, by_admin: Program) -> None:
    published(app, ORDERS | {"preset": True})
    key, secret = opened(minted(app))
    ask(secret, "grants:read")
    usage = by_admin.get(scopes_of(app, "/grants:read/usage")).json()
    assert (usage["active_keys"], usage["key_prefixes"]) == (1, [key.prefix])
    assert (usage["requests"], usage["recent_keys"], usage["is_complete"]) == (1, [key.name], True)
    refused = by_admin.send("PUT", scopes_of(app, "/preset"), {"preset": False})
    assert error(refused) == (409, "scope_in_use")
    assert refused.json()["in_use"] == {"grants:read": 1}
    done = by_admin.send("PUT", scopes_of(app, "/preset"), {"preset": False, "even_in_use": True})
    assert (done.status_code, done.json()["preset"]) == (200, False)


def test_nothing_is_told_of_a_scope_that_is_not_there(app: App, by_admin: Program) -> None:
    assert error(by_admin.get(scopes_of(app, "/orders:read/usage"))) == (404, "scope_not_found")


def test_versions_are_listed_and_one_comes_back(app: App, by_admin: Program) -> None:
    published(app, reason="First")
    by_admin.post(scopes_of(app, "/refunds:create/remove"), {"reason": "Second"})
    versions = by_admin.get(scopes_of(app, "/versions")).json()
    assert [(each["version"], each["reason"]) for each in versions["items"]] == [(3, "Second"), (2, "First")]
    restored = by_admin.post(scopes_of(app, "/versions/2/restore"))
    assert (restored.json()["version"], "refunds:create" in names(restored)) == (4, True)
    assert error(by_admin.post(scopes_of(app, "/versions/9/restore"))) == (404, "scope_not_found")


def test_a_mint_template_is_the_apps_own(app: App, by_admin: Program) -> None:
    published(app)
    wanted = {"label": "Nightly job", "scopes": ["orders:read"], "expires": "7d"}
    answer = by_admin.send("PUT", scopes_of(app, "/templates/nightly"), wanted)
    assert {"name": "nightly", "rate_limit_rpm": None, **wanted} in answer.json()["templates"]
    answer = by_admin.post(scopes_of(app, "/templates/nightly/remove"))
    assert "nightly" not in [each["name"] for each in answer.json()["templates"]]


def test_a_key_is_minted_with_scopes_of_its_own_app_alone(
    app: App, other_app: App, by_admin: Program
) -> None:
    published(app)
    body = {"name": "orders", "scopes": ["orders:write"]}
    assert by_admin.post(f"/apps/{app.id}/keys", body).status_code == 201
    answer = by_admin.post(f"/apps/{other_app.id}/keys", body)
    assert error(answer) == (422, "unknown_scope")
    typo = by_admin.post(f"/apps/{app.id}/keys", body | {"scopes": ["orders:wirte"]})
    assert "Did you mean orders:write" in typo.json()["message"]


def test_an_agents_key_has_of_the_usual_scopes_those_there_are(app: App, by_admin: Program) -> None:
    published(app)
    answer = by_admin.post(f"/apps/{app.id}/agents", {"name": "bot"})
    agent = answer.json()["id"] if "id" in answer.json() else answer.json()["agent"]["id"]
    key = App.objects.get(id=app.id).keys.get(agent_id=agent)
    assert key.scopes == sorted(["keys:admin", "keys:derive", "audit:emit", "spans:emit"])
    assert catalogue_of(key.app).version == key.scope_version == 2


def test_an_openapi_document_is_taken_over_after_a_look(app: App, by_admin: Program) -> None:
    published(app)
    seen = by_admin.post(scopes_of(app, "/import"), {"document": OPENAPI}).json()
    assert {each["name"]: each["change"] for each in seen["changes"]} == {
        "exports:create": "added",
        "shipments:read": "added",
        "shipments:write": "added",
        "orders:write": "described",
        "orders:owner": "removed",
        "invoices:read": "removed",
        "invoices:write": "removed",
        "invoices:admin": "removed",
        "orders:list": "removed",
        "refunds:create": "removed",
    }
    assert (list(seen["skipped"]), seen["renamed"]) == (["keys:read"], {"shipments.read": "shipments:read"})
    assert seen["published_version"] is None
    done = by_admin.post(scopes_of(app, "/import"), {"document": OPENAPI, "publish": True}).json()
    assert done["published_version"] == 3
    app.refresh_from_db()
    assert {"orders:list", "shipments:read"} <= set(catalogue_of(app).definitions)


def test_a_change_that_the_document_does_not_make_is_named(app: App, by_admin: Program) -> None:
    answer = by_admin.post(scopes_of(app, "/import"), {"document": OPENAPI, "scopes": ["orders:fly"]})
    assert (error(answer), "orders:fly" in answer.json()["message"]) == ((422, "validation_error"), True)
