"""What is printed, to the byte."""

import json
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from alter.output import Column, Shape, as_json, print_all, print_one, table

SHAPE = Shape(
    "things",
    ("id", "name"),
    (
        Column("ID", lambda row: row["id"]),
        Column("NAME", lambda row: row["name"], 6),
        Column("MORE", lambda row: row.get("more", "")),
    ),
    min_columns=2,
)
ROWS: list[dict[str, Any]] = [{"id": "1", "name": "worker"}, {"id": "22", "name": "café 東京", "more": "x"}]


def test_a_table_is_columns_side_by_side() -> None:
    assert list(table(SHAPE, ROWS, 80)) == [
        "ID  NAME       MORE",
        "1   worker",
        "22  café 東京  x",
    ]


def test_columns_without_room_are_left_out_and_names_cut() -> None:
    rows = [{"id": "1", "name": "a rather long name", "more": "x"}]
    assert list(table(SHAPE, rows, 14)) == ["ID  NAME", "1   a rathe..."]


def test_a_wide_character_is_never_cut_in_half() -> None:
    assert list(table(SHAPE, [{"id": "1", "name": "東京東京東京"}], 12))[1] == "1   東京..."


def test_what_is_never_cut_is_never_cut() -> None:
    assert list(table(SHAPE, [{"id": "0" * 40, "name": "worker"}], 20))[1] == f"{'0' * 40}  worker"


@pytest.mark.parametrize(
    ("format", "fields", "printed"),
    [
        ("json", [], '[\n  {\n    "id": "1",\n    "name": "worker"\n  }\n]\n'),
        ("json", ["name"], '[\n  {\n    "name": "worker"\n  }\n]\n'),
        ("jsonl", [], '{"id": "1", "name": "worker"}\n'),
        ("jsonl", ["name", "id"], '{"name": "worker", "id": "1"}\n'),
        ("table", ["name"], "ID  NAME    MORE\n1   worker\n"),
    ],
)
def test_a_list_in_each_format(
    format: str, fields: list[str], printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_all(SHAPE, ROWS[:1], format, fields)
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(("format", "printed"), [("json", "[]\n"), ("jsonl", ""), ("table", "")])
def test_nothing_in_each_format(format: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_all(SHAPE, [], format)
    assert capsys.readouterr() == (printed, "No things.\n" if format == "table" else "")


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_one_object_is_json_in_the_order_we_know(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_one(SHAPE, {"later": None, "name": "é", "id": "1"}, format)
    assert capsys.readouterr().out == '{\n  "id": "1",\n  "name": "é",\n  "later": null\n}\n'


def test_one_object_as_a_table_is_a_line_for_each_field(capsys: pytest.CaptureFixture[str]) -> None:
    one = {
        "id": "1",
        "scopes": ["a:read", "b:read"],
        "ends": None,
        "at": "2027-02-20T14:32:00.123Z",
        "on": True,
    }
    print_one(SHAPE, one, "table")
    assert capsys.readouterr().out == (
        "id      1\nscopes  a:read, b:read\nends    -\nat      2027-02-20 14:32:00 UTC\non      yes\n"
    )


def test_a_long_value_goes_on_below_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    print_one(SHAPE, {"scopes": ["grants:read", "agents:read"]}, "table")
    assert capsys.readouterr().out == "scopes  grants:read,\n        agents:read\n"


def test_nothing_printed_can_act_on_a_terminal() -> None:
    name = "\x1b[2Jevil\x9b\u202e\U000e0001"
    assert as_json({"name": name}) == '{"name": "\\u001b[2Jevil\\u009b\\u202e\\udb40\\udc01"}'
    assert list(table(SHAPE, [{"id": "1", "name": name}], 80))[1] == "1   ?[2Jevil???"


@given(st.lists(st.text(st.characters(codec=None), max_size=60), min_size=1, max_size=3), st.integers(30, 90))
def test_a_table_of_any_names_fits_and_acts_on_nothing(names: list[str], room: int) -> None:
    for line in table(SHAPE, [{"id": "1", "name": name} for name in names], room):
        assert cell_len(line) <= room and line.isprintable(), line


@given(st.dictionaries(st.text(max_size=8), st.text(st.characters(codec=None), max_size=30), min_size=1))
def test_json_parses_and_is_printable_in_every_encoding(one: dict[str, str]) -> None:
    for encoding in ("utf-8", "cp1252", "ascii"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdout", TextIOWrapper(BytesIO(), encoding=encoding))
            text = as_json(one)
        assert json.loads(text.encode(encoding).decode("utf-8")) == one
        assert text.isprintable()
