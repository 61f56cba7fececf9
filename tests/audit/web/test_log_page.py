"""The explorer as a page: what is typed becomes the address, and each part says what it can in its own place."""

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import App
from audit.models import Checkpoint
from core.clock import at
from core.errors import TooBroad
from keys.plaintext import generate
from portal.models import User
from tests.audit.reading import entries, link, text
from tests.audit.records import HOUR, MINUTE, NOON, PREFIX, acted, called, sealed

Read = Callable[..., Any]


@pytest.fixture
def read(app: App, developer: User, signed_in: Callable[[User], Client]) -> Read:
    """`read(key="…")`: the explorer as a developer of `app` sees it."""
    client = signed_in(developer)
    return lambda **asked: client.get(reverse("audit", args=[app.id]), asked)


def address(response: Any) -> dict[str, str]:
    """The filters of the address that an answer leads to."""
    assert response.status_code == 302, text(response)
    return dict(parse_qsl(response.headers["Location"].partition("?")[2]))


# ── what is typed ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [
        ({"q": "outcome:denied"}, {"outcome": "denied"}),
        ({"q": "route:/grants", "outcome": "denied"}, {"path": "/grants", "outcome": "denied"}),
        ({"q": "outcome:allowed", "outcome": "denied"}, {"outcome": "allowed"}),
        ({"q": "since:7d", "range": "24h"}, {"range": "7d"}),
        ({"q": "denied 203.0.113.7"}, {"outcome": "denied", "ip": "203.0.113.7"}),
        (
            {"q": "until:2026-06-02", "range": "custom", "since": "2026-06-01"},
            {"range": "custom", "since": "2026-06-01", "until": "2026-06-02"},
        ),
        ({"q": f"key:{PREFIX}", "before": "1-2"}, {"key": PREFIX}),
    ],
)
def test_what_is_typed_becomes_the_address(
    read: Read, asked: dict[str, str], becomes: dict[str, str]
) -> None:
    assert address(read(**asked)) == becomes


@pytest.mark.parametrize("word", ["{}", "key:{}", "route:/a {}", "actor:{}"])
def test_a_key_that_is_typed_leaves_the_address_cut(read: Read, word: str) -> None:
    secret = generate("app")
    plaintext = secret.take()
    response = read(q=word.format(plaintext))
    assert plaintext not in response.headers["Location"]
    assert address(response)["q"] == word.format(secret.prefix)


def test_a_key_without_its_beginning_leaves_the_address_cut(read: Read) -> None:
    assert address(read(q="x7Kd2mQp" + "aZ3" * 9))["q"] == "x7Kd2mQp"


TYPED_BADLY = [
    ("colour:red", "Unknown filter “colour”"),
    ("key:", "Add a value after “key:”"),
    ('agent:"half', "Close the quotation mark"),
    ("zzzz-nobody", "No key, agent, user"),
    ("outcome:maybe", "outcome: Select a valid choice"),
    ("action:key.eat", "action: Select a valid choice"),
    ("ip:here", "ip: Enter a full IP address"),
    ("since:yesterday", "since: Write a moment such as"),
    ("since:2026-06-02 until:2026-06-01", "until: Choose a time after"),
    ("since:0001-01-01 until:9999-12-31T23:59-23:00", "until: Write a moment"),
    ("kind:span", "kind: Select a valid choice"),
    ("id:7", "id: Enter a valid UUID"),
    ("a b" * 3_000, "at most 2000 characters"),
    ("route:/a\x00", "Null characters are not allowed"),
    ("' OR 1=1; DROP TABLE audit_event; --", "No key, agent, user"),
    ("<script>alert(1)</script>", "No key, agent, user"),
]


@pytest.mark.parametrize(("typed", "complaint"), TYPED_BADLY, ids=[typed[:30] for typed, _ in TYPED_BADLY])
def test_what_cannot_be_read_is_said_in_place_and_stays_typed(
    read: Read, app: App, typed: str, complaint: str
) -> None:
    called(app.id)
    response = read(q=typed, outcome="denied")
    page = response.content.decode()
    assert (response.status_code, entries(response)) == (422, [])
    assert complaint in text(response)
    assert re.search(r'name="q" value="([^"]*)"', page)
    assert html.unescape(re.search(r'name="q" value="([^"]*)"', page)[1])[:100] == typed[:100]  # type: ignore[index]
    assert '<input type="hidden" name="outcome" value="denied"' in page
    assert "<script>alert" not in page


NEW_FILTERS = [
    {"agent": "Refund Agent"},
    {"key": "WORKER"},
    {"check": "address"},
    {"via": "sdk"},
    {"trace": "0af7651916cd43dd8448eb211c80319c"},
]


@pytest.mark.parametrize("asked", NEW_FILTERS, ids=str)
def test_filters_by_name_check_face_and_trace(read: Read, app: App, asked: dict[str, str]) -> None:
    made = acted(
        app.id,
        action="key.mint",
        key_id=app.id,
        key_name="worker",
        agent_id=app.id,
        agent_name="refund agent",
    )
    mine = called(
        app.id,
        key_id=app.id,
        agent_id=app.id,
        via="sdk",
        trace_id="0af7651916cd43dd8448eb211c80319c",
        code="ip_not_allowed",
        check_failed="address",
    )
    called(app.id, trace_id="f" * 32)
    found = set(entries(read(**asked))) - {str(made.id)}
    assert found == {str(mine.id)}


@pytest.mark.parametrize(("kind", "number"), [("event", 0), ("call", 1)])
def test_acts_alone_and_calls_alone(read: Read, app: App, kind: str, number: int) -> None:
    with at(NOON):
        both = acted(app.id, NOON + HOUR), called(app.id, NOON + HOUR)
    found = entries(read(kind=kind, range="custom", since="2026-06-01 13:00", until="2026-06-01 13:01"))
    assert found == [str(both[number].id)]


def test_one_entry_by_its_id(read: Read, app: App) -> None:
    call = called(app.id)
    called(app.id)
    assert entries(read(id=str(call.id))) == [str(call.id)]


# ── beside the list ─────────────────────────────────────────────────────────


def facet(response: Any, words: str) -> str:
    """Where the facet's value leads."""
    match = re.search(rf'<a href="([^"]*)"[^>]* title="{re.escape(words)}">', response.content.decode())
    return html.unescape(match[1]) if match else ""


def test_a_facets_value_adds_its_filter(read: Read, app: App) -> None:
    called(app.id, ip="203.0.113.7")
    assert facet(read(outcome="allowed"), "203.0.113.7") == "?outcome=allowed&ip=203.0.113.7"


def test_a_facets_value_in_force_takes_it_away(read: Read, app: App) -> None:
    called(app.id, ip="203.0.113.7")
    response = read(outcome="allowed", ip="203.0.113.7")
    assert facet(response, "203.0.113.7") == "?outcome=allowed"
    assert 'aria-current="true" title="203.0.113.7"' in response.content.decode()


def test_a_key_in_force_is_called_by_its_name(read: Read, app: App) -> None:
    called(app.id, key_id=app.id, key_name="worker")
    assert "key: worker" in text(read(key_id=str(app.id))).replace("key:worker", "key: worker")


def test_the_figure_shows_and_names_only_what_there_is(read: Read, app: App) -> None:
    called(app.id, NOON, code="ip_not_allowed")
    with at(NOON + HOUR):
        denied = read(range="24h").content.decode()
        nothing = read(range="24h", key="no-such-key").content.decode()
    assert '<svg class="denied"' in denied and '<svg class="allowed"' not in denied
    assert (
        '<span class="swatch denied"></span>' in denied
        and '<span class="swatch allowed"></span>' not in denied
    )
    assert 'id="histogram"' in denied and 'id="histogram"' not in nothing


def test_the_figure_leads_to_narrower_spans(read: Read, app: App) -> None:
    called(app.id, NOON)
    with at(NOON + HOUR):
        response = read(range="24h", outcome="allowed")
    assert link(response, "1 Jun, 12:00 to 12:20") == (
        "?outcome=allowed&range=custom&since=2026-06-01+12%3A00&until=2026-06-01+12%3A20"
    )


def test_the_permalink_has_moments_of_its_own(read: Read, app: App) -> None:
    with at(NOON):
        response = read(range="1h")
    assert (
        link(response, "Permalink")
        == "?range=custom&since=2026-06-01+11%3A00%3A00&until=2026-06-01+12%3A00%3A01"
    )


def test_refusals_alike_are_folded_under_the_newest(read: Read, app: App) -> None:
    for minute in range(4):
        called(app.id, NOON + minute * MINUTE, code="ip_not_allowed", check_failed="address")
    called(app.id, NOON + HOUR)
    assert "3 more like it since 12:00:00" in text(read())


def test_refusals_that_differ_are_not_folded(read: Read, app: App) -> None:
    (
        called(app.id, code="ip_not_allowed", ip="203.0.113.7"),
        called(app.id, code="ip_not_allowed", ip="203.0.113.8"),
    )
    called(app.id), called(app.id)
    assert "more like it" not in text(read())


def test_what_waits_for_its_seal_says_so(read: Read, app: App) -> None:
    called(app.id)
    assert "· Not verified yet" in text(read())
    sealed()
    assert "worker · x7Kd2mQp · Not verified yet" not in text(read())


def test_the_page_says_up_to_when_the_record_is_sealed(read: Read, app: App) -> None:
    assert "Not verified yet." in text(read())
    for kind, number in (("event", 1), ("call", 2)):
        Checkpoint.objects.create(
            number=number,
            stream=app.id,
            kind=kind,
            first_seq=1,
            last_seq=1,
            root=bytes(32),
            previous=bytes([number]) * 32,
            hash=bytes([number]) * 32,
            sealed_at=NOON + number * HOUR,
            earliest_at=NOON,
            latest_at=NOON,
            key_id="k",
            signature=b"",
        )
    assert "Verified up to 1 Jun 2026, 14:00 UTC." in text(read())


# ── patience ────────────────────────────────────────────────────────────────


def refuse(*args: Any, **kwargs: Any) -> Any:
    raise TooBroad


def test_a_search_that_takes_too_long_says_so_in_place(
    read: Read, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    called(app.id)
    monkeypatch.setattr("audit.search.search.timeline", refuse)
    response = read(path="/grants")
    assert response.status_code == 422
    assert "This search takes too long." in text(response)
    assert '<input type="hidden" name="path" value="/grants"' in response.content.decode()
    assert link(response, "Last hour") == "?range=1h&path=%2Fgrants"


@pytest.mark.parametrize(
    ("part", "says"), [("facets", "Counts unavailable"), ("histogram", "Chart unavailable")]
)
def test_what_stands_beside_does_not_take_the_list_down(
    read: Read, app: App, monkeypatch: pytest.MonkeyPatch, part: str, says: str
) -> None:
    call = called(app.id)
    monkeypatch.setattr(f"audit.web.log_page.{part}", refuse)
    response = read(outcome="allowed")
    assert (response.status_code, entries(response)) == (200, [str(call.id)])
    assert says in text(response)


# ── the live tail ───────────────────────────────────────────────────────────


@pytest.fixture
def listen(app: App, developer: User, signed_in: Callable[[User], Client]) -> Read:
    client = signed_in(developer)
    return lambda asked, **headers: client.get(reverse("audit-live", args=[app.id]), asked, headers=headers)


def place(response: Any) -> str:
    match = re.search(r'data-after="([^"]*)"', response.content.decode())
    return match[1] if match else ""


def test_the_tail_tells_what_came_after_the_page(read: Read, listen: Read, app: App) -> None:
    called(app.id)
    after = place(read(outcome="allowed"))
    called(app.id), called(app.id, code="ip_not_allowed")
    response = listen({"outcome": "allowed", "after": after})
    assert response.headers["Content-Type"] == "text/event-stream"
    assert 'data: {"count": 1, "more": false}' in response.content.decode()


def test_the_tail_goes_on_from_the_last_event(read: Read, listen: Read, app: App) -> None:
    called(app.id)
    after = place(read(outcome="allowed"))
    called(app.id)
    asked = {"outcome": "allowed", "after": after}
    content = listen(asked).content.decode()
    last = re.search(r"^id: (.*)$", content, re.M)
    assert last
    assert "data:" not in listen(asked, last_event_id=last[1]).content.decode()


@pytest.mark.parametrize("asked", [{}, {"after": "x"}, {"after": f"1-{'0' * 32}", "outcome": "maybe"}])
def test_a_tail_that_cannot_be_read_is_refused(listen: Read, asked: dict[str, str]) -> None:
    assert listen(asked).status_code == 422


@pytest.mark.parametrize("asked", [{"before": f"1-{'0' * 32}"}, {"range": "custom", "until": "2026-06-01"}])
def test_there_is_no_tail_of_the_past(read: Read, asked: dict[str, str]) -> None:
    assert place(read(**asked)) == ""
