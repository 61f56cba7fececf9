"""The pages of leaks: the form for everyone, an app's reports, the key's own page, and rules for scanners."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents import lifecycle as agents_lifecycle
from agents.models import App
from alter import rules
from audit.actors import shell
from audit.models import Event
from core.clock import at, now
from keys.lifecycle import Minted
from keys.plaintext import sha256
from portal.leaks import reports, response
from portal.models import LeakReport, User
from tests.factories import minted
from tests.keys.asking import UNKNOWN
from tests.portal.pages import queries, text

pytestmark = pytest.mark.django_db
PLACE = "https://git.example.com/shop/.env"


def reported(made: Minted, found_at: str = PLACE) -> LeakReport:
    hashed = sha256(made.plaintext.take())
    return response.handle(reports.take(hashed, source=LeakReport.Source.FORM, found_at=found_at))


def send(**typed: str) -> Any:
    return Client().post(reverse("leak-report"), typed)


# ── the form ────────────────────────────────────────────────────────────────────────────────────────


def test_anyone_may_report_a_key_without_scripts() -> None:
    answer = send(key=f"KEY={UNKNOWN}", found_at="a wiki")
    assert (answer.status_code, answer["Location"]) == (302, "/leaks/report/?taken")
    assert bytes(LeakReport.objects.get().hashed or b"") == sha256(UNKNOWN)
    assert "report received" in text(Client().get(answer["Location"]))


def test_a_hash_that_a_script_made_is_enough() -> None:
    send(key="", sha256=sha256(UNKNOWN).hex())
    assert bytes(LeakReport.objects.get().hashed or b"") == sha256(UNKNOWN)


def test_what_was_pasted_is_not_shown_again() -> None:
    answer = send(key=f"{UNKNOWN[:30]} {UNKNOWN[25:]}", found_at="a wiki")
    assert answer.status_code == 422
    assert "No complete key found" in text(answer)
    assert "a wiki" in text(answer)
    assert UNKNOWN[25:] not in text(answer)


def test_the_page_answers_alike_for_what_is_ours_and_what_is_not(app: App) -> None:
    secret = minted(app).plaintext.take()
    send(key=UNKNOWN)
    told = set()
    for one in (UNKNOWN, secret):
        with CaptureQueriesContext(connection) as taken:
            answer = send(key=one)
        told.add((answer.status_code, answer.content, answer["Location"], len(taken)))
    assert len(told) == 1


def test_too_many_are_told_to_wait() -> None:
    with at(now()):
        answers = [send(key=UNKNOWN) for _ in range(reports.MAX_PER_MINUTE + 1)]
    assert answers[-1].status_code == 429
    assert "Too many reports" in text(answers[-1])


# ── an app's reports ────────────────────────────────────────────────────────────────────────────────


def test_reports_of_the_app_are_listed_with_what_was_done(
    app: App, other_app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    made = minted(app, name="worker")
    reported(made)
    reported(minted(other_app, name="strange"))
    page = text(signed_in(developer).get(reverse("leaks", args=[app.id])))
    assert all(word in page for word in ("worker", made.key.prefix, "git.exam", "Owner notified"))
    assert "strange" not in page


def test_the_end_of_a_leaked_key_has_a_receipt(app: App, window: Client) -> None:
    agents_lifecycle.update_app(shell(), app, on_leaked_app_key="revoke")
    made = minted(app)
    reported(made)
    there = reverse("receipt", args=[Event.objects.get(action="key.revoke").id])
    assert there in text(window.get(reverse("leaks", args=[app.id])))
    assert made.key.prefix in text(window.get(there))


def test_an_app_without_reports_says_how_to_look_for_leaks(app: App, window: Client) -> None:
    assert "rules for gitleaks" in text(window.get(reverse("leaks", args=[app.id])))


def test_an_outsider_finds_no_reports(app: App, outsider: User, signed_in: Callable[[User], Client]) -> None:
    assert signed_in(outsider).get(reverse("leaks", args=[app.id])).status_code == 404


def test_more_reports_take_no_more_queries(app: App, window: Client) -> None:
    there = reverse("leaks", args=[app.id])
    reported(minted(app))
    one = queries(window, there)
    for _ in range(3):
        reported(minted(app))
    assert queries(window, there) == one


# ── the key's page ──────────────────────────────────────────────────────────────────────────────────


def test_the_keys_page_says_that_it_was_reported_and_what_to_do(app: App, window: Client) -> None:
    made = minted(app)
    there = reverse("key", args=[app.id, made.key.id])
    assert "Reported as leaked" not in text(window.get(there))
    reported(made)
    page = text(window.get(there))
    assert "Reported as leaked" in page
    assert "git.exam" in page
    assert "The leaked key still works." in page


def test_of_an_ended_key_it_says_that_it_opens_nothing(app: App, window: Client) -> None:
    agents_lifecycle.update_app(shell(), app, on_leaked_app_key="revoke")
    made = minted(app)
    reported(made)
    assert "This key no longer works." in text(window.get(reverse("key", args=[app.id, made.key.id])))


def test_where_it_was_found_is_text_and_never_markup(app: App, window: Client) -> None:
    made = minted(app)
    reported(made, "<script>alert(1)</script>")
    for there in (reverse("leaks", args=[app.id]), reverse("key", args=[app.id, made.key.id])):
        assert "<script>alert" not in text(window.get(there))


# ── rules ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("file", rules.FILES)
def test_the_rules_are_there_for_everyone(client: Client, file: str) -> None:
    answer = client.get(reverse("leak-rules", args=[file]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert text(answer) == rules.FILES[file]()


def test_there_are_no_other_rules(client: Client) -> None:
    assert client.get(reverse("leak-rules", args=["settings.py"])).status_code == 404
