"""A program is answered in JSON under an id, told the address it meant, and recorded if it brought a key."""

from urllib.parse import unquote

import pytest
from django.test import Client

from agents.models import App
from audit.models import Call
from portal.models import User
from portal.program_paths import is_for_programs, nearly
from tests.api.program import Program
from tests.cast import prove
from tests.factories import issued, minted
from tests.keys.asking import opened

MEANT = {
    "//verify": "/verify",
    "/Verify": "/verify",
    "/verify/": "/verify",
    "/VERIFY//": "/verify",
    "/%2Fverify": "/verify",
    "/verify%2F": "/verify",
    "/verfy": "/verify",
    "/verify/now": "/verify",
    "/API/v1/apps": "/api/v1/apps",
    "/Api/v1/apps": "/api/v1/apps",
    "//api/v1/apps": "/api/v1/apps",
    "/api/v1/apps/": "/api/v1/apps",
    "/api//v1/apps": "/api/v1/apps",
    "/api%2Fv1%2FApps": "/api/v1/apps",
    "/apis/v1/apps": "/api/v1/apps",
    "/api": "/api/v1/",
    "/SDK/agents": "/sdk/agents",
    "//sdk/agents": "/sdk/agents",
    "/sdk/agents/": "/sdk/agents",
    "/sdk": "/sdk/",
    "/Healthz": "/healthz",
    "/witness/": "/witness",
    "/leaks//Report": "/leaks/report",
}
PEOPLE = ("/", "/users/", "/apps/new/", "/account/login/", "/leaks/report/", "/docs/", "/lookup/")
METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.mark.django_db
def test_a_program_is_told_the_address_it_meant_in_json_under_an_id() -> None:
    client = Client(raise_request_exception=False)
    for path, meant in MEANT.items():
        for method in ("GET", "POST", *METHODS):
            answer = client.generic(method, "/", PATH_INFO=unquote(path))
            body = answer.json()
            assert (answer.status_code, body["error"], bool(answer["X-Request-Id"])) == (
                404,
                "not_found",
                True,
            ), path
            assert body["hint"] == f"Did you mean {meant}?", (method, path)


def test_pages_are_none_of_these() -> None:
    assert [path for path in PEOPLE if is_for_programs(path) or nearly(path)] == []


def test_a_call_with_a_key_at_such_an_address_is_on_record(app: App) -> None:
    _, secret = opened(minted(app))
    for path in ("//verify", "/Verify", "/verify/", "/SDK/agents", "//sdk/agents", "/Healthz"):
        before = Call.objects.count()
        answer = Client().get("/", headers={"x-api-key": secret}, PATH_INFO=path)
        row = Call.objects.latest("at", "id")
        assert Call.objects.count() == before + 1 and answer.headers["Content-Type"] == "application/json", (
            path
        )
        assert (row.app_id, row.allowed, row.request_id) == (app.id, False, answer["X-Request-Id"])


def test_a_method_that_verify_does_not_take_is_refused_under_an_id_and_recorded(app: App) -> None:
    _, secret = opened(minted(app))
    for method in METHODS:
        answer = Client().generic(method, "/verify", headers={"x-api-key": secret})
        row = Call.objects.latest("at", "id")
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST"), method
        assert (row.code, row.app_id, row.request_id) == (
            "method_not_allowed",
            app.id,
            answer["X-Request-Id"],
        )


def test_every_address_of_programs_answers_odd_methods_in_json_under_an_id(app: App, admin: User) -> None:
    program = Program(issued(admin).plaintext.take())
    for method in METHODS:
        for path in ("/api/v1/apps", "/sdk/agents", "/witness", "/leaks/report", "/leaks/scanner"):
            answer = Client().generic(method, path, headers={"Authorization": f"Bearer {program.secret}"})
            told = (answer.json()["error"], bool(answer["X-Request-Id"]))
            assert told in (("method_not_allowed", True), ("not_found", True), ("missing_key", True)), (
                method,
                path,
            )


def test_who_takes_json_gets_json_at_pages_too(app: App, admin: User) -> None:
    browser = Client()
    browser.force_login(admin)
    prove(browser, admin)
    for headers in ({"Accept": "application/json"}, {"x-api-key": "x"}, {"Authorization": "Bearer x"}):
        missing = Client().get("/nothing/here", headers=headers)
        stranger = Client().get("/users/", headers=headers)
        odd = Client().generic("PUT", "/authorize/", headers=headers)
        for answer, status in ((missing, 404), (stranger, 401), (odd, 401)):
            assert (answer.status_code, answer.json()["error"] != "") == (status, True)
            assert answer["X-Request-Id"]
        mine = browser.generic("PUT", "/users/", headers=headers)
        assert (mine.status_code, mine.headers["Content-Type"][:9]) == (405, "text/html")
    page = browser.get("/nothing/here", headers={"Accept": "text/html,application/json;q=0.9"})
    assert page.headers["Content-Type"].startswith("text/html")


def test_a_browser_behind_a_proxy_is_no_program(db: None) -> None:
    added = ({"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x"}, {"x-api-key": "x"})
    for headers in (*added, {"Accept": "application/json"}):
        for browser in ({"Accept": "text/html,*/*;q=0.8"}, {"HX-Request": "true", "Accept": "*/*"}):
            answer = Client().get("/", headers=headers | browser)
            assert "json" not in answer.headers.get("Content-Type", ""), (headers, browser)
            assert "/account/login/" in answer.headers.get("Location", "") + answer.headers.get(
                "HX-Redirect", ""
            )
    assert Client().get("/", headers={"Authorization": "Basic eDp5"}).status_code == 302


def test_a_page_says_which_method_it_does_not_take(admin: User) -> None:
    browser = Client()
    browser.force_login(admin)
    answer = browser.delete("/users/")
    assert (answer.status_code, b"method" in answer.content, bool(answer["Allow"])) == (405, True, True)
