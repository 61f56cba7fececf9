"""An export as JSON lines: all that a verifier needs stands in it, and the last line stands for all the others."""

import json
from hashlib import sha256

import pytest

from audit import canonical
from audit.export import json_lines
from audit.export.json_lines import Numbers
from audit.integrity.sealing import sealer, signing
from audit.integrity.sealing.checkpoints import to_line
from audit.models import Checkpoint
from tests.audit.exported import leaf, lines, of_type, taken
from tests.audit.integrity.sealing.test_sealed_rows import purge
from tests.audit.records import HOUR, NOON, acted, called
from tests.audit.sealed import chain, sealed, some

pytestmark = pytest.mark.django_db


def test_the_head_says_what_the_file_holds() -> None:
    some(calls=3, acts=2)
    head = lines()[0]
    assert (head["type"], head["format"], head["selection"]) == ("header", "alter-audit-1", False)
    assert (head["rows"], head["filters"], head["app"]["name"]) == (5, {}, "checkout")
    assert head["streams"] == [
        {"kind": "event", "first_seq": 1, "last_seq": 2},
        {"kind": "call", "first_seq": 1, "last_seq": 3},
    ]
    assert head["key"] == {"id": signing.key_id(), "public": signing.public_key().hex()}
    assert head["key"].items() <= head["keys"][-1].items()
    assert head["checkpoint"] == to_line(Checkpoint.objects.latest("number"))


def test_the_filters_stand_in_the_head() -> None:
    called(code="key_expired")
    head = lines(code="key_expired", since=NOON)[0]
    assert (head["selection"], head["rows"]) == (True, 1)
    assert head["filters"] == {"code": "key_expired", "since": "2026-06-01 12:00:00+00:00"}


def test_an_app_with_nothing_on_record_gives_a_file_with_no_rows() -> None:
    to_line = lines()
    assert [line["type"] for line in to_line] == ["header", "end"]
    assert (to_line[0]["rows"], to_line[0]["streams"], to_line[0]["checkpoint"]) == (0, [], None)


def test_a_whole_export_has_acts_then_calls_and_each_checkpoint_after_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sealer, "BATCH_SIZE", 2)
    some(calls=3, acts=1)
    order = [(one["type"], one.get("kind"), one.get("seq") or one.get("last_seq")) for one in lines()[1:-1]]
    assert order == [
        ("row", "event", 1),
        ("checkpoint", "event", 1),
        ("row", "call", 1),
        ("row", "call", 2),
        ("checkpoint", "call", 2),
        ("row", "call", 3),
        ("checkpoint", "call", 3),
    ]


def test_every_row_says_enough_to_hash_it_again() -> None:
    acted(changes={"scopes": [["a"], ["é", 1.5, None, True]]}, reason="why", ip="203.0.113.7")
    called(context={"run_id": "r-1"}, path="/é", took_us=12)
    rows = of_type("row", lines())
    assert [leaf(row) for row in rows] == [row["leaf"] for row in rows]
    assert rows[0]["at"] == "2026-06-01T12:00:00.000000Z"


def test_the_rows_of_a_batch_lead_to_its_root() -> None:
    some(calls=5, acts=0)
    to_line = lines()
    leaves = [bytes.fromhex(row["leaf"]) for row in of_type("row", to_line)]
    assert canonical.root(leaves).hex() == of_type("checkpoint", to_line)[0]["root"]


def test_a_selection_has_each_checkpoint_once_before_its_first_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BATCH_SIZE", 4)
    for n in range(8):
        called(at=NOON + n * HOUR, code="key_expired" if n % 2 else "")
    to_line = lines(outcome="denied")[1:-1]
    assert [line["type"] for line in to_line] == ["checkpoint", "row", "row", "checkpoint", "row", "row"]
    assert [one["seq"] for one in of_type("row", to_line)] == [2, 4, 6, 8]


def test_each_row_of_a_selection_proves_that_it_is_of_its_batch() -> None:
    for n in range(7):
        called(at=NOON + n * HOUR, code="key_expired" if n % 2 else "")
    to_line = lines(outcome="denied")
    (above,) = of_type("checkpoint", to_line)
    for row in of_type("row", to_line):
        path = [bytes.fromhex(beside) for beside in row["proof"]]
        root = canonical.climb(bytes.fromhex(row["leaf"]), row["seq"] - 1, 7, path)
        assert root.hex() == above["root"]


def test_a_purged_batch_is_its_checkpoint_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BATCH_SIZE", 2)
    sealed(*some(calls=4, acts=0))
    purge(chain()[0])
    to_line = lines()
    assert [line["type"] for line in to_line[1:4]] == ["checkpoint", "row", "row"]
    assert (to_line[0]["rows"], "purged_at" in to_line[1], "purged_at" in to_line[4]) == (2, True, False)


def test_the_end_counts_the_rows_and_signs_every_byte_before_it() -> None:
    some()
    whole = taken()
    before, end = whole[: whole.rindex(b"\n", 0, -1) + 1], json.loads(whole.splitlines()[-1])
    assert (end["rows"], end["sha256"]) == (5, sha256(before).hexdigest())
    message = json_lines.SIGNED + bytes.fromhex(end["sha256"])
    assert signing.is_signed(signing.public_key(), message, bytes.fromhex(end["signature"]))


def test_half_a_character_is_an_escape() -> None:
    assert json_lines.as_line({"path": "é\ud800"}) == b'{"path":"\xc3\xa9\\ud800"}\n'


def test_numbers_are_known_from_the_second_time_on() -> None:
    numbers = Numbers()
    assert [numbers.add(number) for number in (5, 7, 5, 1_000_000, 8, 8, 7)] == [
        True,
        True,
        False,
        True,
        True,
        False,
        False,
    ]
