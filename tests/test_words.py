"""Pages, messages, mails and docs use the words of the voice list in CONTRIBUTING.md, and none that it rules out.

`.venv/bin/python -m tests.test_words templates/docs docs/api.md` lists the offences below these paths, all without any.
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_engine
HERE = Path(__file__).resolve().parent.parent
PACKAGES = ("keyformat", "core", "audit", "agents", "keys", "portal")

BANNED = {
    r"\bthe door\b|\bdoors?\b": "verify endpoint",
    r"\brefus(?:e|es|ed|als?|ing)\b": "denied, rejected, error",
    r"(?<!balancing )\bacts\b(?! (?:on|as|for|like|in)\b)|\b(?:an|the|each|every|any|no|this|one) act\b": "event",
    r"\bpeople\b": "users, members",
    r"\bhouse\b": "security settings",
    r"\b(?:the|a|its|whole) record\b(?! (?:of|that|is written))|\bon record\b": "audit log",
    r"\bdead letters?\b": "failed deliveries",
    r"\bdestinations?\b": "webhook",
    r"\bnotices?\b": "notification",
    r"\bliving\b|\balive\b|\b(?:keys?|agents?|that|still|which|none|may) lives?\b(?! (?:in|at|on)\b)": "active",
    r"\banswers? for\b": "owner",
    r"\bthe shell\b": "server command line",
    r"\bfor ever\b|\bfor good\b": "never expires, indefinitely, permanently",
    r"\bsecond factors?\b": "two-factor authentication (2FA)",
    r"\be-mails?\b": "email",
    r"\b(?:is|are|was|were|be|been) told\b|\btold of\b|\btells? (?:its|them|their)\b": "notified",
    r"\bwhoever\b|\bwhomever\b": "anyone who, the user who",
    r"\blately\b": "recently",
    r"\banew\b": "again",
    r"\bcalls? a minute\b": "requests per minute",
    r"\bplaces taken\b|\bceilings?\b": "limit",
    r"\bset (?:it )?right\b|\bsets? .{1,20} right\b": "fix",
    r"\bby way of\b": "via, source",
    r"\bbrought about\b": "caused",
    r"\bput (?:it )?away\b": "archive",
    r"\bway in\b|\bways in\b": "sign-in method",
    r"\bNot now\b|\bLeave (?:it|it as it is)\b|\bKeep it\b|\bLet it run\b|\bBack to the log\b": "Cancel",
    r"\bfind a key\b": "Key lookup",
    r"\bjump to\b": "Search",
    r"\blight or dark\b": "Theme: System, Light, Dark",
    r"\b\d+ [dh]\b": "days, hours",
    r"—": "a full stop, a comma or a colon",
    r"[a-z]!(?:\s|$)": "a full stop",
    r"[\U0001F300-\U0001FAFF]": "no emoji",
}
"""What no page, message, mail or document says, with what it says instead. See "Voice" in CONTRIBUTING.md."""

EXCEPTIONS = {
    r"balancing acts": "an idiom",
    r"X-Refusal-Code": "the name of a header",
    r"\bdoor\.md\b": "the name of a file",
    r"\bdoor \((?:the )?verify endpoint\)": "a value of `via`, and what it means",
    r"connection refused": "what an operating system calls it",
}
"""Text that may hold such a word, and why."""

NOT_READ = ("docs/decisions/", "docs/screens/", "docs/gateways/", "templates/allauth/")
"""Decisions are history and keep the words of their day; the others hold no sentences."""

TEMPLATE_CODE = re.compile(
    r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|<script\b.*?</script>|<svg\b.*?</svg>", re.DOTALL
)
TEMPLATE_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}")
QUOTED = re.compile(r'"([^"]* [^"]*)"')
HTML_TAG = re.compile(r"<[^>]*>", re.DOTALL)
SPOKEN = re.compile(r'\b(?:aria-label|title|placeholder|alt|data-label)="([^"]*)"')
MARKDOWN_CODE = re.compile(r"^```.*?^```|<!--.*?-->|`[^`\n]*`|\]\([^)]*\)", re.DOTALL | re.MULTILINE)
SPOKEN_KEYWORDS = {"message", "hint", "label", "help_text", "says", "description", "title", "help", "subject"}
STATEMENT = re.compile(r"[A-Z]{3,}\b|[A-Z][A-Z_]+ |[^ ]*$")
"""SQL, a setting, or a single word: no sentence."""


def blank(text: str, pattern: re.Pattern[str]) -> str:
    """`text` with what `pattern` matches made empty, its line breaks kept so that line numbers stay true."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def of_template(text: str) -> Iterator[tuple[int, str]]:
    """What a template says: its text, spoken attributes, and sentences within its tags."""
    text = blank(text, TEMPLATE_CODE)
    for number, line in enumerate(text.split("\n"), 1):
        for tag in TEMPLATE_TAG.findall(line):
            yield from ((number, said) for said in QUOTED.findall(tag))
        yield from ((number, said) for said in SPOKEN.findall(line))
    yield from enumerate(blank(blank(text, TEMPLATE_TAG), HTML_TAG).split("\n"), 1)


def of_markdown(text: str) -> Iterator[tuple[int, str]]:
    """What a document says, without code and addresses."""
    yield from enumerate(blank(text, MARKDOWN_CODE).split("\n"), 1)


def of_python(text: str) -> Iterator[tuple[int, str]]:
    """What a module says to its users: strings that begin like sentences or go where sentences go; no docstrings."""
    tree = ast.parse(text)
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    spoken = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg in SPOKEN_KEYWORDS
        for part in ast.walk(node.value)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)) or id(node) in docs:
            continue
        is_sentence = node.value[:1].isupper() and not STATEMENT.match(node.value)
        if id(node) in spoken or is_sentence:
            yield node.lineno, node.value


READERS = {".html": of_template, ".txt": of_template, ".md": of_markdown, ".py": of_python}


def files() -> Iterator[Path]:
    yield from (HERE / "templates").rglob("*.html")
    yield from (HERE / "templates").rglob("*.txt")
    yield from (HERE / "docs").rglob("*.md")
    yield from (HERE / name for name in ("README.md", "SECURITY.md"))
    for package in (*PACKAGES, "alter"):
        yield from (path for path in (HERE / package).rglob("*.py") if "/migrations/" not in str(path))


@cache
def offences(*below: str) -> tuple[str, ...]:
    """`file:line: word: what to say` for each banned word, of all files or of those below some paths."""
    found = []
    for path in sorted(files()):
        name = str(path.relative_to(HERE))
        if name.startswith(NOT_READ) or (below and not name.startswith(below)):
            continue
        for number, said in READERS[path.suffix](path.read_text()):
            text = said
            for allowed in EXCEPTIONS:
                text = re.sub(allowed, "", text)
            for banned, instead in BANNED.items():
                found += [
                    f"{name}:{number}: {match[0].strip()!r}: {instead}"
                    for match in re.finditer(banned, text, re.IGNORECASE)
                ]
    return tuple(dict.fromkeys(found))


def test_no_page_message_mail_or_document_says_a_banned_word() -> None:
    assert offences() == (), "\n" + "\n".join(offences())


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (of_template, '<a aria-label="Ask the door">x</a>'),
        (of_template, "<p>Ask\nthe door</p>"),
        (of_template, '{% fact "The door" %}'),
        (of_markdown, "# The door\n"),
        (of_python, 'raise Wrong("Ask the door for it.")'),
        (of_python, 'field(label="the door")'),
    ],
)
def test_a_banned_word_is_found_wherever_it_is_said(reader, text: str) -> None:  # type: ignore[no-untyped-def]
    assert any("the door" in said.lower() for _, said in reader(text))


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (of_template, "{# the door #}<a class='the door'>{% url the door %}</a>"),
        (of_markdown, "`the door`\n```sh\nthe door\n```\n[x](the door)"),
        (of_python, '"""The door."""\nSQL = "SELECT the door"\nname = "the door"'),
    ],
)
def test_code_is_not_read(reader, text: str) -> None:  # type: ignore[no-untyped-def]
    assert not any("the door" in said.lower() for _, said in reader(text))


if __name__ == "__main__":
    print(*offences(*sys.argv[1:]), sep="\n")
