"""The map: no line without a gate, and no gate that lets a stranger in."""

import pytest
from django.test import Client
from django.urls import URLPattern

from audit.actions import EVERY
from tests.portal.routes import action_of, address, gated, routes

OPEN = {"join/<str:secret>/", "verify", "healthz", "account/email/"}
"""All that may be looked at by someone who is not signed in."""
EVERY_GATED = pytest.mark.parametrize("line", gated(), ids=lambda line: str(line.name))


def test_every_line_goes_through_a_gate() -> None:
    assert [line.name for line in routes() if not hasattr(line.callback, "action")] == []


def test_what_is_open_is_open_on_purpose() -> None:
    assert {str(line.pattern) for line in routes() if action_of(line) is None} == OPEN


def test_every_line_below_an_app_asks_for_an_action_of_the_table() -> None:
    below = [line for line in gated() if address(str(line.name)).startswith("/apps/")]
    assert [line.name for line in below if action_of(line).name not in EVERY] == []


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
def test_a_strangers_form_changes_nothing_and_leads_home(db: None, client: Client, line: URLPattern) -> None:
    answer = client.post(address(str(line.name)))
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/?next=/")
