"""Draws the tree of docs/architecture.md from what each module says of itself: `.venv/bin/python -m tools.tree`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "architecture.md"
PACKAGES = ("keyformat", "core", "audit", "agents", "keys", "portal")
LEFT_OUT = ("migrations", "static", "__pycache__")
BLOCK = re.compile(r"(?<=```text\n)keyformat/ .*?(?=```)", re.DOTALL)
WIDTH = 28
"""Where descriptions begin."""


def draw() -> str:
    """The packages and their modules, each with the first sentence of its docstring."""
    return "\n".join(line for package in PACKAGES for line in [*_folder(ROOT / package, 0), ""])


def _folder(folder: Path, depth: int) -> Iterator[str]:
    yield _line(f"{folder.name}/", depth, _sentence(folder / "__init__.py"))
    if folder.name == "management":
        yield _line("manage.py …", depth + 1, ", ".join(_modules(folder / "commands")))
        return
    for name in _modules(folder):
        yield _line(f"{name}.py", depth + 1, _sentence(folder / f"{name}.py"))
    for inner in sorted(path.parent for path in folder.glob("*/__init__.py")):
        if inner.name not in LEFT_OUT:
            yield from _folder(inner, depth + 1)


def _modules(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "apps"))


def _line(name: str, depth: int, text: str) -> str:
    return f"{'  ' * depth + name:<{WIDTH}} {text}".rstrip()


def _sentence(module: Path) -> str:
    """The first line of the docstring, up to where its first sentence ends."""
    text = (ast.get_docstring(ast.parse(module.read_text())) or "").partition("\n")[0]
    return re.split(r"\.(?: |$)", text, maxsplit=1)[0]


if __name__ == "__main__":
    DOCUMENT.write_text(BLOCK.sub(lambda _: draw(), DOCUMENT.read_text()))
