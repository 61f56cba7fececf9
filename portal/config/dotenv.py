"""Reads `.env`: the one reading of it, for the portal and for tools/dev.py.

Standard library only, and nothing newer than Python 3.7, as in tools/dev.py, which imports it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_SETTING = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=(.*)", re.S)
_NOTHING = re.compile(r"[ \t]*(?:#.*)?", re.S)
_NOTE = re.compile(r"[ \t]#")
"""Begins a note; a `#` without a blank before it is part of the value."""
_AFTER = re.compile(r"(?:[ \t]+#.*|[ \t]*)", re.S)
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r'\\(["\\$`])')
_NOT_UTF_8 = ".env is not UTF-8 text: save it with that encoding."


class WrongLine(Exception):
    """`.env` cannot be read; the text says where, and nothing of what stands there."""


def load(path: Path) -> None:
    """Put what `path` says into the environment, where that does not say it already. Raises WrongLine."""
    for name, value in read(path).items():
        os.environ.setdefault(name, value)


def read(path: Path) -> dict[str, str]:
    """The settings in `path`; none where there is no such file. Raises WrongLine.

    `NAME=value # note`, with `export` before it or not. In single quotes all is taken as it stands, in double quotes
    a backslash goes before `"`, `\\`, `$` or a backtick. Nothing is put in the place of `$NAME`.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise WrongLine(f".env cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise WrongLine(_NOT_UTF_8) from None
    if "\0" in text:
        raise WrongLine(_NOT_UTF_8)
    return parse(text)


def parse(text: str) -> dict[str, str]:
    """The settings in `text`. Raises WrongLine."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(re.split("\r\n|\n|\r", text), 1):
        if _NOTHING.fullmatch(line):
            continue
        setting = _SETTING.fullmatch(line)
        if setting is None:
            raise WrongLine(f".env, line {number}: this is no setting. Write NAME=value.")
        name = setting.group(1)
        if name in lines:
            raise WrongLine(f".env names {name} in lines {lines[name]} and {number}: keep one.")
        lines[name] = number
        values[name] = _value(setting.group(2), name, number)
    return values


def _value(raw: str, name: str, number: int) -> str:
    text = raw.strip(" \t")
    if text[:1] not in ("'", '"'):
        return _NOTE.split(raw, 1)[0].strip(" \t")
    quoted = (_SINGLE if text[0] == "'" else _DOUBLE).match(text)
    if quoted is None or not _AFTER.fullmatch(text, quoted.end()):
        raise WrongLine(
            f".env, line {number}: the value of {name} begins with a quotation mark, and its line does not end with "
            "the same one. Put a value with quotation marks of one kind into those of the other."
        )
    return quoted.group(1) if text[0] == "'" else _ESCAPED.sub(r"\1", quoted.group(1))
