"""Markdown of our own as HTML: what a page may hold, and what no page may."""

import pytest

from portal.docs.markdown import anchor, line, prose, render

TABLE = """
| code | status | |
|---|--:|---|
| `key_expired` | 401 | over |
"""


def test_a_remark_for_editors_is_left_out_and_code_is_not() -> None:
    text = render("Ask it.\n\n<!-- not run: a drawing -->\n```text\n<!-- shown -->\n```\n")
    assert "not run" not in text.html
    assert "&lt;!-- shown --&gt;" in text.html


# ── headings ────────────────────────────────────────────────────────────────────────────────────────


def test_the_title_is_apart_from_the_rest() -> None:
    text = render("# The door\n\nAsk it.\n")
    assert text.title and (text.title.says, text.title.anchor) == ("The door", "the-door")
    assert text.html == "<p>Ask it.</p>\n"


def test_a_text_may_have_no_title() -> None:
    text = render("Ask it.\n\n# Later\n")
    assert (text.title, [heading.says for heading in text.headings]) == (None, ["Later"])


def test_headings_can_be_linked_to() -> None:
    text = render("# A\n\n## The order of checks\n\n### By `id`\n")
    assert [(h.level, h.anchor, h.says) for h in text.headings] == [
        (2, "the-order-of-checks", "The order of checks"),
        (3, "by-id", "By id"),
    ]
    assert '<h2 id="the-order-of-checks">The order of checks</h2>' in text.html


@pytest.mark.parametrize(
    ("heading", "place"),
    [
        ("E-mail", "e-mail"),
        ("What's up, doc?", "whats-up-doc"),
        ("A & b", "a--b"),
        ("snake_case", "snake_case"),
    ],
)
def test_an_anchor_is_the_one_of_repository_hosts(heading: str, place: str) -> None:
    assert anchor(heading) == place


def test_headings_of_one_name_have_places_of_their_own() -> None:
    assert [h.anchor for h in render("## A\n\n## A\n\n## A\n").headings] == ["a", "a-1", "a-2"]


# ── links ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_link_to_a_guide_leads_to_its_page() -> None:
    assert '<a href="/docs/gateways/#nginx">gateways</a>' in render("See [gateways](gateways.md#nginx).").html


def test_a_guide_that_is_called_by_its_file_is_called_by_its_title() -> None:
    assert '<a href="/docs/errors/">Error codes</a> lists' in render("[errors.md](errors.md) lists them").html


def test_what_has_no_page_here_stays_as_words() -> None:
    assert render("A [file](architecture.md) of [ours](#here).").html == (
        '<p>A file of <a href="#here">ours</a>.</p>\n'
    )


# ── tables and code ─────────────────────────────────────────────────────────────────────────────────


def test_a_cell_carries_the_name_of_its_column() -> None:
    html = render(TABLE).html
    assert '<td role="cell" data-label="code"><code>key_expired</code></td>' in html
    assert '<td role="cell">over</td>' in html


def test_a_table_says_its_roles_and_where_it_stands() -> None:
    html = render(f"## Codes\n{TABLE}").html
    assert '<div class="ledger-box"><table role="table" class="ledger" aria-labelledby="codes">' in html
    assert '<th role="columnheader" scope="col">code</th>' in html


def test_a_column_without_a_name_has_no_heading() -> None:
    assert '<td role="cell"></td>\n</tr>\n</thead>' in render(TABLE).html


def test_numbers_are_aligned_by_a_class() -> None:
    html = render(TABLE).html
    assert "style=" not in html
    assert '<td role="cell" class="num" data-label="status">401</td>' in html


def test_two_tables_keep_their_columns_apart() -> None:
    html = render(f"{TABLE}\n\n| name |\n|---|\n| worker |\n").html
    assert '<td role="cell" data-label="name">worker</td>' in html


@pytest.mark.parametrize("code", ["```sh\nls <a>\n```\n", "    ls <a>\n"])
def test_the_keyboard_gets_to_a_block_of_code(code: str) -> None:
    assert '<pre tabindex="0"><code>ls &lt;a&gt;\n</code></pre>' in render(code).html


def test_a_block_of_code_is_copied_as_it_is() -> None:
    assert 'data-copy="export A=1\nls &lt;a&gt;"' in render("```sh\nexport A=1\nls <a>\n```\n").html


def test_of_a_terminal_the_commands_are_copied_without_prompts_and_output() -> None:
    terminal = "```console\n$ curl -H \\\n  'a: b'\nHTTP/1.1 200 OK\n$ ls\n```\n"
    assert 'data-copy="curl -H \\\n  &#x27;a: b&#x27;\nls"' in render(terminal).html


# ── what no page may hold ───────────────────────────────────────────────────────────────────────────

BAD = ["<script>x</script>", "<b onclick=x>", "[x](javascript:x)", "![x](https://example.com/x.png)"]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("shown", [lambda bad: render(bad).html, prose, line], ids=["page", "prose", "line"])
def test_no_text_brings_tags_scripts_or_pictures(shown: object, bad: str) -> None:
    html = shown(bad)  # type: ignore[operator]
    assert not any(tag in html for tag in ("<script", "<b ", 'javascript:x"', "<img"))


# ── prose ───────────────────────────────────────────────────────────────────────────────────────────


def test_prose_is_paragraphs_and_lists_without_headings() -> None:
    assert prose("One.\n\n# Two\n\n* three") == "<p>One.</p>\n<p># Two</p>\n<ul>\n<li>three</li>\n</ul>\n"


def test_a_line_stands_inside_something_else() -> None:
    assert line("`force` is [final](errors.md#key_revoked)") == (
        '<code>force</code> is <a href="/docs/errors/#key_revoked">final</a>'
    )
