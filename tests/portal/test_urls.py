"""The map: no line without a gate, and no gate that lets a stranger in."""

import pytest
from django.test import Client
from django.urls import URLPattern

from audit.actions import EVERY
from portal.api import management, runtime_routes
from tests.portal.routes import action_of, address, gated, lines_below, routes

OPEN = {
    "account/oidc/<str:provider_id>/login/",
    "account/oidc/<str:provider_id>/login/callback/",
    "join/<str:secret>/",
    "leaks/report/",
    "leaks/report",
    "leaks/scanner",
    "leaks/rules/<str:file>",
    "verify",
    "witness",
    "sdk/openapi.json",
    "api/v1/openapi.json",
    "healthz",
    "account/email/",
    "authenticate/",
    "webauthn/login/",
    "login/cancelled/",
    "login/error/",
    "signup/",
}
"""All that may be looked at by someone who is not signed in."""
BRACES = str.maketrans("<>", "{}")
pytestmark = pytest.mark.one_engine
"""A gate turns a stranger away before anything is read."""
EVERY_GATED = pytest.mark.parametrize("line", gated(), ids=lambda line: str(line.name))


def test_every_line_goes_through_a_gate() -> None:
    assert [line.name for line in routes() if not hasattr(line.callback, "action")] == []


def test_what_is_open_is_open_on_purpose() -> None:
    assert {str(line.pattern) for line in routes() if action_of(line) is None} == OPEN


def test_every_line_below_an_app_asks_for_an_action_of_the_table() -> None:
    below = [line for line in gated() if address(str(line.name)).startswith("/apps/")]
    assert [line.name for line in below if action_of(line).name not in EVERY] == []


def test_every_address_of_the_runtime_api_says_what_it_needs_and_no_other_does() -> None:
    assert {f"sdk/{line.pattern}" for line in lines_below("sdk/")} - {"sdk/"} == set(runtime_routes.NEEDS)


def test_each_of_its_operations_says_so_and_no_other() -> None:
    answered = {
        path: sorted(method for operation in view.operations for method in operation.methods)
        for path, view in runtime_routes.router.path_operations.items()
    }
    told = {route.translate(BRACES)[3:]: sorted(methods) for route, methods in runtime_routes.NEEDS.items()}
    assert answered == told


def test_every_operation_is_for_an_action_of_the_table_or_for_any_key() -> None:
    actions = [needs.action for methods in runtime_routes.NEEDS.values() for needs in methods.values()]
    assert {action.name for action in actions if action.name not in EVERY} == {runtime_routes.ANY_KEY.name}


def test_only_what_any_key_may_ask_needs_no_scope() -> None:
    unscoped = {
        needs.action.name
        for methods in runtime_routes.NEEDS.values()
        for needs in methods.values()
        if not needs.scope
    }
    assert unscoped == {runtime_routes.ANY_KEY.name}


def test_every_address_of_the_management_api_says_what_it_needs_and_no_other_does() -> None:
    assert {f"api/v1/{line.pattern}" for line in lines_below("api/v1/")} - {"api/v1/"} == set(
        management.NEEDS
    )


def test_each_of_those_operations_says_so_and_no_other() -> None:
    answered = {
        path: sorted(method for operation in view.operations for method in operation.methods)
        for path, view in management.router.path_operations.items()
    }
    told = {
        route.translate(BRACES)[len("api/v1") :]: sorted(methods)
        for route, methods in management.NEEDS.items()
    }
    assert answered == told


def test_every_operation_of_the_management_api_is_for_actions_of_the_table_or_for_any_token() -> None:
    every = [needs for methods in management.NEEDS.values() for needs in methods.values() if needs]
    names = {action.name for needs in every for action in needs.actions}
    assert names - set(EVERY) == {management.ANY_TOKEN.name}


def test_no_two_lines_have_one_name() -> None:
    names = [line.name for line in routes() if line.name]
    assert sorted(set(names)) == sorted(names)


@EVERY_GATED
def test_a_stranger_is_sent_to_sign_in_and_back(db: None, client: Client, line: URLPattern) -> None:
    there = address(str(line.name))
    answer = client.get(there)
    assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={there}")


@EVERY_GATED
def test_a_stranger_with_htmx_is_sent_there_whole(db: None, client: Client, line: URLPattern) -> None:
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/apps/?q=1"}
    answer = client.get(address(str(line.name)), headers=page)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/account/login/?next=/apps/")


@EVERY_GATED
def test_a_strangers_form_changes_nothing_and_leads_back(db: None, client: Client, line: URLPattern) -> None:
    there = address(str(line.name))
    answer = client.post(there, {"name": "typed", "password": "typed"})
    assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={there}")
