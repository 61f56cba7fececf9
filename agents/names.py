"""Parses names, and says when two of them look the same."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from agents.invisible_characters import is_in_place, is_joiner, without_joiners
from core.errors import Invalid
from core.text import sanitize
from keyformat.redaction import redact

MAX_NAME = 80
MAX_WEBSITE = 300
AGENT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols that show nothing."""
_is_website = URLValidator(schemes=["http", "https"])
_LOOK_ALIKES = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}


def parse_name(text: str, field: str = "name") -> str:
    """A name for people: 1 to 80 visible characters, one line, one script. Raises Invalid."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise Invalid(field, "Enter a name.")
    if len(name) > MAX_NAME:
        raise Invalid(field, f"Use at most {MAX_NAME} characters. This name has {len(name)}.")
    if len(sameness(name)) > 2 * MAX_NAME:
        raise Invalid(field, "This name is too long once its ligatures are written out.")
    if any(_unseen(text, at) for at in range(len(text))):
        raise Invalid(field, "Remove control characters and invisible characters.")
    if redact(name) != name:
        raise Invalid(field, "This looks like an API key. Store keys in a secret manager, not in a name.")
    if len(_scripts(name)) > 1:
        raise Invalid(field, "Use letters of one alphabet only, for example Latin or Cyrillic.")
    return name


def person_name(text: str) -> str:
    """A name that somebody else keeps, as it may stand here: what is no name for people is none, and is left out."""
    try:
        return parse_name(sanitize(text, MAX_NAME))
    except Invalid:
        return ""


def parse_agent_name(text: str, field: str = "name") -> str:
    """An agent's name on the wire: lower case, digits, `-` and `_` (docs/sdk.md). Raises Invalid."""
    name = text.strip()
    if not AGENT_NAME.fullmatch(name):
        raise Invalid(
            field,
            "Use 1 to 64 lowercase letters, digits, hyphens and underscores. Start with a letter or digit.",
        )
    return name


def parse_website(text: str, field: str = "website_url") -> str:
    """A web address, http or https, of at most 300 characters; empty is none. Raises Invalid."""
    address = text.strip()
    try:
        if len(address) > MAX_WEBSITE or redact(address) != address:
            raise ValidationError("")
        if address:
            _is_website(address)
    except ValidationError:
        why = f"Enter a URL such as https://example.com, with at most {MAX_WEBSITE} characters."
        raise Invalid(field, why) from None
    return address


def sameness(name: str) -> str:
    """Two names that people would take for one have one sameness: case, width, accents' form, joiners are dropped."""
    return unicodedata.normalize("NFKC", without_joiners(name)).casefold()


def _unseen(text: str, at: int) -> bool:
    character = text[at]
    if is_joiner(character):
        return not is_in_place(text, at)
    category = unicodedata.category(character)
    return category[0] == "C" or category in ("Zl", "Zp") or character in _BLANK


def _scripts(name: str) -> set[str]:
    letters = (unicodedata.name(c, "").partition(" ")[0] for c in name if c.isalpha())
    return {script for script in letters if script in _LOOK_ALIKES}
