"""The browser's scripts know secrets by the grammar that the portal makes them by."""

import re
from pathlib import Path

import pytest

from keyformat.grammar import PREFIX_LENGTH, STARTS, prefix_of
from keys.plaintext import generate

STATIC = Path("portal/static/portal")
PATTERN = re.compile(r"= /(\(?alter_.*?)/g?;")
WHOLE = {"desk.js": 0, "leak.js": 0}
"""Scripts that look for whole secrets, and which of their expressions does."""


def expressions(script: str) -> list[re.Pattern[str]]:
    return [re.compile(source) for source in PATTERN.findall((STATIC / script).read_text())]


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("script", WHOLE)
def test_a_script_finds_whole_secrets_and_no_shorter_ones(script: str, kind: str) -> None:
    whole, secret = expressions(script)[WHOLE[script]], generate(kind).take()
    assert whole.search(f"x={secret}")
    assert not whole.search(secret[:-1])


@pytest.mark.parametrize("kind", STARTS)
def test_a_search_box_cuts_a_pasted_secret_to_its_prefix(kind: str) -> None:
    (cut,) = expressions("portal.js")
    secret = generate(kind).take()
    assert cut.sub(r"\1", secret) == prefix_of(secret)
    assert len(prefix_of(secret)) == len(STARTS[kind]) + PREFIX_LENGTH
