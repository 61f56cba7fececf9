"""No sink lets through what splits its lines or acts upon whoever reads them, whatever a row says."""

import csv
import io
import json
import logging
import unicodedata
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from hypothesis import example, given
from hypothesis import strategies as st

from agents.names import person_name
from alter.output import Column, Shape, as_json, plain, table
from audit.export import csv_lines
from audit.export.json_lines import as_line
from audit.forwarding import cef, siem, syslog, webhooks
from audit.models import Call, Event
from core import file_sink
from core.ids import new_id
from core.text import escape_controls, json_line, sanitize
from portal.log_filter import RedactingFormatter
from portal.models import Notification
from portal.notifications.email import body_of, subject_of
from tests.keys.laws import law

pytestmark = pytest.mark.one_engine
NASTY = "\x00\x07\x08\t\n\v\f\r\x1b\x7f\x85\x9b\xad\u061c"
NASTY += "\u200b\u200e\u200f\u2028\u2029\u202e\u2066\u2069\ufeff\U000e0041\ud800"
WORDS = st.text(st.one_of(st.sampled_from(NASTY + "=|\\;,\"'@+- aé"), st.characters()), max_size=30)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HARMLESS = frozenset("\u200c\u200d")
"""Format characters that letters of some scripts need beside each other."""


def act(text: str) -> Event:
    documents = {"changes": {text: [text, None]}, "facts": {"who": [text]}, "context": {"run_id": text}}
    labels = {"actor_label": text, "target_label": text, "reason": text, "user_agent": text, "caller": text}
    ids = {
        "app_id": new_id(),
        "action": "person.rename",
        "actor_id": text,
        "target_id": text,
        "key_name": text,
    }
    return Event(
        at=NOW, via="page", actor_kind="person", target_kind="person", ip="", **labels, **documents, **ids
    )


def call(text: str) -> Call:
    told = {
        "path": text,
        "detail": text,
        "method": text,
        "user_agent": text,
        "request_id": text,
        "caller": text,
    }
    return Call(at=NOW, via="door", status=200, allowed=False, code="x", key_name=text, scopes=text, **told)


def assert_harmless(line: str) -> None:
    """One line, with nothing in it that a terminal, a viewer or a reader of lines acts upon."""
    assert len(line.splitlines()) <= 1, repr(line)
    bad = [one for one in line if _acts(one)]
    assert not bad, repr(line)


def _acts(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and sanitize(f"a{character}b", 9) == "a b"
    )


def test_every_character_that_controls_something_is_known() -> None:
    for number in range(0x110000):
        character = chr(number)
        if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs"):
            assert escape_controls(character) != character, hex(number)
        if unicodedata.bidirectional(character) in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        ):
            assert escape_controls(character) != character, hex(number)


@law
@given(WORDS)
@example(NASTY)
@example("Zoe\nCEF:0|alter|portal|1|key.revoke|forged|9|")
def test_lines_for_a_siem_stay_lines(text: str) -> None:
    for row in (act(text), call(text)):
        for tell in siem.FORMATS.values():
            line = tell(row, 7)
            assert_harmless(line)
            assert_harmless(syslog.message(row, line).decode())
        for name in ("json", "ocsf"):
            json.loads(siem.FORMATS[name](row, 7))


@law
@given(WORDS)
def test_the_fields_of_the_event_format_cannot_be_ended(text: str) -> None:
    line = cef.line(act(text), 7)
    told = line.replace("\\\\", "").replace("\\|", "").replace("\\=", "")
    names = [word.partition("=")[0] for word in told.split(" ") if "=" in word]
    assert told.partition(" suid=")[0].split("|", 7)[:2] == ["CEF:0", "alter"]
    assert len([name for name in names if name == "cn1"]) == 1
    assert cef.line(call(text), 7).count("\n") == 0


@law
@given(WORDS)
@example(NASTY)
@example("=cmd|' /C calc'!A0")
@example("a;=1+1")
@example("\t=1+1")
@example("\r\n@SUM(1)")
def test_cells_are_no_formulas_and_stay_cells(text: str) -> None:
    for value in (text, {"a": text}, [text]):
        cell = csv_lines.cell(value)
        assert_harmless(cell)
        for part in cell.split(";"):
            assert not part.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")), cell
        read = next(csv.reader(io.StringIO(csv.writer(csv_lines.Line()).writerow([cell, "x"])), strict=True))
        assert read == [cell, "x"]


@law
@given(WORDS)
@example(NASTY)
def test_json_lines_say_the_same_on_one_line(text: str) -> None:
    for line in (
        as_line({"a": text}).decode()[:-1],
        json_line({"a": text}),
        webhooks._json({"a": text}).decode(),
    ):
        assert_harmless(line)
        assert json.loads(line) == {"a": text}


@law
@given(WORDS)
@example(f"Zoe\r\nBcc: all@example.com {NASTY}")
def test_a_name_adds_no_header_to_an_e_mail(text: str) -> None:
    notification = Notification(title=f"{text} revoked a key", text=text, path="/")
    message = EmailMessage(
        subject_of([notification]), body_of([notification]), "portal@example.com", ["zoe@example.com"]
    )
    read = message_from_bytes(message.message().as_bytes())
    assert read["Bcc"] is None
    for line in body_of([notification]).split("\n"):
        assert_harmless(line)


@law
@given(WORDS)
@example(NASTY)
def test_the_process_log_and_terminals_are_told_nothing_that_acts(text: str) -> None:
    record = logging.LogRecord("x", logging.WARNING, "f", 1, "a person named %s", (text,), None)
    assert_harmless(RedactingFormatter("%(levelname)s %(message)s").format(record))
    try:
        raise ValueError(text)
    except ValueError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    for line in RedactingFormatter("%(message)s").format(record).split("\n"):
        assert_harmless(line)
    shape = Shape("names", ("name",), (Column("NAME", lambda row: row["name"]),))
    for line in (*table(shape, [{"name": text}], 80), plain(text), *as_json({"a": text}).split("\n")):
        assert_harmless(line)


def test_a_file_of_lines_is_not_split(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    file_sink.append(path, [f"one{NASTY}two"])
    assert len(path.read_text().splitlines()) == 1


@law
@given(WORDS)
@example("Zoe\nExample")
def test_what_a_provider_calls_someone_is_a_name_or_nothing(text: str) -> None:
    assert_harmless(person_name(text))
