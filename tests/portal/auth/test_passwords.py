"""Passwords that are long and easy are refused wherever one is set; passphrases and random ones are not."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from portal.auth.passwords import MIN_BITS, bits_of

EASY = (
    "passwordpassword",
    "PasswordPassword1",
    "pa55w0rdpa55w0rd",
    "password12345678",
    "letmeinletmein!",
    "iloveyouiloveyou",
    "adminadminadmin",
    "monkeymonkeydragon",
    "summer2024summer2024",
    "aaaaaaaaaaaaaB1!",
    "abcdefghijklmnop",
    "qwertyuiopasdfgh",
    "111122223333444",
    "ab" * 40,
)
GOOD = (
    "a long enough password",
    "the quiet heron waits",
    "correct horse battery",
    "xK9#mQ2vLp0z",
    "mvkeqzdhwtpl",
    "e3b0c44298fc1c149afb",
    "ein Satz mit Umlauten: äöü",
)


@pytest.mark.parametrize("password", EASY)
def test_what_is_made_of_common_or_repeated_pieces_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


@pytest.mark.parametrize("password", GOOD)
def test_what_takes_many_guesses_is_taken(password: str) -> None:
    validate_password(password)


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=6), st.integers(2, 40))
def test_saying_it_again_makes_nothing_strong(piece: str, times: int) -> None:
    assert bits_of(piece * times) < MIN_BITS


@given(st.text(max_size=300))
def test_any_text_is_judged(password: str) -> None:
    assert bits_of(password) >= 0
