"""Compares what a document shows with what came: its shape, for ids and numbers are others each time."""

import json
import re
from collections.abc import Iterator
from typing import Any

ANY = "…"


def differences(shown: str, came: str) -> list[str]:
    """What a console's lines show and `came` does not have. Headers may stand in any case; further ones may come."""
    text, _, told = shown.partition("\n{")
    wrong = list(_missing_lines(text.splitlines(), came))
    if told:
        answer, _ = json.JSONDecoder().raw_decode(came[came.find("{") :])
        wrong += differs(json.loads("{" + told), answer)
    return wrong


def _missing_lines(shown: list[str], came: str) -> Iterator[str]:
    lines = came.splitlines()
    for line in filter(str.strip, shown):
        words = [r"\S.*" if word == ANY else _pattern(word) for word in line.split()]
        if not any(re.fullmatch(r"\s+".join(words), line.strip(), re.I) for line in lines):
            yield f"it shows {line!r}, which did not come"


def _pattern(word: str) -> str:
    """A word with a digit or an ellipsis stands for any in its place; a status is itself."""
    if re.fullmatch(r"[1-5]\d\d", word) or not re.search(rf"[\d{ANY}]", word):
        return re.escape(word)
    return r"\S+"


def differs(shown: Any, came: Any, where: str = "") -> list[str]:
    """Names and types that are not the same in two JSON values. An ellipsis stands for anything."""
    if isinstance(shown, str) and ANY in shown or shown is None or came is None:
        return []
    if isinstance(shown, dict) and isinstance(came, dict):
        wrong = [f"{where}{name} is not on both sides" for name in shown.keys() ^ came.keys()]
        both = shown.keys() & came.keys()
        return wrong + [one for name in both for one in differs(shown[name], came[name], f"{where}{name}.")]
    if isinstance(shown, list) and isinstance(came, list):
        pairs = zip(shown, came, strict=False)
        return [one for told, item in pairs for one in differs(told, item, f"{where}[].")]
    same = type(shown) is type(came)
    return [] if same else [f"{where} is a {type(came).__name__}, not a {type(shown).__name__}"]
