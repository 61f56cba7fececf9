"""Findings: words that never change, which the document explains, and places in plain words."""

import re
from pathlib import Path

import pytest

from audit import canonical
from audit.integrity.checking.findings import MEANINGS, NOTES, Finding, Where
from core.ids import new_id

SEALS = (Path(__file__).resolve().parents[4] / "docs" / "integrity.md").read_text()


def test_the_document_explains_exactly_what_can_be_found() -> None:
    matches = re.findall(r"^\| `(\w+)` \| ([A-Z].*) \|$", SEALS, re.M)
    assert dict(matches) == MEANINGS | NOTES


@pytest.mark.parametrize("kind", ["event", "call"])
@pytest.mark.parametrize("part", ["public", "personal"])
def test_the_document_names_the_fields_in_their_order(kind: str, part: str) -> None:
    noun = {"event": "event", "call": "request"}[kind]
    (match,) = re.findall(rf"^- {noun}, {part}: ((?:`\w+`(?:\n? +|$)?)+)", SEALS, re.M)
    fields = canonical.PUBLIC if part == "public" else canonical.PERSONAL
    assert tuple(re.findall(r"`(\w+)`", match)) == fields[kind]


def test_a_place_is_told_in_words() -> None:
    assert str(Where("call", 12, checkpoint=3, line=17)) == "line 17, call no. 12, checkpoint 3"
    assert str(Where()) == ""


def test_a_finding_as_json_leaves_out_what_it_does_not_know() -> None:
    row = new_id()
    told = Finding("edited", "It was.", Where("call", 1, row)).to_dict()
    assert told == {"what": "edited", "says": "It was.", "kind": "call", "seq": 1, "row_id": str(row)}
