"""One timeline over acts and calls: every filter, and pages that hold still while rows arrive."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from agents.models import App
from audit import search
from audit.actors import shell
from audit.ids import new_id
from audit.models import Event
from audit.refusals import Invalid
from audit.search import Cursor, Entry, Filters, cut_to_prefix, nearest_older, parse_cursor, timeline
from keys import lifecycle
from keys.plaintext import generate
from tests.audit.records import APP, DAY, HOUR, KEY, MINUTE, NOON, PREFIX, acted, called, minted_as
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.keys.family import derived, parent_of
from tests.keys.laws import law

pytestmark = pytest.mark.django_db


def found(**filters: Any) -> list[Entry]:
    return timeline(Filters(APP, **filters)).entries


def prefixes(text: str) -> set[str]:
    """The prefixes of the keys that `text` finds."""
    return {entry.key_prefix for entry in found(key=text)}


# ── what is found ───────────────────────────────────────────────────────────


def test_acts_and_calls_stand_in_one_line_newest_first() -> None:
    first, second, third = acted(at=NOON), called(at=NOON + MINUTE), acted(at=NOON + HOUR)
    assert found() == [third, second, first]


def test_what_happened_at_one_moment_stands_in_the_order_of_ids() -> None:
    entries = [acted(), called(), acted(), called()]
    assert found() == sorted(entries, key=lambda entry: entry.id, reverse=True)


def test_another_apps_entries_are_not_found() -> None:
    acted(new_id()), called(new_id())
    assert found() == []


def test_calls_of_no_app_are_in_nobodys_line() -> None:
    called(None, key_id=None)  # type: ignore[arg-type]
    assert found() == []


@pytest.mark.parametrize(("outcome", "expected"), [("act", 0), ("allowed", 1), ("refused", 2), ("", None)])
def test_by_outcome(outcome: str, expected: int | None) -> None:
    entries = [acted(), called(), called(code="ip_not_allowed")]
    assert set(found(outcome=outcome)) == ({entries[expected]} if expected is not None else set(entries))


def test_by_action() -> None:
    acted(), called()
    assert found(action="key.mint") == []
    assert [entry for entry in found(action="key.rename") if isinstance(entry, Event)] != []


def test_by_everything_that_is_done_to_a_kind_of_thing() -> None:
    mine = {acted(action="key.mint"), acted(action="key.revoke")}
    acted(action="keyring.open"), acted(action="app.update"), called()
    assert set(found(action="key")) == mine


def test_by_actor_in_any_case() -> None:
    mine = acted()
    acted(actor_label="Grace <grace@example.com>"), called()
    assert found(actor="ADA@example") == [mine]


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("key_id", "key_id", new_id()),
        ("agent", "agent_id", new_id()),
        ("ip", "ip", "198.51.100.1"),
        ("request", "request_id", "req-7"),
    ],
)
def test_by_what_acts_and_calls_share(name: str, column: str, value: object) -> None:
    mine = {acted(**{column: value}), called(**{column: value})}
    acted(), called()
    assert set(found(**{name: value})) == mine


def test_by_code() -> None:
    mine = called(code="ip_not_allowed")
    called(code="insufficient_scope"), called(), acted()
    assert found(code="ip_not_allowed") == [mine]


def test_by_the_beginning_of_a_path() -> None:
    mine = called(path="/grants/7")
    called(path="/keys/grants"), acted()
    assert found(path="/grants") == [mine]


def test_a_paths_percent_sign_is_a_percent_sign() -> None:
    called(path="/grants")
    assert found(path="/%s") == []


def test_by_time_from_a_moment_on_and_up_to_another() -> None:
    entries = [called(at=NOON + HOUR * hours) for hours in range(4)]
    assert found(since=NOON + HOUR, until=NOON + 3 * HOUR) == [entries[2], entries[1]]


def test_filters_narrow_together() -> None:
    mine = called(ip="198.51.100.1", code="ip_not_allowed")
    called(ip="198.51.100.1"), called(code="ip_not_allowed")
    assert found(ip="198.51.100.1", outcome="refused") == [mine]


# ── a key's prefix ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", [PREFIX, "x7Kd2mQp", "7Kd2", "app_x7Kd"])
def test_a_prefix_and_any_piece_of_it_finds_the_key(text: str) -> None:
    minted_as(PREFIX), minted_as("alter_key_app_9bRfLw5J")
    assert prefixes(text) == {PREFIX}


@pytest.mark.parametrize("text", [PREFIX.lower(), "X7KD2MQP", "x7k"])
def test_large_and_small_letters_of_a_prefix_differ(text: str) -> None:
    minted_as(PREFIX)
    assert prefixes(text) == set()


@pytest.mark.parametrize("text", ["%", "_______", "x7K%", "x7Kd2mQ_"])
def test_a_prefix_is_no_pattern(text: str) -> None:
    minted_as(PREFIX)
    assert prefixes(text) == set()


def test_a_prefix_finds_what_was_done_to_the_key_and_with_it() -> None:
    key_id = minted_as(PREFIX)
    call = called(key_id=key_id)
    assert found(key="x7Kd2mQp") == [call, *Event.objects.all()]


def test_a_prefix_finds_no_key_of_another_app() -> None:
    minted_as(PREFIX, app_id=new_id())
    assert prefixes(PREFIX) == set()


def test_a_text_that_fits_very_many_keys_still_finds_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_KEYS", 2)
    for end in "abcd":
        minted_as(f"alter_key_app_x7Kd2mQ{end}")
    assert len(prefixes("x7Kd")) == 4


def test_a_text_that_fits_very_many_keys_is_still_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_KEYS", 0)
    minted_as(PREFIX), minted_as(PREFIX.replace("Kd", "kd"))
    assert prefixes("x7Kd") == {PREFIX}


def test_a_rotated_derived_keys_old_prefix_finds_what_was_done_under_it(app: App) -> None:
    key, secret = opened(derived(parent_of(app).key))
    ask(secret)
    old = key.prefix
    ask(opened(lifecycle.rotate(shell(), key))[1])
    entries = timeline(Filters(app.id, key=old)).entries
    assert {entry.key_prefix for entry in entries} == {old}
    assert len(entries) == 2


def test_a_rotated_derived_keys_id_finds_both_its_lives(app: App) -> None:
    key, secret = opened(derived(parent_of(app).key))
    ask(secret)
    ask(opened(lifecycle.rotate(shell(), key))[1])
    assert len(timeline(Filters(app.id, key_id=key.id)).entries) == 4


def test_every_key_that_was_ever_minted_is_found_by_its_prefix(app: App) -> None:
    key = minted(app).key
    successor = lifecycle.rotate(shell(), key).key
    child = derived(parent_of(app).key).key
    for made in (key, successor, child):
        assert timeline(Filters(app.id, key=made.prefix[-8:])).entries


@pytest.mark.parametrize("kind", ["app", "agent", "derived"])
def test_a_pasted_key_is_cut_to_its_prefix(kind: str) -> None:
    secret = generate(kind)
    assert cut_to_prefix(f"  {secret.take()}\n") == secret.prefix


def test_a_pasted_access_token_is_cut_to_its_prefix() -> None:
    assert cut_to_prefix("alter_pat_" + "a" * 40) == "alter_pat_aaaaaaaa"


def test_keys_within_a_text_are_cut_to_their_prefixes() -> None:
    secret = generate("app")
    assert cut_to_prefix(f"x-api-key: {secret.take()}; curl") == f"x-api-key: {secret.prefix}; curl"


@pytest.mark.parametrize("text", [PREFIX, "x7Kd2mQp", "7Kd", "checkout-worker"])
def test_what_is_no_key_is_left_as_it_is(text: str) -> None:
    assert cut_to_prefix(text) == text


# ── pages ───────────────────────────────────────────────────────────────────


def test_a_page_that_holds_everything_leads_nowhere() -> None:
    acted(), called()
    page = timeline(Filters(APP), limit=2)
    assert (page.older, page.newer) == (None, None)


def test_an_empty_page_leads_nowhere() -> None:
    assert timeline(Filters(APP)) == search.Page([], None, None)


def test_the_first_page_leads_to_older_entries_only() -> None:
    acted(), called(), acted()
    page = timeline(Filters(APP), limit=2)
    assert (page.older is not None, page.newer) == (True, None)


def test_the_last_page_leads_to_newer_entries_only() -> None:
    acted(), called(), acted()
    last = timeline(Filters(APP), before=timeline(Filters(APP), limit=2).older, limit=2)
    assert (len(last.entries), last.older, last.newer is not None) == (1, None, True)


def test_newer_leads_back_to_the_page_one_came_from() -> None:
    for minute in range(6):
        called(at=NOON + MINUTE * minute)
    first = timeline(Filters(APP), limit=2)
    second = timeline(Filters(APP), before=first.older, limit=2)
    assert timeline(Filters(APP), after=second.newer, limit=2).entries == first.entries


def test_a_page_reached_backwards_is_newest_first_and_leads_both_ways() -> None:
    calls = [called(at=NOON + MINUTE * minute) for minute in range(6)]
    page = timeline(Filters(APP), after=Cursor(calls[1].at, calls[1].id), limit=2)
    assert page.entries == [calls[3], calls[2]]
    assert page.older and page.newer


def test_an_older_page_holds_still_while_rows_arrive() -> None:
    calls = [called(at=NOON + MINUTE * minute) for minute in range(6)]
    older = timeline(Filters(APP), limit=2).older
    for _ in range(3):
        called(at=NOON + HOUR)
    assert timeline(Filters(APP), before=older, limit=2).entries == [calls[3], calls[2]]


def test_pages_keep_to_the_filters() -> None:
    calls = [
        called(at=NOON + MINUTE * minute, code="ip_not_allowed" if minute % 2 else "") for minute in range(8)
    ]
    refused = Filters(APP, outcome="refused")
    older = timeline(refused, limit=2).older
    assert timeline(refused, before=older, limit=2).entries == [calls[3], calls[1]]


_rows = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), max_size=25)


@law
@given(_rows, st.integers(1, 7))
def test_paging_through_older_visits_every_entry_once_in_order(
    rows: list[tuple[bool, int]], limit: int
) -> None:
    app_id = new_id()
    made = [(acted if act else called)(app_id, NOON + MINUTE * minute) for act, minute in rows]
    seen: list[Entry] = []
    place: Cursor | None = None
    while not seen or place:
        page = timeline(Filters(app_id), before=place, limit=limit)
        seen, place = [*seen, *page.entries], page.older
        if not made:
            break
    assert seen == sorted(made, key=lambda entry: (entry.at, entry.id), reverse=True)


@law
@given(_rows, st.integers(1, 7))
def test_paging_back_through_newer_visits_every_entry_once_in_order(
    rows: list[tuple[bool, int]], limit: int
) -> None:
    app_id = new_id()
    made = [(acted if act else called)(app_id, NOON + MINUTE * minute) for act, minute in rows]
    oldest = acted(app_id, NOON - DAY)
    seen: list[Entry] = [oldest]
    place: Cursor | None = Cursor(oldest.at, oldest.id)
    while place:
        page = timeline(Filters(app_id), after=place, limit=limit)
        seen, place = [*page.entries, *seen], page.newer
    assert seen == sorted([*made, oldest], key=lambda entry: (entry.at, entry.id), reverse=True)


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(
    ("filters", "queries"),
    [({}, 2), ({"outcome": "refused"}, 1), ({"key": "x7Kd"}, 3), ({"ip": "192.0.2.1"}, 2)],
)
def test_a_page_is_a_fixed_number_of_queries(
    rows: int, filters: dict[str, str], queries: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for _ in range(rows):
        called(key_id=minted_as(PREFIX))
    with django_assert_num_queries(queries):
        timeline(Filters(APP, **filters), limit=10)  # type: ignore[arg-type]


@pytest.mark.parametrize("filters", [{}, {"key": PREFIX}, {"outcome": "refused"}])
def test_a_page_never_counts_and_never_skips(filters: dict[str, str]) -> None:
    with CaptureQueriesContext(connection) as asked:
        timeline(Filters(APP, **filters), before=Cursor(NOON, new_id()))  # type: ignore[arg-type]
    said = " ".join(query["sql"] for query in asked.captured_queries).upper()
    assert "LIMIT" in said
    assert "OFFSET" not in said and "COUNT(" not in said


# ── places ──────────────────────────────────────────────────────────────────


@law
@given(st.datetimes().map(lambda moment: moment.replace(tzinfo=NOON.tzinfo)), st.uuids())
def test_a_place_can_be_written_down_and_found_again(moment: Any, row_id: Any) -> None:
    place = Cursor(max(moment, search._EPOCH), row_id)
    assert parse_cursor(str(place)) == place


def test_no_place_is_none() -> None:
    assert parse_cursor("") is None


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "-",
        "1-2",
        f"{10**18 - 1}-{'0' * 32}",
        f"-1-{'0' * 32}",
        f"1-{'g' * 32}",
        f"1-{'0' * 32} ",
        f"１-{'0' * 32}",
    ]
    + [f"1-{'0' * 33}", "'; --", "\x00", f"9{'9' * 40}-{'0' * 32}"],
)
def test_a_place_that_cannot_be_read_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        parse_cursor(text)


# ── what stands near ────────────────────────────────────────────────────────


def test_the_nearest_older_entry_is_the_last_before_the_time_asked_for() -> None:
    called(at=NOON - DAY)
    last = acted(at=NOON - HOUR)
    assert nearest_older(Filters(APP, since=NOON)) == last


def test_the_nearest_older_entry_fits_the_other_filters() -> None:
    last = called(at=NOON - DAY, code="ip_not_allowed")
    called(at=NOON - HOUR)
    assert nearest_older(Filters(APP, outcome="refused", since=NOON)) == last


def test_nothing_is_older_than_all_time() -> None:
    called()
    assert nearest_older(Filters(APP)) is None


def test_nothing_older_is_nothing() -> None:
    assert nearest_older(Filters(APP, since=NOON)) is None


def test_a_calls_neighbours_are_the_nearest_of_its_key() -> None:
    calls = [called(at=NOON + MINUTE * minute) for minute in range(15)]
    called(key_id=new_id(), at=NOON + MINUTE * 7)
    assert search.around(calls[7]) == calls[12:1:-1]


def test_the_first_call_of_a_key_has_only_later_neighbours() -> None:
    calls = [called(at=NOON + timedelta(minutes=minute)) for minute in range(3)]
    assert search.around(calls[0]) == calls[::-1]


def test_asking_nothing_narrows_nothing() -> None:
    assert not Filters(APP).narrowed
    assert Filters(APP, key_id=KEY).narrowed
