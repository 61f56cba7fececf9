"""Values that are none, for what an address names, for queries, forms and JSON; chosen by a seeded generator."""

import json
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

FAR = (
    "9999-12-31T23:59:59Z",
    "9999-12-31",
    "0001-01-01T00:00+14:00",
    "2027-W01-1",
    "-1",
    "1e400",
    "20261201",
)
NUMBERS = (
    "0",
    "-1",
    "9223372036854775808",
    "9" * 40,
    "1.5",
    "NaN",
    "Infinity",
    "0x10",
    "\u0661",
    "1_000",
    "1e9",
)
TEXTS = (
    "",
    " ",
    "x",
    "%",
    "_",
    "\\",
    "'",
    '"',
    "..",
    ";",
    "\0",
    "a\0b",
    "\n",
    "\u202e",
    "\ufffd",
    "\U0001f511",
    "\u0130\u00df\u0301",
    "\uff0f",
    "null",
    "true",
    "[]",
    "{}",
    "x" * 5_000,
    "alter_key_app_" + "Example0" * 4,
)
IDS = (
    "0" * 32,
    "0" * 36,
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "{00000000-0000-0000-0000-000000000000}",
    "urn:uuid:00000000-0000-0000-0000-000000000000",
)
CURSORS = ("0-" + "0" * 32, "9" * 18 + "-" + "f" * 32, "1.2", "1" * 30, "-1-" + "0" * 32, "0", "AAAA")
NAMES = (
    "page",
    "limit",
    "offset",
    "cursor",
    "before",
    "after",
    "since",
    "until",
    "range",
    "q",
    "status",
    "kind",
    "id",
)
PLAIN = (*FAR, *NUMBERS, *TEXTS, *IDS, *CURSORS)
NO_JSON = (
    b"{",
    b"",
    b"\xff",
    b"NaN",
    b"[" * 20_000,
    b'{"a":1,"a":2}',
    b'{"a":1e999}',
    b'{"a":"\\ud800"}',
    b"null",
    b"[]",
)


def segment(dice: Random) -> str:
    """What may stand in an address, quoted."""
    return quote(dice.choice(PLAIN), safe="" if dice.random() < 0.5 else "/")[:2_000] or "%20"


def query(dice: Random, names: tuple[str, ...]) -> str:
    """A query of known and unknown names, some twice, with values of every kind."""
    known = (*names, *NAMES)
    pairs = [(dice.choice(known), dice.choice(PLAIN)) for _ in range(dice.randrange(4))]
    return urlencode(pairs + pairs[:1] if dice.random() < 0.2 else pairs)


def document(dice: Random, names: tuple[str, ...], depth: int = 0) -> Any:
    """Any JSON, most often an object with known names."""
    values: tuple[Any, ...] = (None, True, 0, -1, 2**63, 2**70, 1e308, 1.5, [], {}, "\ud800", *PLAIN)
    if depth > 3 or dice.random() < 0.4 and depth:
        return dice.choice(values)
    if dice.random() < 0.3 and depth:
        return [document(dice, names, depth + 1) for _ in range(dice.randrange(3))]
    picked = dice.sample(names, min(len(names), dice.randrange(1, 5))) if names else ["x"]
    return {name: document(dice, names, depth + 1) for name in picked}


def body(dice: Random, names: tuple[str, ...]) -> bytes:
    """A body of JSON, or one that is none."""
    return dice.choice(NO_JSON) if dice.random() < 0.15 else json.dumps(document(dice, names)).encode()


def form(dice: Random, names: tuple[str, ...]) -> dict[str, Any]:
    """Values of a form, some of them several times."""
    known = (*names, "reason", "name", "csrfmiddlewaretoken", "x")
    picked = {dice.choice(known): dice.choice(PLAIN) for _ in range(dice.randrange(8))}
    return {name: [value, value] if dice.random() < 0.2 else value for name, value in picked.items()}
