"""The blocks of a Markdown document, each with its language, its line and what a comment above it says of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(
    ROOT.glob("docs/*.md")
)
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^ *```$",
    re.M | re.S,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code as it stands in a document."""

    document: str
    line: int
    language: str
    text: str
    mark: str
    """What the comment right above it says: `not run: WHY`, `answers: COMMAND`, or nothing."""

    @property
    def place(self) -> str:
        """Where to look for it."""
        return f"{self.document}:{self.line}"

    @property
    def not_run(self) -> str:
        """Why it is not run; empty: it is."""
        kind, _, why = self.mark.partition(": ")
        return why if kind == "not run" else ""


@dataclass(frozen=True, slots=True)
class Command:
    """A line to type, with what the document says comes of it."""

    text: str
    note: str = ""
    """The comment at its end."""
    shown: str = ""
    """What a console shows below it."""


def blocks(document: Path) -> list[Block]:
    """All blocks of a document, in their order."""
    text, name = document.read_text(), str(document.relative_to(ROOT))
    return [
        Block(
            name,
            text.count("\n", 0, found.start()) + 1,
            found["language"],
            "".join(line.removeprefix(found["indent"]) for line in found["text"].splitlines(True)),
            found["mark"] or "",
        )
        for found in FENCE.finditer(text)
    ]


def prose(document: Path) -> str:
    """What a document says outside its blocks."""
    return FENCE.sub("", document.read_text())


def commands(block: Block) -> Iterator[Command]:
    """The commands of a block, those over several lines as one."""
    if block.language == "console":
        yield from _of_console(block.text)
        return
    whole = ""
    for line in block.text.splitlines():
        whole += line
        if _goes_on(whole):
            whole += "\n"
        elif whole.strip() and not whole.startswith("#"):
            yield Command(whole, _comment(line))
            whole = ""
        else:
            whole = ""


def _of_console(text: str) -> Iterator[Command]:
    for typed in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, shown = typed.partition("\n")
        yield Command(command, shown=shown)


def _goes_on(typed: str) -> bool:
    """Whether a shell would wait for another line."""
    unquoted = re.sub(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\['\"]", "", typed, flags=re.S)
    unquoted = re.sub(r"(?:^|(?<=\s))#.*$", "", unquoted, flags=re.M).rstrip(" ")
    return unquoted.endswith(("\\", "|")) or bool(re.search(r"['\"]", unquoted))


def _comment(line: str) -> str:
    match = re.search(r"\s# (.*)$", line)
    return match[1] if match else ""
