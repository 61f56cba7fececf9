"""Text from outside, made fit to keep."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import path_of, sanitize
from keyformat.redaction import redact
from keys.plaintext import generate
from tests.keys.laws import law

WHOLE = "alter_key_app_" + "Example0" + "a" * 28


@pytest.mark.parametrize("kind", ["app", "agent", "derived"])
def test_a_whole_key_is_cut_down_to_its_prefix(kind: str) -> None:
    secret = generate(kind)
    assert redact(f"try {secret.take()} now") == f"try {secret.prefix}[redacted] now"


def test_an_access_token_is_cut_down_too() -> None:
    assert redact("alter_pat_" + "a" * 40) == "alter_pat_aaaaaaaa[redacted]"


def test_a_secret_is_cut_however_it_is_encoded() -> None:
    secret = generate("app").take()
    every = "".join(f"%{ord(one):02x}" for one in secret)
    for text in (
        f"/use/%61{secret[1:]}",
        f"/use/%2561{secret[1:]}/now",
        f"/%ff{secret.replace('_', '%5F')}",
        f"/%E9/{secret}",
        every,
        every.replace("%", "%25"),
        secret.upper(),
        f"A%4cTER{secret[5:]}",
    ):
        kept = unquote(unquote(unquote(redact(text)))).lower()
        assert "[redacted]" in kept, text
        assert secret[-16:].lower() not in kept, text


def test_what_is_encoded_and_holds_no_secret_stays_as_it_is() -> None:
    assert redact("/a%20b/alter_key_app_Example0/%2561") == "/a%20b/alter_key_app_Example0/%2561"


def test_every_key_of_a_text_is_cut() -> None:
    assert "a" * 20 not in redact(f"{WHOLE},{WHOLE}x-{WHOLE}")


def test_a_prefix_stays_readable() -> None:
    assert redact("alter_key_app_Example0 was revoked") == "alter_key_app_Example0 was revoked"


def test_kept_text_is_one_line() -> None:
    assert sanitize("one\r\ntwo\tthree\x00", 80) == "one two three"


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f", "\u2028", "\x85", "\ud800"])
def test_kept_text_holds_nothing_that_turns_or_breaks_it(mark: str) -> None:
    assert sanitize(f"a{mark}b", 80) == "a b"


@pytest.mark.parametrize("between", ["-", ".", "__", ":", "/", " ", "_-_"])
def test_a_key_spelled_another_way_is_redacted_too(between: str) -> None:
    assert redact(WHOLE.replace("_", between)) == "alter_key_app_Example0[redacted]".replace("_", between)


def test_a_key_that_would_be_cut_by_the_length_is_redacted_first() -> None:
    assert "a" * 9 not in sanitize(WHOLE, 30)


@law
@given(st.text(max_size=60), st.integers(1, 40))
def test_kept_text_is_never_longer_than_its_column(text: str, longest: int) -> None:
    assert len(sanitize(text, longest)) <= longest


@law
@given(st.text(max_size=80))
def test_keeping_twice_is_keeping_once(text: str) -> None:
    assert sanitize(sanitize(text, 300), 300) == sanitize(text, 300)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/grants?token=secret", "/grants"),
        ("/grants#part", "/grants"),
        ("https://api.example.com/grants?x=1", "/grants"),
        ("https://api.example.com", ""),
        ("//double/slash", "//double/slash"),
        ("/a?b?c", "/a"),
        ("/https://inside", "/https://inside"),
        ("", ""),
        ("*", "*"),
        ("/caf%C3%A9", "/caf%C3%A9"),
        ("/[::1", "/[::1"),
    ],
)
def test_a_path_is_kept_without_what_may_be_secret(uri: str, path: str) -> None:
    assert path_of(uri) == path


def test_a_key_in_a_path_is_redacted() -> None:
    assert path_of(f"/use/{WHOLE}/now") == "/use/alter_key_app_Example0[redacted]/now"


def test_a_path_is_cut_to_its_column() -> None:
    assert len(path_of("/" + "a" * 900)) == 500


@pytest.mark.parametrize("invisible", ["\u200b", "\xad", "\n", "\x00"])
def test_a_secret_that_invisible_characters_split_is_redacted(invisible: str) -> None:
    kept = sanitize(f"{WHOLE[:20]}{invisible}{WHOLE[20:]}", 200)
    assert WHOLE[-12:] not in kept
