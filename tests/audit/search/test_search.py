"""One timeline over acts and calls: every filter, and pages that hold still while rows arrive."""

from typing import Any

import pytest

from agents.models import App
from audit.actors import shell
from audit.models import Event
from audit.search import matching
from audit.search.search import Entry, Filters, timeline
from core.ids import new_id
from keyformat.redaction import cut_to_prefix
from keys import lifecycle
from keys.plaintext import generate
from tests.audit.records import APP, HOUR, KEY, MINUTE, NOON, PREFIX, acted, called, minted_as
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.keys.family import derived, parent_of

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
    called(None, key_id=None)
    assert found() == []


@pytest.mark.parametrize(("outcome", "expected"), [("event", 0), ("allowed", 1), ("denied", 2), ("", None)])
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
    assert found(actor="ADMIN@example") == [mine]


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
    columns: dict[str, Any] = {column: value}
    mine = {acted(**columns), called(**columns)}
    acted(), called()
    assert set(found(**{name: value})) == mine


def test_by_what_a_program_calls_itself_exactly() -> None:
    mine = {acted(caller="billing worker"), called(caller="billing worker")}
    acted(caller="Billing worker"), called(caller="billing worker 2"), called()
    assert set(found(caller="billing worker")) == mine


def test_by_the_id_of_what_a_program_calls_itself() -> None:
    caller_id = new_id()
    mine = {acted(caller="worker", caller_id=caller_id), called(caller="worker", caller_id=caller_id)}
    called(caller="worker", caller_id=new_id())
    assert set(found(caller=str(caller_id))) == mine


def test_by_an_agent_that_named_itself_and_not_by_its_own_keys() -> None:
    agent_id = new_id()
    mine = {acted(agent_id=agent_id, caller=str(agent_id)), called(agent_id=agent_id, caller=str(agent_id))}
    called(agent_id=agent_id)
    assert set(found(caller=str(agent_id))) == mine


def test_a_label_that_is_nearly_an_id_is_a_label() -> None:
    mine = called(caller=KEY.hex)
    assert found(caller=KEY.hex) == [mine]


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
    assert found(ip="198.51.100.1", outcome="denied") == [mine]


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
    monkeypatch.setattr(matching, "MAX_KEYS", 2)
    for end in "abcd":
        minted_as(f"alter_key_app_x7Kd2mQ{end}")
    assert len(prefixes("x7Kd")) == 4


def test_a_text_that_fits_very_many_keys_is_still_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_KEYS", 0)
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
