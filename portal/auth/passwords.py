"""Refuses passwords that are long and easy: common words put together or repeated, rows of keys, few letters."""

import math
import re
from functools import lru_cache

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

MIN_BITS = 40.0
"""What the guessing of a password must at least take. Sign-in lets a guesser try a few a minute."""
MAX_JUDGED = 128
"""Characters that are looked at. Whoever writes more has said enough."""
MIN_WORD, MAX_WORD = 4, 16
WORD_BITS = math.log2(20_000)
"""There are so many in the list of common passwords."""
CHARACTER_BITS, STEP_BITS = math.log2(26), 1.0
_FOLDED = str.maketrans("013457@$!", "oleastasi")
_ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "1234567890",
    "1qaz2wsx3edc4rfv",
)
HELP = "No common or repeated words, and no keyboard rows."


class VarietyValidator:
    """Asks how many guesses a password takes when common words, repetitions and sequences are tried first."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for one that takes too few."""
        if bits_of(password) < MIN_BITS:
            raise ValidationError(
                "This password is too easy to guess. Avoid common or repeated words.",
                code="password_too_plain",
            )

    def get_help_text(self) -> str:
        """What a form may say beside the field."""
        return HELP


def bits_of(password: str) -> float:
    """About how many yes-or-no questions lead to `password`: the cheapest way to put it together of known pieces."""
    text = password[:MAX_JUDGED].lower()
    plain = text.translate(_FOLDED)
    best = [0.0] + [math.inf] * len(text)
    for start in range(len(text)):
        for end in range(start + 1, min(len(text), start + MAX_WORD) + 1):
            cost = _cost(text, plain, start, end)
            best[end] = min(best[end], best[start] + cost)
    return best[-1]


def _cost(text: str, plain: str, start: int, end: int) -> float:
    """What the piece from `start` to `end` takes. One that was there before takes a question or two."""
    piece, before = plain[start:end], plain[:start]
    if piece in before:
        return STEP_BITS
    if end - start == 1:
        return STEP_BITS if start and abs(ord(text[start]) - ord(text[start - 1])) <= 1 else CHARACTER_BITS
    if end - start >= MIN_WORD and (
        piece in _common() or text[start:end] in _common() or _is_row(text[start:end])
    ):
        return WORD_BITS
    return math.inf


def _is_row(piece: str) -> bool:
    return any(piece in row or piece in row[::-1] for row in _ROWS)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """Django's list of common passwords, without what has no letter or digit in it."""
    return frozenset(word for word in CommonPasswordValidator().passwords if re.search("[a-z0-9]", word))
