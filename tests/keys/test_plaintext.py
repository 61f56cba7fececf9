"""The plaintext of a key: its shape, checksum and digests, and that it never shows itself by accident."""

import copy
import hashlib
import hmac
import pickle
import string
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from agents.models import App
from audit.actors import shell
from core.text import sanitize
from keyformat import grammar
from keyformat.grammar import ALPHABET
from keyformat.redaction import redact
from keys import lifecycle, plaintext
from keys.admission import lookup
from keys.models import ApiKey
from keys.plaintext import Plaintext
from tests.factories import minted
from tests.keys.asking import UNKNOWN as KEY
from tests.keys.asking import again, ask, error, opened
from tests.keys.family import derived, parent_of
from tests.keys.laws import law

KINDS = {
    "app": ("alter_key_app_", 36),
    "agent": ("alter_key_agent_", 34),
    "derived": ("alter_key_derived_", 32),
}
NO_KEYS = [
    "",
    "alter_key_app_",
    KEY[:-1],
    KEY + "0",
    KEY + "\n",
    " " + KEY,
    KEY.upper(),
    KEY.replace("app", "pat"),
    "é" * 50,
]
WAYS_TO_SHOW: list[Callable[[Plaintext], str]] = [
    repr,
    str,
    lambda it: f"{it}",
    lambda it: repr({"made": [it]}),
]
WAYS_TO_COPY: list[Callable[[Plaintext], object]] = [
    pickle.dumps,
    copy.copy,
    copy.deepcopy,
    lambda it: it.__getstate__(),
]
ONE, TWO = b"1" * 32, b"2" * 32
"""Two peppers."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_fifty_characters_and_forty_after_alter_key(kind: str) -> None:
    secret = plaintext.generate(kind).take()

    start, rest = KINDS[kind]
    assert (secret[: len(start)], len(secret) - len(start), len(secret)) == (start, rest, 50)


@pytest.mark.parametrize("kind", KINDS)
def test_only_letters_and_digits_follow_the_type_word(kind: str) -> None:
    secret = plaintext.generate(kind).take()

    assert set(secret.removeprefix(KINDS[kind][0])) <= set(string.ascii_letters + string.digits)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown_of_a_key_is_its_type_and_eight_characters(kind: str) -> None:
    made = plaintext.generate(kind)
    prefix, secret = made.prefix, made.take()

    assert prefix == secret[: len(KINDS[kind][0]) + 8]


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_key_is_well_formed(kind: str) -> None:
    assert grammar.is_key(plaintext.generate(kind).take())


def test_no_two_keys_are_alike() -> None:
    assert len({plaintext.generate("app").take() for _ in range(500)}) == 500


def test_the_last_six_characters_are_a_crc_32_in_base_62() -> None:
    digits, number = string.digits + string.ascii_uppercase + string.ascii_lowercase, 0
    for digit in KEY[-6:]:
        number = number * 62 + digits.index(digit)

    assert number == zlib.crc32(KEY[:-6].encode())


@law
@given(st.integers(0, 49), st.characters(codec="latin-1"))
def test_any_single_changed_character_is_noticed(place: int, character: str) -> None:
    changed = KEY[:place] + character + KEY[place + 1 :]

    assert grammar.is_key(changed) == (changed == KEY)


@law
@given(st.integers(0, 48))
def test_two_swapped_neighbours_are_noticed(place: int) -> None:
    swapped = KEY[:place] + KEY[place + 1] + KEY[place] + KEY[place + 2 :]

    assert grammar.is_key(swapped) == (swapped == KEY)


@pytest.mark.parametrize("presented", NO_KEYS)
def test_what_is_no_key_is_not_well_formed(presented: str) -> None:
    assert not grammar.is_key(presented)


@law
@given(st.text(max_size=60).map("alter_key_app_".__add__))
def test_a_prefix_holds_nothing_but_letters_digits_and_underscores(presented: str) -> None:
    assert set(grammar.prefix_of(presented)) <= set(ALPHABET + "_")


def test_a_plaintext_can_be_taken_once() -> None:
    made = plaintext.generate("app")
    made.take()

    with pytest.raises(RuntimeError):
        made.take()


def test_a_plaintext_that_was_taken_has_no_digest() -> None:
    made = plaintext.generate("app")
    made.take()

    with pytest.raises(RuntimeError):
        made.digest()


@pytest.mark.parametrize("show", WAYS_TO_SHOW)
def test_showing_a_plaintext_shows_its_prefix(show: Callable[[Plaintext], str]) -> None:
    shown = show(Plaintext(KEY))

    assert (KEY[:22] in shown, KEY[22:] in shown) == (True, False)


@pytest.mark.parametrize("copied", WAYS_TO_COPY)
def test_a_plaintext_is_not_copied(copied: Callable[[Plaintext], object]) -> None:
    with pytest.raises(TypeError):
        copied(Plaintext(KEY))


def test_showing_a_minted_key_shows_no_plaintext(app: App) -> None:
    made = minted(app)
    shown = repr(made)

    assert made.plaintext.take()[22:] not in shown


def test_a_digest_is_keyed_with_the_pepper(settings: Settings) -> None:
    settings.PEPPERS = {1: ONE}

    expected = hmac.new(ONE, hashlib.sha256(KEY.encode()).digest(), hashlib.sha256).digest()
    assert Plaintext(KEY).digest() == expected


def test_new_digests_use_the_highest_pepper(settings: Settings) -> None:
    settings.PEPPERS = {2: ONE, 10: TWO, 1: ONE}

    assert Plaintext(KEY).digest() == plaintext.digest(plaintext.sha256(KEY), 10)


def test_a_presented_key_is_digested_under_every_pepper(settings: Settings) -> None:
    settings.PEPPERS = {1: ONE, 2: TWO}
    hashed = plaintext.sha256(KEY)

    assert plaintext.digests(hashed) == [plaintext.digest(hashed, 2), plaintext.digest(hashed, 1)]


def test_the_database_holds_the_digest_of_the_key(app: App) -> None:
    key, secret = opened(minted(app))

    assert bytes(again(key).digest) == plaintext.digest(plaintext.sha256(secret), key.pepper)


@pytest.fixture
def old_key(app: App, settings: Settings) -> tuple[ApiKey, str]:
    """A key digested under pepper 1, now that pepper 2 is there."""
    settings.PEPPERS = {1: ONE}
    made = opened(minted(app))
    settings.PEPPERS = {1: ONE, 2: TWO}
    return made


def test_a_key_of_an_older_pepper_still_passes(old_key: tuple[ApiKey, str]) -> None:
    assert ask(old_key[1]).status_code == 200


def test_the_next_call_moves_a_key_to_the_current_pepper(old_key: tuple[ApiKey, str]) -> None:
    key, secret = old_key
    ask(secret)

    moved = again(key)
    assert (moved.pepper, bytes(moved.digest)) == (2, plaintext.digest(plaintext.sha256(secret), 2))


def test_a_moved_key_passes_without_its_old_pepper(old_key: tuple[ApiKey, str], settings: Settings) -> None:
    ask(old_key[1])
    settings.PEPPERS = {2: TWO}

    assert ask(old_key[1]).status_code == 200


def test_a_key_whose_pepper_is_gone_is_unknown(old_key: tuple[ApiKey, str], settings: Settings) -> None:
    settings.PEPPERS = {2: TWO}

    assert error(ask(old_key[1])) == (401, "invalid_key")


def test_a_secret_renewed_meanwhile_is_not_overwritten_by_the_move(app: App, settings: Settings) -> None:
    settings.PEPPERS = {1: ONE}
    child, old_secret = opened(derived(parent_of(app).key))
    settings.PEPPERS = {1: ONE, 2: TWO}
    renewed: list[str] = []

    def meanwhile(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE keys_apikey SET digest") and not renewed:
            renewed.append(lifecycle.rotate(shell(), again(child)).plaintext.take())
        return execute(sql, *rest)

    with connection.execute_wrapper(meanwhile):
        lookup.look_up([plaintext.sha256(old_secret)])

    assert [ask(renewed[0]).status_code, ask(old_secret).status_code] == [200, 401]


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_in_a_text_is_cut_down_to_its_prefix(kind: str) -> None:
    made = plaintext.generate(kind)
    prefix, secret = made.prefix, made.take()

    assert redact(f"curl -H 'x-api-key: {secret}' /x") == f"curl -H 'x-api-key: {prefix}[redacted]' /x"


def test_every_key_in_a_text_is_cut_down() -> None:
    assert redact(f"{KEY},{KEY}") == f"{KEY[:22]}[redacted],{KEY[:22]}[redacted]"


def test_a_kept_text_is_redacted_before_it_is_cut() -> None:
    assert KEY[22:27] not in sanitize("x" * 20 + KEY, 20 + 27)


@law
@given(st.text(max_size=40), st.integers(0, 90))
def test_a_kept_text_is_one_line_without_control_characters(text: str, longest: int) -> None:
    kept = sanitize(text, longest)

    assert len(kept) <= longest
    assert len(kept.splitlines()) <= 1
    assert not set(kept) & set(map(chr, [*range(32), *range(127, 160)]))


@pytest.mark.parametrize("turned", ["\u202e", "\u2066", "\u200f", "\u2028", "\x85"])
def test_a_kept_text_cannot_turn_round_the_line_it_stands_in(turned: str) -> None:
    assert sanitize(f"lost{turned}key", 20) == "lost key"
