"""Case-insensitive comparison, search and ordering of text, the same on both database engines.

* What people name (keys, agents, apps, people, views, and who acted) is compared *folded*: large and small letters are
  one, and so are the ways to write a character (composed or combining, wide or narrow, ß and ss). Accents count:
  `prüfung` is found by `PRÜFUNG`, and not by `prufung`.
* What programs name (prefixes, paths, ids, addresses, names on the wire) is compared as it is, code point by code
  point. Words of the product (outcomes, codes, checks, faces) are lower case, and a query for one is made so.
* Lists in the order of a name stand in the order of code points of the folded name, whatever locale a database has.
* What is looked for is text, never a pattern: %, _ and \\ are letters like others. Hence no LIKE, which besides takes
  large and small ASCII for one on SQLite, and not on PostgreSQL.

SQLite calls fold() itself; PostgreSQL has the same in SQL, with the same table (on_postgres(), migration 0011).
"""

import unicodedata
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, F, Func, Q, Value
from django.db.models.functions import Length, StrIndex, Substr
from django.db.models.lookups import Exact, GreaterThan

FUNCTION = "portal_fold"
CASED = (
    (0x41, 0x2FFF),
    (0xA640, 0xABFF),
    (0x10400, 0x10FFF),
    (0x118A0, 0x118DF),
    (0x16E40, 0x16E7F),
    (0x1E900, 0x1E95F),
)
"""Where the characters are that have two cases. Another version of Unicode may have more: a test looks everywhere."""
NEAR = "\u052f"
"""The last character of Latin, Greek and Cyrillic as most texts have it, once it is taken apart."""
SHARP_S = "\u00df"
CAPITAL_SHARP_S = "\u1e9e"


def fold_table() -> dict[str, str]:
    """What characters become once they are taken apart: those of which casefold() makes one other character."""
    every = (chr(point) for first, last in CASED for point in range(first, last + 1))
    pairs = (
        (character, character.casefold())
        for character in every
        if unicodedata.normalize("NFKD", character) == character
    )
    return {character: new for character, new in pairs if len(new) == 1 and character != new} | {
        CAPITAL_SHARP_S: SHARP_S
    }


_TABLE = str.maketrans(fold_table())


def fold(text: str) -> str:
    """`text` as it is compared: two texts that people would take for one have one fold."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text).translate(_TABLE).replace(SHARP_S, "ss")
    return unicodedata.normalize("NFC", apart)


def on_postgres() -> tuple[str, ...]:
    """The statements that make fold() a function of PostgreSQL, whose encoding must be UTF-8.

    translate() looks through its table for each character: texts of the scripts with two cases that are common have
    a short one. They are not STRICT, or the planner would not put them into the query.
    """
    table = fold_table()
    near = {character: new for character, new in table.items() if "\x7f" < character <= NEAR}
    return (
        f"""
CREATE OR REPLACE FUNCTION {FUNCTION}_far(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT normalize(replace(CASE WHEN normalize(given, NFKD) ~ '[^\\u0001-\\u{ord(NEAR):04x}]'
    THEN translate(normalize(given, NFKD), '{"".join(table)}', '{"".join(table.values())}')
    ELSE translate(lower(normalize(given, NFKD) COLLATE "C"), '{"".join(near)}', '{"".join(near.values())}') END,
    '{SHARP_S}', 'ss'), NFC)
$$""",
        f"""
CREATE OR REPLACE FUNCTION {FUNCTION}(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN octet_length(given) = length(given) THEN lower(given COLLATE "C") ELSE {FUNCTION}_far(given) END
$$""",
    )


def register_function(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Let SQLite know the function."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(FUNCTION, 1, _fold_stored, deterministic=True)


def _fold_stored(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value


class Fold(Func):
    """A column as it is compared."""

    function = FUNCTION
    arity = 1
    output_field = CharField()


class CodePoints(Func):
    """A column in the order of its code points, whatever locale the database has."""

    arity = 1
    output_field = CharField()
    template = "%(expressions)s"

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template='(%(expressions)s) COLLATE "C"')


def equals_folded(column: str, text: str) -> Exact:
    """Rows whose `column`, a name that people gave, is `text`."""
    return Exact(Fold(column), Value(fold(text)))


def contains_folded(text: str, *columns: str) -> Q:
    """Rows of which one of `columns`, names that people gave, holds `text`."""
    return Q(*(_holds(Fold(column), fold(text)) for column in columns), _connector=Q.OR)


def holding(text: str, *columns: str) -> Q:
    """Rows of which one of `columns` holds `text` as it is."""
    return Q(*(_holds(F(column), text) for column in columns), _connector=Q.OR)


def starts_with_folded(text: str, column: str) -> Exact:
    """Rows whose `column` begins with `text` as it is."""
    return Exact(Substr(column, 1, Length(Value(text))), Value(text))


def code_point_order(*columns: str) -> list[CodePoints]:
    """The order of names: of their code points."""
    return [CodePoints(column) for column in columns]


def by_name(*columns: str) -> list[CodePoints]:
    """The order of names that people gave: of the code points of what they fold to."""
    return [CodePoints(Fold(column)) for column in columns]


def _holds(column: Any, text: str) -> GreaterThan:
    return GreaterThan(StrIndex(column, Value(text)), 0)
