"""No form writes the marks of its page into an address: what is sent by GET stands in logs and in the history."""

import re

import pytest

from portal.settings import BASE_DIR

FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.S)
MARKS = re.compile(r"csrf_token|form\.once|formmethod=.get")

pytestmark = pytest.mark.one_engine


def test_only_forms_that_are_posted_hold_the_marks_of_their_page() -> None:
    found = [
        (page.name, opening)
        for page in (BASE_DIR / "templates").rglob("*.html")
        for opening, inside in FORM.findall(page.read_text())
        if ('method="post"' not in opening and MARKS.search(inside)) or "formmethod" in inside
    ]
    assert found == []
