"""A "no" in the shape its asker can use, and a database that is gone: a clear 503, and nothing half done."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from agents.models import App
from audit.models import Event
from core.errors import Refusal, all_refusals
from portal.models import User
from tests.factories import member, minted
from tests.portal.routes import address

ROOT = Path(__file__).resolve().parents[2]
SignedIn = Callable[[User], Client]


@contextmanager
def database_lost(words: str = "") -> Iterator[None]:
    """Every statement that has `words` in it finds the connection cut."""

    def cut(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if re.search(words, sql):
            raise OperationalError("server closed the connection unexpectedly at db.internal.example.com")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(cut):
        yield


def test_a_page_without_its_database_is_a_503_that_says_so(admin: User, signed_in: SignedIn) -> None:
    browser = signed_in(admin)
    with database_lost():
        answer = browser.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert b"The database is unavailable" in answer.content


def test_it_tells_nothing_of_the_inside(admin: User, signed_in: SignedIn) -> None:
    browser = signed_in(admin)
    with database_lost():
        answer = browser.get("/")
    assert b"db.internal" not in answer.content


@pytest.mark.parametrize("there", ["/healthz", "/verify"])
def test_a_program_is_told_in_json(db: None, client: Client, there: str) -> None:
    key = "alter_key_app_000000000000000000000000000000000000"
    with database_lost():
        answer = client.get(there, headers={"x-api-key": key})
    assert answer.status_code in (401, 503)
    assert answer["Content-Type"].startswith("application/json")


def test_health_is_unavailable(db: None, client: Client) -> None:
    with database_lost():
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")


def test_htmx_is_told_by_an_event(admin: User, signed_in: SignedIn) -> None:
    browser = signed_in(admin)
    with database_lost("portal_membership"):
        answer = browser.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (503, b"")
    assert "database" in json.loads(answer["HX-Trigger"])["refused"]["message"]


@pytest.mark.parametrize("words", ["INSERT INTO .audit_event", "INSERT INTO .agents_app"])
def test_an_act_whose_record_cannot_be_written_is_not_done(db: None, signed_in: SignedIn, words: str) -> None:
    browser, before = signed_in(member("admin", None)), Event.objects.count()
    with database_lost(words):
        answer = browser.post("/apps/new/", {"name": "checkout", "environment": "live"})
    assert (answer.status_code, App.objects.count(), Event.objects.count()) == (503, 0, before)


def test_a_database_that_is_not_there_is_a_503_and_not_a_crash(tmp_path: Path) -> None:
    """The whole way: a portal whose PostgreSQL does not exist."""
    program = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "client = Client(headers={'host': 'localhost'})\n"
        "client.cookies['sessionid'] = 'x' * 32\n"
        "pages = [client.get(there) for there in ('/healthz', '/', '/account/login/')]\n"
        "print([p.status_code for p in pages])"
    )
    settings = {
        "PORTAL_TEST": "1",
        "PORTAL_DATA": str(tmp_path),
        "DATABASE_URL": "postgres://u:p@127.0.0.1:1/none",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[503, 503, 503]", done.stderr
    assert "Traceback" not in done.stderr


def test_a_form_without_its_token_changes_nothing(db: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(member("admin", None))
    answer = browser.post("/apps/new/", {"name": "checkout", "environment": "live"})
    assert (answer.status_code, App.objects.count()) == (403, 0)
    assert b"This form expired." in answer.content


@pytest.mark.parametrize("there", ["/nowhere", "/apps/", "/apps/1/keys/", "/apps/%00/", "/join/"])
def test_an_address_that_leads_nowhere_is_a_page(admin: User, signed_in: SignedIn, there: str) -> None:
    answer = signed_in(admin).get(there)
    assert (answer.status_code, b"<h1>Page not found</h1>" in answer.content) == (404, True)


def test_a_refusal_page_names_its_code_and_the_request(app: App, outsider: User, signed_in: SignedIn) -> None:
    there = address("keys", app_id=app.id)
    answer = signed_in(outsider).get(there, headers={"X-Request-ID": "trace-7"})
    assert b"404 app_not_found" in answer.content
    assert b"trace-7" in answer.content


@pytest.mark.parametrize(
    ("name", "method"),
    [("key-deprecate", "put"), ("member-withdraw", "delete"), ("keys", "post"), ("home", "put")],
)
def test_a_wrong_method_changes_nothing(
    app: App, admin: User, signed_in: SignedIn, name: str, method: str
) -> None:
    there = address(name, app_id=app.id, key_id=minted(app).key.id)
    assert getattr(signed_in(admin), method)(there).status_code == 405


def test_no_two_refusals_share_a_code_without_meaning_to() -> None:
    """Codes are for ever, and tell two reasons apart; a class that only says more may keep its parent's."""
    kinds: dict[str, type[Refusal]] = {}
    for kind in all_refusals():
        if "code" in vars(kind):
            first = kinds.setdefault(kind.code, kind)
            modules = {"keys.errors", "keys.admission.call_errors"}
            assert first is kind or {first.__module__, kind.__module__} <= modules, kind.code


def test_an_error_that_is_not_signed_in_leads_to_sign_in(db: None, client: Client) -> None:
    page = client.get("/join/nothing/").content.decode()
    assert '<a class="button" href="/account/login/">Sign in</a>' in page and "Back to apps" not in page


def test_an_error_without_a_fix_does_not_promise_one(admin: User, signed_in: SignedIn) -> None:
    page = signed_in(admin).get("/lookup/?q=x").content.decode()
    assert "There is no parameter “q”. Available: result." in page and "How to fix this" not in page
