"""Where programs report: signed lists from a scanner, and one key or hash from anyone, with one answer for all."""

import io
import json
import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from agents.models import App
from audit.actors import shell
from core.clock import at, now
from keys import lifecycle
from keys.plaintext import sha256
from portal.leaks import api, reports
from portal.models import LeakReport, User
from tests.factories import issued, minted
from tests.keys.asking import UNKNOWN, error
from tests.portal.leaks.partner import Partner, post

pytestmark = pytest.mark.django_db


def send(**told: Any) -> Any:
    return Client().post("/leaks/report", json.dumps(told), content_type="application/json")


def fields(answer: Any) -> list[str]:
    return [field["field"] for field in answer.json()["fields"]]


# ── a scanner ───────────────────────────────────────────────────────────────────────────────────────


def test_each_token_is_labelled_in_its_order_and_none_is_repeated(
    app: App, admin: User, partner: Partner
) -> None:
    key, token = minted(app).plaintext.take(), issued(admin).plaintext.take()
    answer = partner.send({"token": UNKNOWN}, {"token": key, "type": "alter_app"}, {"token": token})
    assert answer.json() == [
        {"token_hash": sha256(UNKNOWN).hex(), "token_type": "alter_api_key", "label": "false_positive"},
        {"token_hash": sha256(key).hex(), "token_type": "alter_app", "label": "true_positive"},
        {"token_hash": sha256(token).hex(), "token_type": "alter_api_key", "label": "true_positive"},
    ]
    assert not any(secret in answer.content.decode() for secret in (UNKNOWN, key, token))


def test_a_message_that_was_captured_is_taken_once(app: App, partner: Partner) -> None:
    body = json.dumps([{"token": UNKNOWN, "type": "alter_api_key", "url": "", "source": "content"}]).encode()
    first, second = (partner.signer.sign(body) for _ in range(2))
    told = {"Github-Public-Key-Identifier": "first", "Github-Public-Key-Signature": first}
    answers = [post(body, told), post(body, told), post(body, told | {"Github-Public-Key-Signature": second})]
    assert [answer.status_code for answer in answers] == [200, 409, 409]
    assert (error(answers[1]), LeakReport.objects.count()) == ((409, "report_replayed"), 1)


def test_a_key_that_has_ended_is_a_true_one(app: App, partner: Partner) -> None:
    made = minted(app)
    lifecycle.revoke(shell(), made.key)
    assert partner.send({"token": made.plaintext.take()}).json()[0]["label"] == "true_positive"


def test_what_was_found_waits_with_its_place(app: App, partner: Partner) -> None:
    url = "https://github.com/a/b/blob/main/.env"
    partner.send({"token": minted(app).plaintext.take(), "url": url, "source": "commit"})
    report = LeakReport.objects.get()
    assert (report.source, report.found_at, report.note) == ("scanner", url, "commit: alter_api_key")


@pytest.mark.parametrize(
    "found",
    [{"token": 7}, {"token": None}, {"token": ["alter"]}],
)
def test_a_token_is_text(partner: Partner, found: dict[str, Any]) -> None:
    assert error(partner.send(found)) == (422, "validation_error")


@pytest.mark.parametrize("empty", [None, 7, "", {"more": 1}])
def test_whatever_else_it_tells_may_be_missing(partner: Partner, empty: Any) -> None:
    assert partner.send({"token": UNKNOWN, "type": empty, "url": empty, "source": empty}).status_code == 200


def test_a_list_has_at_most_a_thousand(partner: Partner) -> None:
    assert error(partner.send(*[{"token": UNKNOWN}] * (api.MAX_TOKENS + 1))) == (422, "validation_error")
    assert len(partner.send(*[{"token": UNKNOWN}] * api.MAX_TOKENS).json()) == api.MAX_TOKENS


def test_a_body_has_at_most_a_mebibyte(partner: Partner) -> None:
    answer = partner.send({"token": "x" * api.MAX_BODY})
    assert (error(answer), partner.reads) == ((413, "payload_too_large"), 0)
    assert partner.send({"token": "x" * (api.MAX_BODY - 500)}).status_code == 200


def test_a_look_is_no_message(partner: Partner) -> None:
    answer = Client().get("/leaks/scanner")
    assert (error(answer), answer["Allow"]) == ((405, "method_not_allowed"), "POST")


def test_where_it_is_off_there_is_nothing(partner: Partner, settings: Settings) -> None:
    settings.LEAK_INTAKE = False
    assert error(partner.send({"token": UNKNOWN})) == (404, "not_found")
    assert error(send(key=UNKNOWN)) == (404, "not_found")
    assert Client().get("/leaks/report/").status_code == 404
    assert "Report it" not in Client().get("/account/login/").content.decode()


# ── anyone ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_hash_is_taken() -> None:
    answer = send(sha256=sha256(UNKNOWN).hex(), found_at="a wiki", note="page 7")
    report = LeakReport.objects.get()
    assert (answer.status_code, answer.json()) == (202, {"status": "taken"})
    assert (bytes(report.hashed or b""), report.found_at, report.note) == (
        sha256(UNKNOWN),
        "a wiki",
        "page 7",
    )


def test_a_key_is_taken_as_its_hash() -> None:
    assert send(key=f"KEY={UNKNOWN}").status_code == 202
    assert bytes(LeakReport.objects.get().hashed or b"") == sha256(UNKNOWN)


def test_nobody_learns_which_keys_exist(app: App, admin: User) -> None:
    """The same bytes, the same status and the same statements for what is ours, what has ended, and noise."""
    ended = minted(app)
    lifecycle.revoke(shell(), ended.key)
    secrets = [one.plaintext.take() for one in (minted(app), ended, issued(admin))]
    send(key=UNKNOWN)  # from then on the address is known
    told = set()
    for secret in [UNKNOWN, *secrets]:
        with CaptureQueriesContext(connection) as taken:
            answer = send(key=secret, found_at="a wiki")
        told.add((answer.status_code, answer.content, len(taken)))
    assert len(told) == 1


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({}, "key"),
        ({"key": "hunter2"}, "key"),
        ({"sha256": "abc"}, "sha256"),
        ({"key": 7}, "key"),
        ({"key": UNKNOWN, "where": "a wiki"}, "where"),
        ({"key": UNKNOWN, "note": "x" * 501}, "note"),
    ],
)
def test_what_cannot_be_taken_is_said(told: dict[str, Any], field: str) -> None:
    answer = send(**told)
    assert (error(answer), fields(answer)) == ((422, "validation_error"), [field])
    assert not LeakReport.objects.exists()


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    assert UNKNOWN[22:] not in send(key=UNKNOWN, **{UNKNOWN: "x"}).content.decode()


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"[]", "application/json", (400, "invalid_json")),
        (b"{", "application/json", (400, "invalid_json")),
        (b"key=x", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b'{"key": "' + b"x" * 70_000 + b'"}', "application/json", (413, "payload_too_large")),
    ],
)
def test_a_body_is_a_small_json_object(body: bytes, kind: str, told: tuple[int, str]) -> None:
    assert error(Client().post("/leaks/report", body, content_type=kind)) == told


def test_an_address_that_sends_too_many_is_told_to_wait() -> None:
    with at(now()):
        answers = [send(key=UNKNOWN) for _ in range(reports.MAX_PER_MINUTE + 1)]
    assert error(answers[-1]) == (429, "too_many_reports")
    assert int(answers[-1]["Retry-After"]) >= 1
    assert LeakReport.objects.count() == reports.MAX_PER_MINUTE


def test_a_browser_is_sent_to_the_form() -> None:
    assert Client().get("/leaks/report")["Location"] == "/leaks/report/"


def test_nothing_keeps_the_key(app: App, caplog: pytest.LogCaptureFixture) -> None:
    secret = minted(app).plaintext.take()
    with caplog.at_level(logging.DEBUG):
        send(key=secret, found_at=f"https://u:{secret}@h/{secret}?{secret}", note=secret)
        send(key=secret, found_at=secret * 100)
        Client().post("/leaks/report/", {"key": secret, "note": secret})
    dump = io.StringIO()
    call_command("dumpdata", stdout=dump)
    assert secret[22:] not in caplog.text + dump.getvalue()
    assert secret[:22] in dump.getvalue()
