"""Apps at the management API: list, create, show, change, archive, delete."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents import lifecycle
from agents.models import App
from audit.actors import shell
from audit.models import Event
from core.clock import at
from keys.models import ApiKey
from tests.api.program import Program, error, fields, last_act, named
from tests.factories import AgentFactory, AppFactory, minted

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def change(program: Program, app: App, **what: Any) -> Any:
    return program.patch(f"/apps/{app.id}", what)


def stored(app: App) -> App:
    return App.objects.get(id=app.id)


# ── list ────────────────────────────────────────────────────────────────────────────────────────────


def test_apps_are_listed_newest_first(by_admin: Program) -> None:
    for hour, name in enumerate(("old", "new")):
        with at(NOON + timedelta(hours=hour)):
            AppFactory.create(name=name, created_at=NOON + timedelta(hours=hour))
    assert [name for name in named(by_admin.get("/apps")) if name != "checkout"] == ["new", "old"]


def test_archived_apps_are_listed_if_asked_for(app: App, by_admin: Program) -> None:
    lifecycle.archive_app(shell(), app)
    assert named(by_admin.get("/apps")) == []
    assert named(by_admin.get("/apps", include_archived="true")) == ["checkout"]


def test_deleted_apps_are_not_listed_at_all(app: App, by_admin: Program) -> None:
    lifecycle.delete_app(shell(), app, confirm="checkout")
    assert named(by_admin.get("/apps", include_archived="true")) == []


def test_a_list_says_how_much_each_app_holds(app: App, by_admin: Program) -> None:
    AgentFactory.create(app=app)
    minted(app)
    told = by_admin.get("/apps").json()["items"][0]["stats"]
    assert told == {"keys_active": 1, "keys_total": 1, "agents": 1}


def test_a_list_can_do_without(app: App, by_admin: Program) -> None:
    assert by_admin.get("/apps", include_stats="false").json()["items"][0]["stats"] is None


def test_a_list_is_a_fixed_number_of_queries(
    app: App, by_admin: Program, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        minted(AppFactory.create(name=f"app {number}"))
    by_admin.get("/apps")
    with django_assert_num_queries(12):
        assert len(named(by_admin.get("/apps"))) == 6


# ── one ─────────────────────────────────────────────────────────────────────────────────────────────


def test_an_app_is_told_in_full(app: App, by_developer: Program) -> None:
    body = by_developer.get(f"/apps/{app.id}").json()
    assert body.pop("created_at").endswith("Z")
    assert body.pop("version") == app.etag
    assert body == {
        "id": str(app.id),
        "name": "checkout",
        "description": "",
        "website_url": "",
        "environment": "live",
        "max_keys": 100,
        "max_keys_per_agent": 25,
        "rate_limit_rpm": None,
        "max_derived_hours": 24,
        "signing": "required",
        "on_leaked_app_key": "notify",
        "on_leaked_agent_key": "notify",
        "on_leaked_derived_key": "revoke",
        "archived_at": None,
        "stats": None,
    }


def test_a_deleted_app_is_not_there(app: App, by_admin: Program) -> None:
    lifecycle.delete_app(shell(), app, confirm="checkout")
    assert error(by_admin.get(f"/apps/{app.id}")) == (404, "app_not_found")


# ── create ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_app_is_created_as_asked(by_admin: Program) -> None:
    asked = {"name": "billing", "description": "Bills.", "website_url": "https://billing.example.com"}
    answer = by_admin.post("/apps", asked)
    app = App.objects.get(id=answer.json()["id"])
    assert answer.status_code == 201
    assert {name: getattr(app, name) for name in asked} == asked


def test_a_name_that_looks_the_same_is_taken(app: App, by_admin: Program) -> None:
    answer = by_admin.post("/apps", {"name": "CHECKOUT"})
    assert (error(answer), fields(answer)) == ((409, "app_name_exists"), ["name"])


@pytest.mark.parametrize(
    "website",
    [
        "ftp://example.com",
        "javascript:alert(1)",
        "example.com",
        "https://",
        "https://a b",
        "h\0",
        "https://e.com/" + "a" * 300,
    ],
)
@pytest.mark.parametrize("method", ["create", "update"])
def test_a_website_is_one(app: App, by_admin: Program, method: str, website: str) -> None:
    asked = {"name": "billing", "website_url": website}
    answer = by_admin.post("/apps", asked) if method == "create" else change(by_admin, app, **asked)
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["website_url"])


# ── change ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "till"),
        ("description", "Takes the money."),
        ("website_url", "http://till.example.com"),
        ("max_keys", 10_000),
        ("max_keys_per_agent", 1),
        ("rate_limit_rpm", 100_000),
        ("max_derived_hours", 8760),
        ("signing", "optional"),
        ("on_leaked_app_key", "revoke"),
        ("on_leaked_agent_key", "deprecate"),
        ("on_leaked_derived_key", "notify"),
    ],
)
def test_what_is_said_is_changed_and_the_rest_stays(
    app: App, by_admin: Program, field: str, value: Any
) -> None:
    before = by_admin.get(f"/apps/{app.id}").json()
    after = change(by_admin, app, **{field: value}).json()
    assert {name for name in before if before[name] != after[name]} == {field, "version"}
    assert (after[field], getattr(stored(app), field)) == (value, value)


def test_null_takes_an_apps_own_limit_away_and_silence_keeps_it(app: App, by_admin: Program) -> None:
    change(by_admin, app, rate_limit_rpm=7)
    assert change(by_admin, app, description="Pays.").json()["rate_limit_rpm"] == 7
    assert change(by_admin, app, rate_limit_rpm=None).json()["rate_limit_rpm"] is None


def test_nothing_new_is_no_act(app: App, by_admin: Program) -> None:
    acts = Event.objects.count()
    assert change(by_admin, app).status_code == 200
    assert change(by_admin, app, name="checkout").status_code == 200
    assert Event.objects.count() == acts


def test_a_change_made_from_the_present_version_is_taken(app: App, by_admin: Program) -> None:
    answer = change(by_admin, app, description="Pays.", version=app.etag)
    assert (answer.status_code, answer.json()["version"]) == (200, stored(app).etag)


def test_a_change_made_from_an_old_version_is_refused(app: App, by_admin: Program) -> None:
    seen = app.etag
    change(by_admin, app, description="Pays.")
    assert error(change(by_admin, app, description="Paid.", version=seen)) == (409, "stale_page")
    assert stored(app).description == "Pays."


def test_a_key_in_a_description_is_refused(app: App, by_admin: Program) -> None:
    secret = minted(app).plaintext.take()
    answer = change(by_admin, app, description=f"Uses {secret}.")
    assert (error(answer), secret in answer.content.decode()) == ((422, "validation_error"), False)
    assert stored(app).description == ""


# ── archive and delete ──────────────────────────────────────────────────────────────────────────────


def test_an_archived_app_takes_no_new_keys(app: App, by_admin: Program) -> None:
    assert by_admin.post(f"/apps/{app.id}/archive").json()["archived_at"]
    answer = by_admin.post(f"/apps/{app.id}/keys", {"name": "a", "scopes": ["grants:read"]})
    assert error(answer) == (409, "app_archived")


def test_archiving_twice_changes_nothing(app: App, by_admin: Program) -> None:
    first = by_admin.post(f"/apps/{app.id}/archive").json()
    assert by_admin.post(f"/apps/{app.id}/archive").json() == first


def test_an_archived_app_comes_back(app: App, by_admin: Program) -> None:
    lifecycle.archive_app(shell(), app)
    assert by_admin.post(f"/apps/{app.id}/unarchive").json()["archived_at"] is None


def test_an_app_in_use_does_not_come_back(app: App, by_admin: Program) -> None:
    assert error(by_admin.post(f"/apps/{app.id}/unarchive")) == (409, "app_not_archived")


@pytest.mark.parametrize("verb", ["archive", "unarchive"])
def test_the_reason_is_kept(app: App, by_admin: Program, verb: str) -> None:
    if verb == "unarchive":
        lifecycle.archive_app(shell(), app)
    by_admin.post(f"/apps/{app.id}/{verb}", {"reason": "Season is over."})
    assert last_act().reason == "Season is over."


def test_an_app_is_deleted_under_its_name(app: App, by_admin: Program) -> None:
    assert by_admin.delete(f"/apps/{app.id}", confirm="checkout").status_code == 200
    assert error(by_admin.get(f"/apps/{app.id}")) == (404, "app_not_found")


@pytest.mark.parametrize("confirm", ["", "Checkout", "checkout "])
def test_an_app_is_not_deleted_under_another_name(app: App, by_admin: Program, confirm: str) -> None:
    assert error(by_admin.delete(f"/apps/{app.id}", confirm=confirm)) == (409, "confirmation_mismatch")
    assert stored(app).deleted_at is None


def test_an_app_with_living_keys_is_not_deleted(app: App, by_admin: Program) -> None:
    key = minted(app).key
    assert error(by_admin.delete(f"/apps/{app.id}", confirm="checkout")) == (409, "app_in_use")
    assert ApiKey.objects.get(id=key.id).is_active


def test_a_deleted_apps_name_is_free(app: App, by_admin: Program) -> None:
    lifecycle.delete_app(shell(), app, confirm="checkout")
    assert by_admin.post("/apps", {"name": "checkout"}).status_code == 201


# ── environments ────────────────────────────────────────────────────────────────────────────────────


def test_apps_are_created_changed_and_listed_by_environment(app: App, by_admin: Program) -> None:
    created = by_admin.post("/apps", {"name": "sandbox", "environment": "test"}).json()
    assert created["environment"] == "test"
    assert named(by_admin.get("/apps", environment="test")) == ["sandbox"]
    assert named(by_admin.get("/apps", environment="live")) == ["checkout"]
    changed = by_admin.patch(f"/apps/{created['id']}", {"environment": "live"}).json()
    assert changed["environment"] == "live"


def test_an_environment_is_live_or_test(app: App, by_admin: Program) -> None:
    assert error(change(by_admin, app, environment="prod")) == (422, "validation_error")
    assert error(by_admin.get("/apps", environment="prod")) == (422, "validation_error")
