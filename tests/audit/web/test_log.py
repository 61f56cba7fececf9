"""The timeline as a page: whom it lets in, what it finds, and what it says when it finds nothing."""

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.models import App
from audit.models import Call, Event
from core.clock import at
from core.ids import new_id
from keys.plaintext import generate
from portal.models import User
from tests.audit.reading import entries, event_page, link, text
from tests.audit.records import DAY, HOUR, MINUTE, NOON, PREFIX, acted, called, sealed

Read = Callable[..., Any]


@pytest.fixture
def read(app: App, developer: User, signed_in: Callable[[User], Client]) -> Read:
    """`read(key="…")`: the timeline as a developer of `app` sees it."""
    client = signed_in(developer)
    return lambda **asked: client.get(reverse("audit", args=[app.id]), asked)


# ── who may ─────────────────────────────────────────────────────────────────


def test_whoever_is_not_signed_in_is_sent_to_sign_in(app: App) -> None:
    response = Client().get(reverse("audit", args=[app.id]))
    assert (response.status_code, "/account/login/" in response.headers["Location"]) == (302, True)


@pytest.mark.parametrize("who", ["admin", "developer", "support"])
def test_everyone_with_a_role_may_read(
    app: App, who: str, signed_in: Callable[[User], Client], request: pytest.FixtureRequest
) -> None:
    client = signed_in(request.getfixturevalue(who))
    assert client.get(reverse("audit", args=[app.id])).status_code == 200


@pytest.mark.parametrize("page", ["audit", "audit-event", "audit-call"])
def test_to_an_outsider_there_is_no_record(
    app: App, outsider: User, signed_in: Callable[[User], Client], page: str
) -> None:
    ids = {"audit": [], "audit-event": [acted(app.id).id], "audit-call": [called(app.id).id]}
    assert signed_in(outsider).get(reverse(page, args=[app.id, *ids[page]])).status_code == 404


@pytest.mark.parametrize("write", [acted, called], ids=["audit-event", "audit-call"])
def test_an_entry_of_another_app_is_not_there_under_ones_own(
    app: App, outsider: User, other_app: App, signed_in: Callable[[User], Client], write: Any
) -> None:
    row = write(app.id)
    page = "audit-event" if isinstance(row, Event) else "audit-call"
    assert signed_in(outsider).get(reverse(page, args=[other_app.id, row.id])).status_code == 404


def test_what_another_app_caused_is_not_shown(
    app: App, other_app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    cause = acted(other_app.id, actor_label="Stranger")
    event = acted(app.id, cause_id=cause.id)
    acted(other_app.id, cause_id=event.id, actor_label="Stranger")
    assert "Stranger" not in text(event_page(signed_in(developer), event))


@pytest.mark.parametrize("page", ["audit-event", "audit-call"])
def test_an_entry_that_never_was_is_not_there(
    app: App, developer: User, signed_in: Callable[[User], Client], page: str
) -> None:
    assert signed_in(developer).get(reverse(page, args=[app.id, new_id()])).status_code == 404


def test_nothing_can_be_posted_to_the_record(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    assert signed_in(developer).post(reverse("audit", args=[app.id])).status_code == 405


# ── the timeline ────────────────────────────────────────────────────────────


def test_an_act_is_told_in_a_sentence(read: Read, app: App) -> None:
    acted(app.id, action="key.deprecate", reason="moving on", ip="203.0.113.9")
    sealed()
    assert "Admin deprecated key worker Via Web · “moving on” 203.0.113.9" in text(read())


def test_a_call_is_told_in_a_sentence(read: Read, app: App) -> None:
    called(app.id, method="POST", path="/grants/issue", ip="203.0.113.7")
    sealed()
    assert "Allowed POST /grants/issue worker · x7Kd2mQp 203.0.113.7" in text(read())


def test_a_refused_call_tells_why(read: Read, app: App) -> None:
    called(
        app.id, code="ip_not_allowed", check_failed="address", detail="203.0.113.7 is in none of 192.0.2.0/24"
    )
    assert "Denied GET /grants IP not allowed · worker · x7Kd2mQp" in text(read())


def test_every_day_has_a_heading(read: Read, app: App) -> None:
    called(app.id, at=NOON), called(app.id, at=NOON - HOUR), called(app.id, at=NOON - DAY)
    assert re.findall(r"\w+ \d+ \w+ 2026, UTC", text(read(outcome="allowed"))) == [
        "Monday 1 June 2026, UTC",
        "Sunday 31 May 2026, UTC",
    ]


def filtered(app: App) -> list[tuple[dict[str, str], Event | Call]]:
    """Filters, and the one entry of the app that each lets through."""
    key_id, agent_id = new_id(), new_id()
    act = acted(app.id, NOON, action="key.mint", key_id=key_id, key_prefix=PREFIX, actor_label="Admin")
    allowed = called(
        app.id, NOON + MINUTE, path="/secrets", agent_id=agent_id, request_id="req-7", key_prefix=""
    )
    refused = called(app.id, NOON + 2 * MINUTE, code="ip_not_allowed", ip="198.51.100.1", key_prefix="")
    return [
        ({"key": PREFIX}, act),
        ({"key": "2mQp"}, act),
        ({"key_id": str(key_id)}, act),
        ({"action": "key.mint"}, act),
        ({"action": "key"}, act),
        ({"actor": "admin"}, act),
        ({"outcome": "allowed"}, allowed),
        ({"path": "/sec"}, allowed),
        ({"agent": str(agent_id)}, allowed),
        ({"request": "req-7"}, allowed),
        ({"outcome": "denied"}, refused),
        ({"code": "ip_not_allowed"}, refused),
        ({"ip": "198.51.100.1"}, refused),
        ({"range": "custom", "since": "2026-06-01 12:02", "until": "2026-06-01 12:03"}, refused),
    ]


@pytest.mark.parametrize("number", range(14))
def test_every_filter_finds_what_it_says(read: Read, app: App, number: int) -> None:
    asked, entry = filtered(app)[number]
    assert entries(read(**asked)) == [str(entry.id)]


def test_each_filter_in_force_is_a_token_that_takes_it_away(read: Read, app: App) -> None:
    response = read(outcome="denied", ip="203.0.113.7")
    match = re.search(
        r'<a href="([^"]*)"[^>]* aria-label="Remove outcome: denied"', response.content.decode()
    )
    assert match and match[1] == "?ip=203.0.113.7"


def test_a_filter_without_a_control_is_kept_by_the_form(read: Read) -> None:
    assert '<input type="hidden" name="path" value="/grants"' in read(path="/grants").content.decode()


@pytest.mark.parametrize(
    ("tab", "asked"),
    [("All", {}), ("Denied", {"outcome": "denied"}), ("Key changes", {"action": "key"})],
)
def test_a_tab_is_open_where_it_leads(read: Read, tab: str, asked: dict[str, str]) -> None:
    assert re.search(rf'aria-current="page">{tab}</a>', read(**asked).content.decode())


def test_a_tab_keeps_the_other_filters(read: Read) -> None:
    assert link(read(ip="203.0.113.7", action="key"), "Denied") == "?ip=203.0.113.7&outcome=denied"


def test_older_and_newer_lead_through_the_pages(read: Read, app: App, developer: User) -> None:
    calls = [called(app.id, NOON + MINUTE * minute) for minute in range(60)]
    first = read(outcome="allowed")
    second = read(**dict(parse_qsl(link(first, "Next")[1:])))
    assert entries(second) == [str(call.id) for call in calls[9::-1]]
    back = read(**dict(parse_qsl(link(second, "Previous")[1:])))
    assert entries(back) == entries(first)


def test_a_page_holds_still_while_calls_arrive(read: Read, app: App) -> None:
    for minute in range(60):
        called(app.id, NOON + MINUTE * minute)
    older = dict(parse_qsl(link(read(), "Next")[1:]))
    before = entries(read(**older))
    called(app.id, NOON + DAY)
    assert entries(read(**older)) == before


def test_the_timeline_is_a_fixed_number_of_queries(read: Read, app: App) -> None:
    acted(app.id), called(app.id)
    with CaptureQueriesContext(connection) as of_few:
        read()
    for _ in range(30):
        acted(app.id), called(app.id, code="ip_not_allowed")
    with CaptureQueriesContext(connection) as of_many:
        read()
    assert len(of_many) == len(of_few) < 40


# ── nothing to show ─────────────────────────────────────────────────────────


def test_nothing_matched_lists_the_filters_with_a_way_out_of_each(read: Read) -> None:
    response = read(outcome="denied", ip="203.0.113.7")
    assert "No results" in text(response)
    assert link(response, "Remove filter") == "?ip=203.0.113.7"


def test_nothing_matched_offers_the_nearest_older_time_with_data(read: Read, app: App) -> None:
    called(app.id, NOON - DAY)
    with at(NOON):
        response = read(range="1h", outcome="allowed")
    assert "The last match before this range was 1 day ago" in text(response)
    assert link(response, "Search all time") == "?outcome=allowed"


def test_beyond_the_last_page_there_is_a_way_back(read: Read, app: App) -> None:
    response = read(outcome="allowed", before=f"1-{'0' * 32}")
    assert "No more entries" in text(response)
    assert link(response, "Back to the first page") == "?outcome=allowed"


# ── bad input ───────────────────────────────────────────────────────────────

BAD = [
    ({"before": "x"}, "Invalid page"),
    ({"after": f"{'9' * 18}-{'0' * 32}"}, "Invalid page"),
    ({"range": "custom", "since": "yesterday"}, "Write a moment such as"),
    ({"range": "9y"}, "Select a valid choice"),
    ({"outcome": "maybe"}, "Select a valid choice"),
    ({"action": "key.eat"}, "Select a valid choice"),
    ({"key_id": "seven"}, "Enter a valid UUID"),
    ({"ip": "here"}, "Enter a full IP address"),
    ({"key": "a\x00b"}, "Null characters are not allowed"),
    ({"path": "/" * 301}, "at most 300 characters"),
]


@pytest.mark.parametrize(("asked", "complaint"), BAD)
def test_what_cannot_be_read_is_told_and_nothing_typed_is_lost(
    read: Read, app: App, asked: dict[str, str], complaint: str
) -> None:
    response = read(**{"actor": "typed before", **asked})
    assert (response.status_code, entries(response)) == (422, [])
    assert complaint in text(response)
    for value in ("typed before", *(asked[name] for name in asked if name not in ("before", "after"))):
        assert html.escape(value) in response.content.decode()


@pytest.mark.parametrize("asked", [asked for asked, _ in BAD])
def test_what_cannot_be_read_is_not_called_an_empty_record(read: Read, asked: dict[str, str]) -> None:
    assert "No entries yet" not in text(read(**asked))


@pytest.mark.parametrize("name", ["key", "actor", "path", "request", "code", "ip"])
def test_a_pasted_key_leaves_the_address_at_once(read: Read, name: str) -> None:
    secret = generate("app")
    plaintext = secret.take()
    response = read(**{name: plaintext, "outcome": "denied"})
    assert response.status_code == 302
    assert dict(parse_qsl(response.headers["Location"].partition("?")[2])) == {
        name: secret.prefix,
        "outcome": "denied",
    }
    assert plaintext not in response.content.decode()


def test_htmx_gets_the_page_without_its_frame(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    response = signed_in(developer).get(reverse("audit", args=[app.id]), headers={"HX-Request": "true"})
    assert 'id="log"' in response.content.decode()
    assert '<nav class="side"' not in response.content.decode()
