"""The filters of the log as an address says them: what is taken, what is cut, and what is complained of."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from audit.search.filter_form import FilterForm
from audit.search.search import Filters
from core.clock import at
from core.ids import new_id
from keys.plaintext import generate
from tests.audit.records import APP, DAY, HOUR, NOON, PREFIX


def form(**asked: str) -> FilterForm:
    return FilterForm(asked)


def filters(**asked: str) -> Filters:
    valid = form(**asked)
    assert valid.is_valid(), valid.errors
    return valid.filters(APP)


def complaint(field: str, **asked: str) -> str:
    return " ".join(map(str, form(**asked).errors.get(field, ())))


def query(address: str) -> dict[str, str]:
    return dict(parse_qsl(address.removeprefix("?")))


def test_nothing_asked_is_everything() -> None:
    assert filters() == Filters(APP)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", PREFIX),
        ("action", "key.mint"),
        ("action", "key"),
        ("outcome", "denied"),
        ("ip", "203.0.113.7"),
    ]
    + [
        ("actor", "Admin"),
        ("caller", "billing worker"),
        ("code", "ip_not_allowed"),
        ("path", "/grants"),
        ("request", "req-7"),
    ],
)
def test_each_text_is_taken(name: str, value: str) -> None:
    assert getattr(filters(**{name: value}), name) == value


@pytest.mark.parametrize("name", ["key_id", "agent"])
def test_each_id_is_taken(name: str) -> None:
    row_id = new_id()
    assert getattr(filters(**{name: str(row_id)}), name) == row_id


@pytest.mark.parametrize(("span", "length"), [("1h", HOUR), ("24h", DAY), ("7d", 7 * DAY), ("30d", 30 * DAY)])
def test_a_span_ends_now(span: str, length: Any) -> None:
    with at(NOON):
        assert filters(range=span) == Filters(APP, since=NOON - length)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-01 12:00", NOON),
        ("2026-06-01T12:00:00Z", NOON),
        ("2026-06-01T14:00+02:00", NOON),
        (" 2026-06-01 12:00 ", NOON),
        ("2026-06-01", NOON - 12 * HOUR),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, moment: datetime) -> None:
    assert filters(range="custom", since=text).since == moment


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-13-01",
        "2026-06-01 25:00",
        "12:00",
        "0",
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:00-14:00",
    ],
)
def test_what_is_no_moment_is_complained_of(text: str) -> None:
    assert complaint("since", range="custom", since=text).startswith("Write a moment such as")


def test_a_time_that_ends_before_it_begins_is_complained_of() -> None:
    asked = {"range": "custom", "since": "2026-06-02", "until": "2026-06-01"}
    assert complaint("until", **asked) == "Choose a time after the start."


def test_moments_without_their_range_are_not_in_force() -> None:
    assert filters(range="", since="2026-06-01") == Filters(APP)
    assert form(range="24h", since="2026-06-01").active() == [("since", "last 24 hours", "?")]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("2001:DB8:0::7", "2001:db8::7"),
        ("[2001:db8::7]:80", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_an_address_is_compared_as_the_record_writes_it(text: str, address: str) -> None:
    assert filters(ip=text).ip == address


@pytest.mark.parametrize("text", ["203.0.113", "here", "203.0.113.0/24"])
def test_what_is_no_address_is_complained_of(text: str) -> None:
    assert complaint("ip", ip=text).startswith("Enter a full IP address")


@pytest.mark.parametrize(
    ("name", "value"),
    [("action", "key.eat"), ("action", "key.read"), ("outcome", "maybe"), ("range", "9y"), ("kind", "span")]
    + [("key_id", "x"), ("key", "a b" * 60), ("path", "/" * 301), ("actor", "a\x00b")],
)
def test_a_value_that_cannot_be_taken_is_complained_of(name: str, value: str) -> None:
    assert complaint(name, **{name: value})


# ── a pasted key ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["key", "caller", "actor", "path", "code", "request", "ip"])
def test_a_key_pasted_anywhere_is_nowhere_in_the_form(name: str) -> None:
    secret = generate("app").take()
    cut = form(**{name: f"x{secret}"})
    shown = f"{cut.as_p()} {cut.address()} {cut.active()} {cut.data}"
    assert cut.held_a_secret
    assert secret[-14:] not in shown


def test_a_pasted_key_asks_for_its_prefix() -> None:
    secret = generate("agent")
    assert filters(key=f" {secret.take()} ").key == secret.prefix


def test_a_key_without_its_beginning_is_cut_to_eight_characters() -> None:
    assert filters(key="x7Kd2mQp" + "a" * 28).key == "x7Kd2mQp"


@pytest.mark.parametrize("text", [PREFIX, "x7Kd2mQp", "app_x7Kd2mQp", "settlement-worker", ""])
def test_a_prefix_is_no_secret(text: str) -> None:
    assert not form(key=text).held_a_secret


# ── the address is the state ────────────────────────────────────────────────


def test_an_address_says_what_is_in_force() -> None:
    asked = {"key": PREFIX, "range": "custom", "since": "2026-06-01", "path": "/a?b&c=d"}
    assert query(form(**asked).address()) == asked


def test_an_address_leaves_out_what_is_not_asked() -> None:
    assert form(key="", outcome="denied").address(before="1-2") == "?outcome=denied&before=1-2"


def test_each_filter_in_force_can_be_taken_away_alone() -> None:
    asked = {"key": PREFIX, "outcome": "denied", "range": "24h"}
    without = {name: query(address) for name, _, address in form(**asked).active()}
    assert without == {
        "key": {"outcome": "denied", "range": "24h"},
        "outcome": {"key": PREFIX, "range": "24h"},
        "since": {"key": PREFIX, "outcome": "denied"},
    }


def test_one_of_two_moments_can_be_taken_away() -> None:
    asked = {"range": "custom", "since": "2026-06-01", "until": "2026-06-02"}
    without = {name: query(address) for name, _, address in form(**asked).active()}
    assert without["since"] == {"range": "custom", "until": "2026-06-02"}


def test_what_cannot_be_taken_can_be_taken_away() -> None:
    assert form(outcome="maybe").active() == [("outcome", "maybe", "?")]
