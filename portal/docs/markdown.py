"""Markdown of our own as HTML: a guide as a page, a description in the code as prose."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML, RendererProtocol
from markdown_it.token import Token

from portal.docs.guides import Guide, leads_to, named
from portal.templatetags.look import copy_button

USUAL_ORIGIN, USUAL_PLACE = "http://localhost:8000", "127.0.0.1:8000"
"""How the guides write the portal's address, and where it listens."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A place within a page that can be linked to."""

    level: int
    anchor: str
    says: str


@dataclass(frozen=True, slots=True)
class Text:
    """Markdown as HTML. A title that it begins with is apart: the page shows that at its own place."""

    title: Heading | None
    headings: tuple[Heading, ...]
    html: SafeString


@cache
def text_of(guide: Guide) -> Text:
    """What `guide` says. Kept: the file changes with the code only, and then the process starts anew."""
    return render(guide.path.read_text(encoding="utf-8"))


def at_home(text: Text, origin: str) -> Text:
    """`text` as it holds for this portal: with its public address, and where it listens, in place of the usual ones."""
    html = text.html.replace(USUAL_ORIGIN, escapeHtml(origin)).replace(
        USUAL_PLACE, escapeHtml(settings.LISTENS_AT)
    )
    return replace(text, html=SafeString(html))


def render(markdown: str) -> Text:
    """A whole page: headings have the anchors that repository hosts give them, tables are ledgers."""
    tokens = _without_remarks(PAGES.parse(markdown))
    headings = _name_headings(tokens)
    _mark_tables(tokens)
    title = headings.pop(0) if headings and tokens[0].tag == "h1" else None
    body = tokens[3:] if title else tokens  # a heading opens, speaks and closes
    return Text(title, tuple(headings), _html(PAGES, body))


def prose(markdown: str) -> SafeString:
    """A few paragraphs without headings."""
    return _html(REMARKS, REMARKS.parse(markdown))


def line(markdown: str) -> SafeString:
    """Some words to stand inside a paragraph or a cell."""
    return _html(REMARKS, REMARKS.parseInline(markdown))


def anchor(heading: str, taken: Collection[str] = ()) -> str:
    """A heading's address within its page, as repository hosts make it."""
    name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    numbered = (f"{name}-{n}" if n else name for n in range(len(taken) + 1))
    return next(candidate for candidate in numbered if candidate not in taken)


def _html(reader: MarkdownIt, tokens: list[Token]) -> SafeString:
    for token in tokens:
        if token.children:
            token.children = _led(token.children)
    return SafeString(reader.renderer.render(tokens, reader.options, {}))


def _without_remarks(tokens: list[Token]) -> list[Token]:
    """Leave out comments that stand as a paragraph: they are for whoever edits the file."""
    remaining: list[Token] = []
    for token in tokens:
        remaining.append(token)
        if token.type == "paragraph_close" and re.fullmatch(r"<!--.*-->", remaining[-2].content, re.S):
            del remaining[-3:]  # a paragraph opens, speaks and closes
    return remaining


# ── headings ────────────────────────────────────────────────────────────────────────────────────────


def _name_headings(tokens: list[Token]) -> list[Heading]:
    headings: list[Heading] = []
    for token, words in pairwise(tokens):
        if token.type == "heading_open":
            text = _said(words)
            name = anchor(text, [heading.anchor for heading in headings])
            token.attrs["id"] = name
            headings.append(Heading(int(token.tag[1:]), name, text))
    return headings


def _said(words: Token) -> str:
    """What a piece of text says, without its marks."""
    return "".join(child.content for child in words.children or ())


# ── links ───────────────────────────────────────────────────────────────────────────────────────────


def _led(inside: list[Token]) -> list[Token]:
    """Lead each link to a page of the portal; what has none stays as words."""
    tokens: list[Token] = []
    linked = True
    for at, token in enumerate(inside):
        if token.type == "link_open":
            file = str(token.attrs["href"])
            there = leads_to(file)
            linked = there is not None
            token.attrs["href"] = there or ""
            _speak(inside[at + 1], file)
        if linked or token.type not in ("link_open", "link_close"):
            tokens.append(token)
    return tokens


def _speak(words: Token, file: str) -> None:
    """Call a guide by its title where the text calls it by its file."""
    guide = named(file.partition("#")[0])
    if guide and words.content == guide.file:
        words.content = guide.title


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────

ROLES = {
    "table_open": "table",
    "thead_open": "rowgroup",
    "tbody_open": "rowgroup",
    "tr_open": "row",
    "th_open": "columnheader",
    "td_open": "cell",
}
"""Said aloud, because a table that is laid out as cards on a phone would lose them."""


def _mark_tables(tokens: list[Token]) -> None:
    """Make ledgers of tables: roles, and at each cell the name of its column, for when cells are stacked."""
    columns: list[str] = []
    column, under = 0, ""
    for at, token in enumerate(tokens):
        if token.type in ROLES:
            token.attrs["role"] = ROLES[token.type]
        if token.type == "heading_open":
            under = str(token.attrs["id"])
        elif token.type == "table_open":
            columns = []
            token.attrs |= {"class": "ledger"} | ({"aria-labelledby": under} if under else {})
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            columns.append(_said(tokens[at + 1]))
            _head(token, tokens[at + 2], columns[-1])
        elif token.type == "td_open":
            _cell(token, columns[column])
            column += 1


def _head(token: Token, close: Token, says: str) -> None:
    _align(token)
    if says:
        token.attrs["scope"] = "col"
    else:  # a heading that says nothing is none
        token.tag = close.tag = "td"
        token.attrs["role"] = "cell"


def _cell(token: Token, column: str) -> None:
    _align(token)
    if column:
        token.attrs["data-label"] = column


def _align(token: Token) -> None:
    """A class for the inline style, which the Content-Security-Policy would drop."""
    if token.attrs.pop("style", "") == "text-align:right":
        token.attrs["class"] = "num"


# ── the readers ─────────────────────────────────────────────────────────────────────────────────────


def _code(_: RendererProtocol, tokens: Sequence[Token], at: int, *rest: Any) -> str:
    """A block of code scrolls inside itself, so the keyboard must be able to get there; what can be run is copied."""
    said = tokens[at].content
    button = copy_button(_commands(said), "code")
    return f'<div class="copy-block"><pre tabindex="0"><code>{escapeHtml(said)}</code></pre>{button}</div>\n'


def _commands(code: str) -> str:
    """What a reader pastes: of a terminal's text the commands, without prompts and output; else all of it."""
    kept: list[str] = []
    goes_on = False
    for said in code.splitlines():
        if said.startswith("$ ") or goes_on:
            kept.append(said if goes_on else said.removeprefix("$ "))
            goes_on = said.endswith("\\")
    return "\n".join(kept) or code.removesuffix("\n")


def _inline_code(_: RendererProtocol, tokens: Sequence[Token], at: int, *rest: Any) -> str:
    """An option stays in one piece: a line may end after a hyphen, and `-` alone is no option."""
    said = re.sub(
        r"(?<!\S)-[-\w]{1,30}(?!\S)", r'<span class="option">\g<0></span>', escapeHtml(tokens[at].content)
    )
    return f"<code>{said}</code>"


def _table(_: RendererProtocol, tokens: Sequence[Token], at: int, *rest: Any) -> str:
    return f'<div class="ledger-box"><table{RendererHTML.renderAttrs(tokens[at])}>\n'


def _table_end(*_: Any) -> str:
    return "</table></div>\n"


def _reader() -> MarkdownIt:
    """Tags in the text are shown, not obeyed; links with a script as their scheme are none. That is the library's."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    rules = {
        "fence": _code,
        "code_block": _code,
        "code_inline": _inline_code,
        "table_open": _table,
        "table_close": _table_end,
    }
    for kind, rule in rules.items():
        reader.add_render_rule(kind, rule)
    return reader


PAGES = _reader()
REMARKS = _reader().disable(["heading", "lheading", "table"])
