"""What is looked at in a block that is not run: its reason is one of these, and what can be known of it holds."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator

import click
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

from alter.main import alter
from audit.search.query import parse
from tests.docs.markdown import ROOT, Block, commands

PROGRAMS = {
    "systemctl",
    "nginx",
    "haproxy",
    "rsync",
    "pg_dump",
    "psql",
    "pip",
    "pipx",
    "cp",
    "export",
    "cd",
    ".",
}
"""The system's, which documents may name besides ours."""


def words_of(line: str) -> list[str]:
    """A command without settings before it, `sudo`, comments, and where its output goes."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split, lexer.commenters = True, "#"
    words = list(lexer)
    ends = next((at for at, word in enumerate(words) if set(word) <= set("|&;<>")), len(words))
    words = words[:ends]
    while words and (re.match(r"[A-Z_]+=", words[0]) or words[0] == "sudo"):
        words = words[1:]
    return words


def known(line: str) -> Iterator[str]:
    """What a line names that is not there: a command, a sub-command, an option, a target of make."""
    words = words_of(line)
    if not words:
        return
    program, rest = words[0].removeprefix(".venv/bin/"), words[1:]
    if program in ("python", "python3") and rest[:1] == ["manage.py"]:
        yield from _of_manage(rest[1:])
    elif program == "manage.py":
        yield from _of_manage(rest)
    elif program in ("python", "python3"):
        yield from _of_python(rest)
    elif program == "alter":
        yield from _of_alter(rest)
    elif program == "make":
        yield from _of_make(rest)
    elif program not in PROGRAMS:
        yield f"nobody knows {program}"


def _of_manage(words: list[str]) -> Iterator[str]:
    name, *rest = words or [""]
    if name == "help":
        return
    if name not in get_commands():
        yield f"there is no manage.py {name}"
        return
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    parser = command.create_parser("manage.py", name)
    options = {option for action in parser._actions for option in action.option_strings}
    yield from (f"{name} has no {word}" for word in _options(rest) - options)


def _of_alter(words: list[str]) -> Iterator[str]:
    command: click.Command = alter
    context = click.Context(alter)
    options = {name for param in alter.params for name in param.opts}
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-") or not word.islower():
            continue
        found = command.get_command(context, word)
        if found is None:
            yield f"there is no alter {word}"
            return
        command = found
    options |= {name for param in command.params for name in param.opts} | {"--help"}
    yield from (f"alter has no {word}" for word in _options(words) - options)


def _options(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("--") and len(word) > 2}


def _of_make(words: list[str]) -> Iterator[str]:
    targets = re.findall(r"^([a-z-]+): ##", (ROOT / "Makefile").read_text(), re.M)
    yield from (f"there is no make {word}" for word in words if "=" not in word and word not in targets)


def _of_python(words: list[str]) -> Iterator[str]:
    if words[:1] == ["-m"]:
        path = ROOT / words[1].replace(".", "/")
        if words[1] not in ("pytest", "asyncio", "http.server") and not (
            path.is_dir() or path.with_suffix(".py").exists()
        ):
            yield f"there is no module {words[1]}"
    elif words and words[0].endswith(".py") and not (ROOT / words[0]).exists():
        yield f"there is no {words[0]}"


# ── by reason ───────────────────────────────────────────────────────────────────────────────────────


def _nothing(block: Block) -> Iterator[str]:
    """Lines to look at."""
    if block.language != "text":
        yield "it is to be run, or the language is wrong"


def _known(block: Block) -> Iterator[str]:
    """Commands that are there, with options that they have."""
    for command in commands(block):
        yield from known(command.text.replace("\\\n", " "))


def _postgres(block: Block) -> Iterator[str]:
    """Statements about tables and functions that the portal has; commands as ever."""
    if block.language != "sql":
        yield from _known(block)
        return
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    functions = "".join(path.read_text() for path in ROOT.glob("audit/**/*.py"))
    for name in set(re.findall(r"\b(?:audit|keys|agents|portal)_\w+", block.text)):
        if name not in tables and name not in functions:
            yield f"there is no {name}"


def _json(block: Block) -> Iterator[str]:
    json.loads(block.text)
    yield from ()


def _search(block: Block) -> Iterator[str]:
    """Tokens that the search box takes."""
    for line in block.text.splitlines():
        parse(line)
    yield from ()


def _braces(block: Block) -> Iterator[str]:
    """A path, and words in braces."""
    if not re.fullmatch(r"/\S+ \{\n(?: {4}[a-z]+(?: \d+)?\n)+\}\n", block.text):
        yield "it is no part of a logrotate.conf"


def _packages(block: Block) -> Iterator[str]:
    """A package that is pinned here, or the checkout itself."""
    pinned = (ROOT / "requirements/test.txt").read_text()
    for command in commands(block):
        for word in words_of(command.text)[2:]:
            if word != "." and not re.search(rf"^{word}==", pinned, re.M):
                yield f"nobody has looked at {word}"


REASONS: dict[str, Callable[[Block], Iterator[str]]] = {
    "a drawing": _nothing,
    "a formula": _nothing,
    "fetches packages": _packages,
    "needs PostgreSQL": _postgres,
    "needs a file from a page": _known,
    "needs a lost key": _known,
    "needs a partner's key": _json,
    "needs a restored backup": _known,
    "needs another host": _known,
    "needs logrotate": _braces,
    "sent by the portal": _json,
    "takes minutes": _known,
    "the body of a request": _json,
    "typed into the search box": _search,
}


def wrong_with(block: Block) -> Iterator[str]:
    """What does not hold of a block that is not run."""
    looked_at = REASONS.get(block.not_run)
    if looked_at is None:
        yield f"{block.not_run!r} is no reason"
        return
    try:
        yield from looked_at(block)
    except (ValueError, CommandError) as error:
        yield str(error)


def in_prose(text: str) -> Iterator[str]:
    """Commands between backticks."""
    for line in re.findall(r"`([^`]+)`", " ".join(text.split())):
        if re.match(r"(?:[A-Z_]+=\S+ )*(?:make |alter |manage\.py |\.venv/bin/|python -m )", line):
            yield line
