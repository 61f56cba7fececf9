"""Checks names and words against known ones, and suggests the nearest known one.

What passes over a name it does not know shows, exports or lets pass more than was asked for.
"""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from core.errors import Invalid
from core.text import sanitize

MAX_SAID = 40
MAX_LISTED = 24
"""So many words are listed; of more the nearest is named."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` most probably was meant to be; empty if it is like none."""
    matches = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else ""


def describe_unknown(word: str, known: Collection[str], what: str = "parameter") -> str:
    """The sentence that says what `word` is not, and what was meant or could be."""
    near, shown = nearest(word, known), sanitize(word, MAX_SAID)
    if near:
        return f"There is no {what} “{shown}”. Did you mean “{near}”?"
    few = sorted(known) if 0 < len(known) <= MAX_LISTED else ()
    return f"There is no {what} “{shown}”." + (
        f" Available: {', '.join(few)}." if few else " None is taken here."
    )


def unknown_names(given: Mapping[str, list[str]], known: Collection[str]) -> list[tuple[str, str]]:
    """What is wrong with the names of a query, each with why: unknown ones, and those that are said more than once."""
    flaws = [(sanitize(name, 200), describe_unknown(name, known)) for name in given if name not in known]
    twice = [name for name, values in given.items() if name in known and len(values) > 1]
    return flaws + [(name, f"“{name}” can be one thing only. Write it once.") for name in twice]


def parse_choice(text: str, field: str, known: Collection[str]) -> str:
    """A word of the product, in whatever case it is written; empty stays empty. Raises Invalid."""
    if text and (word := text.strip(" ").lower()) in known:
        return word
    if text:
        raise Invalid(field, describe_unknown(text, known, field.replace("_", " ")))
    return ""
