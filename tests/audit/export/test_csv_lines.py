"""An export as CSV: safe for spreadsheets, with what it holds in comments above."""

import csv
import io
from typing import Any

import pytest

from audit.export.csv_lines import COLUMNS
from audit.models import Call, Event
from tests.audit.exported import taken
from tests.audit.records import acted, called

pytestmark = pytest.mark.django_db


def parted(**filters: Any) -> tuple[list[str], list[dict[str, str]]]:
    """The comments, and the rows."""
    text = taken("csv", **filters).decode()
    said = [line for line in text.split("\r\n") if line.startswith("# ")]
    table = text[sum(len(line) + 2 for line in said) :]
    return said, list(csv.DictReader(io.StringIO(table, newline="")))


def test_a_column_for_every_field_of_both_kinds() -> None:
    fields = {field.name for model in (Event, Call) for field in model._meta.concrete_fields}
    fields.remove("mac")  # which says nothing to whoever has no key
    assert set(COLUMNS) == {"kind", "seq"} | fields and len(set(COLUMNS)) == len(COLUMNS)


def test_comments_say_the_app_the_filters_the_rows_and_the_seal() -> None:
    called(code="key_expired")
    said, rows = parted(code="key_expired")
    words = [line.removeprefix("# ").partition(":")[0] for line in said[1:]]
    assert words == ["app", "filter", "rows", "sealed to", "checkpoint", "signed with"]
    assert said[2:4] == ["# filter: code = key_expired", "# rows: 1"] and len(rows) == 1


@pytest.mark.parametrize("name", ["a,=1+1", "a;=1+1", "a\t=1+1", 'a"b', "a\r\n=1+1", "a\n=1"])
def test_no_comment_breaks_into_cells_or_lines(name: str) -> None:
    said, _ = parted(actor=name)
    (line,) = (line for line in said if line.startswith("# filter"))
    assert not set(',;"\t\r\n') & set(line)


def test_what_an_entry_does_not_have_is_an_empty_cell() -> None:
    acted()
    (row,) = parted()[1]
    assert (row["kind"], row["seq"], row["path"], row["key_id"], row["facts"]) == ("event", "1", "", "", "{}")


def test_yes_and_no_are_written_as_in_json() -> None:
    called()
    assert parted()[1][0]["allowed"] == "true"
