"""What the documents say of the code, where it would rot unseen: commands, settings, links, names, pictures."""

import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands

from keys.admission.verdict import CHECKS
from tools import tree

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LAYERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0][
    "layers"
]
EVERY_DOCUMENT = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def text(name: str) -> str:
    return (ROOT / name).read_text()


def settings_read() -> set[str]:
    """The names that portal/settings.py and tools/dev.py read from the environment."""
    in_settings = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', text("portal/settings.py"))
    return {*in_settings, *re.findall(r'\bsetting\("([A-Z_]+)"', text("tools/dev.py"))}


def anchor(heading: str) -> str:
    """A heading's address within its page, as repository hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("command", ["run", "test"])
def test_both_commands_of_the_readme_are_in_the_makefile(command: str) -> None:
    assert re.search(rf"^make {command} ", text("README.md"), re.M)
    assert re.search(rf"^{command}: ##", text("Makefile"), re.M)


def test_the_readme_shows_management_commands_that_exist() -> None:
    named = set(re.findall(r"manage\.py (\w+) --", text("README.md")))
    assert {"create_admin", "create_app", "mint_key", "revoke_key"} <= named
    assert named <= set(get_commands())


def test_every_setting_is_in_the_example() -> None:
    assert set(re.findall(r"^# ([A-Z_]+)=", text(".env.example"), re.M)) == settings_read()


@EVERY_DOCUMENT
def test_a_document_names_only_settings_that_are_read(document: Path) -> None:
    named = set(re.findall(r"\bPORTAL_(?!TEST)[A-Z_]+", document.read_text()))
    assert named <= settings_read()


@EVERY_DOCUMENT
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    prose = re.sub(r"```.*?```", "", document.read_text(), flags=re.S)
    for target, _, place in (link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", prose)):
        found = (document.parent / target) if target else document
        assert found.exists(), f"{document.name} links to {target}"
        if place:
            headings = re.findall(r"^#+ (.+)$", found.read_text(), re.M)
            assert place in map(anchor, headings), f"{document.name} links to {target}#{place}"


@pytest.mark.parametrize("document", ["README.md", "docs/architecture.md"])
def test_the_picture_of_layers_is_the_contract(document: str) -> None:
    drawn = re.findall(rf"^(?:│ )?({'|'.join(LAYERS)}) {{4,}}\w", text(document), re.M)
    assert drawn == LAYERS


def test_the_tree_says_what_each_module_says_of_itself() -> None:
    drawn = tree.BLOCK.search(text("docs/architecture.md"))
    assert drawn
    assert drawn[0].rstrip() == tree.draw().rstrip(), ".venv/bin/python -m tools.tree draws it anew"


def test_the_door_is_told_with_its_checks_in_order() -> None:
    matches = re.findall(r"^\| \d+ \| `([^`]+)` \|", text("docs/verify.md"), re.M)
    assert matches == [name for name, _ in CHECKS]


def test_decisions_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (ROOT / "docs/decisions").glob("*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_decisions_cited_in_the_code_exist() -> None:
    sources = [path for app in LAYERS for path in (ROOT / app).rglob("*.py")]
    cited = {number for path in sources for number in re.findall(r"docs/decisions/(\d{4})", path.read_text())}
    assert cited
    assert cited <= {path.name[:4] for path in (ROOT / "docs/decisions").glob("*.md")}
