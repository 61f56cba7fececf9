"""A name that is not known is a mistake at every face, and a word of the product is one in any case."""

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from agents.models import Agent, App
from audit.search.query import parse
from portal.models import User
from tests.api.program import Program, error, fields
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.sdk import raw

SignIn = Callable[[User], Client]

LISTS = {
    "/apps": ("include_archive", "include_archived"),
    "/apps/{app}/keys": ("Status", "status"),
    "/apps/{app}/agents": ("serch", "search"),
    "/apps/{app}/callers": ("limt", "limit"),
    "/apps/{app}/audit": ("sinc", "since"),
    "/apps/{app}/audit/export": ("Outcome", "outcome"),
    "/apps/{app}/audit/sealed": ("aftr", "after"),
    "/apps/{app}/audit/integrity": ("untl", "until"),
    "/apps/{app}/audit/threads": ("actr", "actor"),
}
PAGES = {
    "keys/": ("Status", "status"),
    "agents/": ("statsu", "status"),
    "audit/": ("sinc", "since"),
    "audit/export/": ("Outcome", "outcome"),
    "audit/live/": ("vai", "via"),
}


def test_a_parameter_that_is_none_is_named_with_the_nearest(app: App, by_admin: Program) -> None:
    for path, (wrong, right) in LISTS.items():
        answer = by_admin.get(path.format(app=app.id), **{wrong: "1"})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), [wrong]), path
        assert f"Did you mean “{right}”?" in answer.json()["message"]


def test_an_unknown_field_of_a_body_is_named_with_the_nearest(app: App, by_admin: Program) -> None:
    answer = by_admin.post(f"/apps/{app.id}/keys", {"name": "worker", "scope": ["grants:read"]})
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["scopes", "scope"])
    assert answer.json()["fields"][1]["message"] == "Unknown field. Did you mean “scopes”?"
    answer = by_admin.patch(f"/apps/{app.id}", {"colour": "red"})
    assert answer.json()["fields"] == [{"field": "colour", "message": "Unknown field."}]


def test_a_parameter_is_written_once_and_says_something(app: App, by_admin: Program) -> None:
    for query in ("outcome=denied&outcome=allowed", "outcome=", "since=", "id=", "limit="):
        answer = by_admin.get(f"/apps/{app.id}/audit/export?{query}")
        assert error(answer) == (422, "validation_error"), query
    assert by_admin.get(f"/apps/{app.id}/audit?cursor=").status_code == 200


def test_operations_without_parameters_take_none(app: App, by_admin: Program) -> None:
    assert error(by_admin.get("/me?verbose=1")) == (422, "validation_error")
    answer = by_admin.patch(f"/apps/{app.id}", {"description": "x"}, verson="1")
    assert error(answer) == (422, "validation_error")


def test_the_runtime_api_says_the_same_and_records_it(app: App) -> None:
    secret = minted(app, scopes="agents:read").plaintext.take()
    answer = raw.call(secret, "GET", "/sdk/agents?include_revokd=true")
    assert raw.error(answer) == (422, "validation_error")
    assert "include_revoked" in answer.json()["message"]


def test_a_gateway_that_asks_by_another_name_is_told(app: App) -> None:
    _, secret = opened(minted(app))
    for query in ("scop=agents:admin", "Scope=agents:admin", "signature=required&signature="):
        answer = Client().get(f"/verify?{query}", headers={"x-api-key": secret})
        assert answer.status_code == 422, query


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_which_filter_it_does_not_know(
    app: App, admin: User, signed_in: SignIn, path: str
) -> None:
    wrong, right = PAGES[path]
    answer = signed_in(admin).get(f"/apps/{app.id}/{path}", {wrong: "1"})
    assert answer.status_code == 422
    said = f"There is no parameter “{wrong}”. Did you mean “{right}”?"
    assert said in unescape(answer.content.decode())


def test_an_export_of_misspelt_filters_takes_nothing_out(app: App, admin: User, signed_in: SignIn) -> None:
    browser = signed_in(admin)
    answer = browser.post(f"/apps/{app.id}/audit/export/?Outcome=refused&sinc=1h", {"format": "jsonl"})
    assert answer.status_code == 422 and not answer.streaming


def test_a_time_without_a_range_counts(app: App, admin: User, signed_in: SignIn) -> None:
    answer = signed_in(admin).get(f"/apps/{app.id}/audit/", {"since": "2026-01-01"})
    assert answer.context["form"].data["range"] == "custom"


def test_words_of_the_product_are_read_in_any_case(
    app: App, agent: Agent, by_admin: Program, admin: User, signed_in: SignIn
) -> None:
    ask("alter_key_app_nothing")
    _, secret = opened(minted(app))
    ask(secret)
    browser, there = signed_in(admin), f"/apps/{app.id}/audit"
    for name, word in (("outcome", "ALLOWED"), ("via", "Door"), ("action", "KEY.Mint"), ("kind", "Call")):
        assert by_admin.get(there, **{name: word}).json()["items"], name
        assert browser.get(f"{there}/", {name: word}).status_code == 200, name
    for name, word in (("outcome", "refusd"), ("via", "dor"), ("code", "invalid_kee"), ("check", "scop")):
        assert fields(by_admin.get(there, **{name: word})) == [name]
        assert browser.get(f"{there}/", {name: word}).status_code == 422
    assert by_admin.get(f"/apps/{app.id}/keys", status="ACTIVE").json()["total"]
    assert by_admin.get(f"/apps/{app.id}/agents", status="Active,REVOKED").status_code == 200
    assert by_admin.get(f"{there}/export", format="CSV").status_code == 200


def test_an_act_is_neither_allowed_nor_refused(app: App, by_admin: Program) -> None:
    assert error(by_admin.get(f"/apps/{app.id}/audit", kind="event", outcome="denied"))[0] == 422


def test_curly_quotation_marks_are_quotation_marks() -> None:
    for opening, closing in ("\u201c\u201d", "\u201e\u201c", "\u00ab\u00bb", '""', "\uff02\uff02"):
        assert parse(f"key:{opening}two words{closing}").filters == {"key": "two words"}
