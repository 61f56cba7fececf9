"""Views of the log that people keep, what they are told, and reports of leaks."""

from agents.models import App
from audit.actors import Origin
from audit.search import saved_views
from core.clock import now
from portal.models import LeakReport, Notification, NotificationKind, User
from portal.notifications.notify import NotificationContent, notify
from portal.web.gates import person
from tests.api.conftest import Of
from tests.api.program import Program, error, fields, last_act, named
from tests.factories import minted

VIEW = {"name": "refused", "query": "outcome=denied"}


def test_a_view_of_a_token_is_its_owners(app: App, developer: User, by_developer: Program, of: Of) -> None:
    made = by_developer.post(f"/apps/{app.id}/views", VIEW).json()
    assert (made["is_mine"], last_act().action, last_act().actor_kind) == (True, "view.save", "token")
    on_the_page = person(developer, app, Origin("page"))
    assert [str(one.id) for one in saved_views.views_for(on_the_page, app.id)] == [made["id"]]
    assert named(of(developer, name="other").get(f"/apps/{app.id}/views")) == ["refused"]


def test_a_view_is_kept_once(app: App, by_developer: Program) -> None:
    there = f"/apps/{app.id}/views"
    statuses = [by_developer.post(there, VIEW, Idempotency_Key="one").status_code for _ in range(2)]
    assert statuses == [201, 200]
    assert error(by_developer.post(there, VIEW)) == (409, "view_name_exists")


def test_it_is_renamed_shared_and_ended(app: App, by_developer: Program, by_support: Program) -> None:
    there = f"/apps/{app.id}/views"
    view = f"{there}/{by_developer.post(there, VIEW).json()['id']}"
    assert error(by_support.get(view)) == (404, "not_found")
    body = by_developer.patch(view, {"name": "Turned away", "shared": True}).json()
    assert (body["name"], body["shared"], body["query"]) == ("Turned away", True, "outcome=denied")
    assert not by_support.get(view).json()["is_mine"]
    assert error(by_support.patch(view, {"name": "Mine"})) == (403, "forbidden")
    assert error(by_support.post(f"{view}/delete")) == (403, "forbidden")
    assert by_developer.post(f"{view}/delete").status_code == 200
    assert named(by_developer.get(there)) == []


def test_filters_that_cannot_be_read_are_refused(app: App, by_developer: Program) -> None:
    answer = by_developer.post(f"/apps/{app.id}/views", VIEW | {"query": "outcome=odd"})
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["query"])


# ── notifications ─────────────────────────────────────────────────────────────────────────────────────────


def told(user: User, kind: str, mark: str, app: App | None = None) -> None:
    notify(
        NotificationContent(
            NotificationKind(kind), mark, f"Told {mark}.", "/", app_id=app.id if app else None
        ),
        [user],
    )


def seen(program: Program, **query: str) -> list[str]:
    return [item["title"] for item in program.get("/notifications", **query).json()["items"]]


def test_a_token_is_told_of_what_it_may_look_at(app: App, admin: User, by_admin: Program, of: Of) -> None:
    told(admin, "key-revoked", "a key", app)
    told(admin, "audit-alarm", "an alarm")
    told(admin, "account", "the account")
    assert seen(by_admin) == ["Told the account", "Told an alarm", "Told a key"]
    assert seen(of(admin, "dashboard_apps:read")) == ["Told the account"]
    assert seen(of(admin, "dashboard_keys:read")) == ["Told the account", "Told a key"]


def test_notices_are_read(app: App, developer: User, by_developer: Program, by_admin: Program) -> None:
    told(developer, "key-revoked", "one", app)
    told(developer, "key-expired", "two", app)
    first = by_developer.get("/notifications", kind="key-revoked").json()["items"][0]
    assert error(by_admin.post(f"/notifications/{first['id']}/read")) == (404, "not_found")
    assert by_developer.post(f"/notifications/{first['id']}/read").json()["read_at"]
    assert seen(by_developer, unread="true") == ["Told two"]
    assert by_developer.post("/notifications/read").json() == {"notifications_read": 1}
    assert seen(by_developer, unread="true") == []
    assert fields(by_developer.get("/notifications", kind="odd")) == ["kind"]


def test_what_goes_by_mail_alone_is_neither_in_the_list_nor_read(
    app: App, developer: User, by_developer: Program
) -> None:
    told(developer, "key-revoked", "one", app)
    Notification.objects.update(shown=False)
    assert seen(by_developer) == []
    assert error(by_developer.post(f"/notifications/{Notification.objects.get().id}/read")) == (
        404,
        "not_found",
    )
    assert by_developer.post("/notifications/read").json() == {"notifications_read": 0}


def test_no_token_silences_what_may_tell_of_it(app: App, admin: User, by_admin: Program) -> None:
    told(admin, "key-leaked", "a token")
    told(admin, "account", "the account")
    told(admin, "audit-alarm", "an alarm", app)
    told(admin, "key-leaked", "a key", app)
    assert by_admin.post("/notifications/read").json() == {"notifications_read": 1}
    assert seen(by_admin, unread="true") == ["Told an alarm", "Told the account", "Told a token"]
    for notification in Notification.objects.filter(read_at=None):
        assert error(by_admin.post(f"/notifications/{notification.id}/read")) == (403, "on_pages_alone")
    assert Notification.objects.filter(read_at=None).count() == 3


def test_words_of_lists_are_read_in_any_case(app: App, admin: User, by_admin: Program) -> None:
    told(admin, "key-leaked", "a key", app)
    assert seen(by_admin, kind="KEY-Leaked") == ["Told a key"]
    assert by_admin.get("/users", show="CLOSED").json()["items"] == []
    assert fields(by_admin.get("/users", show="odd")) == ["show"]


# ── leaks ───────────────────────────────────────────────────────────────────────────────────────────


def test_reports_of_the_apps_keys_are_listed(app: App, other_app: App, by_developer: Program) -> None:
    for of_app in (app, other_app):
        key = minted(of_app).key
        LeakReport.objects.create(
            source="form", app_id=of_app.id, key_id=key.id, outcome="notified", handled_at=now()
        )
    listed = by_developer.get(f"/apps/{app.id}/leaks").json()
    assert (listed["total"], [item["outcome"] for item in listed["items"]]) == (1, ["notified"])
