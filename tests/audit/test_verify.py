"""`python -m audit.verify` finds what was done to a file, names the first bad row, and is not upset by nonsense."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.actors import shell
from audit.integrity.checking import trust
from audit.integrity.sealing import checkpoints, signing
from audit.models import Call
from audit.models.seals import NOWHERE
from audit.retention import purging
from audit.retention.erasure import erase
from audit.verify import main
from core.clock import at
from tests.audit import taken_out
from tests.audit.exported import taken
from tests.audit.records import DAY, NOON, called
from tests.audit.sealed import sealed, some
from tests.audit.taken_out import Line, as_line, whole, written

Check = Callable[..., tuple[int, str]]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """`check(bytes, *options)`: the exit code, and all that was printed."""

    def checked(content: bytes, *options: str) -> tuple[int, str]:
        path = tmp_path / "export.jsonl"
        path.write_bytes(content)
        code = main([str(path), *options])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return checked


@pytest.fixture
def lines(db: None) -> list[Line]:
    """A whole export: a header, 3 acts, their checkpoint, two times 4 calls and theirs."""
    with at(NOON):
        sealed(*some(calls=4, acts=3))
        sealed(*some(calls=4, acts=0))
    return whole()


def rows(lines: list[Line], kind: str = "call") -> list[Line]:
    return [line for line in lines if line["type"] == "row" and line["kind"] == kind]


def first(printed: str) -> str:
    return next(line for line in printed.splitlines() if line.startswith("First:"))


def test_an_export_holds(check: Check, lines: list[Line]) -> None:
    code, printed = check(written(lines), "--key", signing.public_key().hex())
    assert (code, printed) == (0, "Holds: 11 rows under 3 checkpoints.\n")


def test_without_a_key_it_says_who_vouches(check: Check, lines: list[Line]) -> None:
    code, printed = check(written(lines))
    assert code == 0
    assert f"The file vouches for itself with the key {signing.key_id()}" in printed


def test_a_key_may_be_named_by_its_file(check: Check, lines: list[Line], tmp_path: Path) -> None:
    (tmp_path / "key").write_text(signing.public_key().hex() + "\n")
    assert check(written(lines), "--key", str(tmp_path / "key"))[0] == 0


def test_another_key_is_not_trusted(check: Check, lines: list[Line]) -> None:
    code, printed = check(written(lines), "--key", "ab" * 32)
    assert code == 1
    assert "signature: line 5, event no. 1, checkpoint 2: It is signed by the key" in first(printed)


def test_a_field_that_was_edited_is_named_by_line_place_and_row(check: Check, lines: list[Line]) -> None:
    rows(lines)[5]["ip"] = "198.51.100.66"
    code, printed = check(written(lines))
    assert code == 1
    assert "First: edited: line 12, call no. 6: The row does not say" in printed
    assert rows(lines)[5]["id"] in printed


def test_a_row_that_was_taken_out_is_missed(check: Check, lines: list[Line]) -> None:
    lines.remove(rows(lines)[5])
    assert "missing: line 12, call no. 6: No. 6 is missing." in first(check(written(lines))[1])


def test_a_row_that_comes_twice_is_told(check: Check, lines: list[Line]) -> None:
    at = lines.index(rows(lines)[5])
    lines.insert(at, lines[at])
    assert "inserted: line 13, call no. 6" in first(check(written(lines))[1])


def test_a_row_that_was_made_up_is_told(check: Check, lines: list[Line]) -> None:
    made_up = rows(lines)[-1] | {"seq": 9, "path": "/made-up"}
    lines.insert(len(lines) - 1, made_up)
    code, printed = check(written(lines))
    assert code == 1
    assert "inserted" in printed


def test_rows_that_changed_places_are_told(check: Check, lines: list[Line]) -> None:
    one, other = lines.index(rows(lines)[4]), lines.index(rows(lines)[6])
    lines[one], lines[other] = lines[other] | {"seq": 5}, lines[one] | {"seq": 7}
    assert "moved: line 15, call no. 6, checkpoint 3: Rows have changed places" in first(
        check(written(lines))[1]
    )


def test_a_row_of_another_app_is_told(check: Check, lines: list[Line]) -> None:
    stranger = called(None)
    sealed(stranger)
    at = lines.index(rows(lines)[5])
    lines[at] = taken_out.whole(NOWHERE)[1] | {"seq": 6}
    assert "belongs to another app" in first(check(written(lines))[1])


def test_a_file_without_its_end_is_cut(check: Check, lines: list[Line]) -> None:
    body = b"".join(as_line(line) for line in lines)
    assert "cut: line 15" in first(check(body)[1])


def test_a_file_cut_within_a_line_is_cut(check: Check, lines: list[Line]) -> None:
    code, printed = check(written(lines)[:-500])
    assert code == 1
    assert "unreadable: line" in first(printed)


@pytest.mark.parametrize("kept", [0, 1, 100, 1000, 3000])
def test_a_file_cut_anywhere_never_holds(check: Check, lines: list[Line], kept: int) -> None:
    assert check(written(lines)[:kept])[0] in (1, 2)


def test_a_cut_stream_is_told_by_the_header(check: Check, lines: list[Line]) -> None:
    del lines[-5:]
    lines[0]["rows"] = 7
    assert (
        "cut: call no. 5: The header says that it goes to no. 8, and it ends at 4."
        in check(written(lines))[1]
    )


def test_a_count_that_is_wrong_is_told(check: Check, lines: list[Line]) -> None:
    lines[0]["rows"] = 10
    assert "count: line 1: The header says 10 rows, and there are 11." in check(written(lines))[1]


def test_an_end_that_another_key_signed_is_told(check: Check, lines: list[Line]) -> None:
    end = json.loads(written(lines).splitlines()[-1]) | {"signature": "00" * 64}
    told = b"".join(map(as_line, [*lines, end]))
    assert "signature: line 16: The end is not signed" in first(check(told)[1])


def test_one_changed_byte_anywhere_is_found(check: Check, lines: list[Line]) -> None:
    told = bytearray(written(lines))
    for place in range(40, len(told), len(told) // 40):
        changed = told[:place] + bytes([told[place] ^ 1]) + told[place + 1 :]
        assert check(bytes(changed))[0] != 0, place


def test_kept_checkpoints_tell_of_a_rewritten_chain(check: Check, lines: list[Line]) -> None:
    (path,) = checkpoints.files()
    path.write_text(path.read_text().replace(lines[-1]["hash"], "ab" * 32))
    printed = check(written(lines), "--checkpoints", str(path))[1]
    assert "rewritten: line 15, call no. 5, checkpoint 3" in first(printed)


def test_kept_checkpoints_that_go_further_are_pointed_out(check: Check, lines: list[Line]) -> None:
    sealed(*some())
    code, printed = check(written(lines), "--checkpoints", *map(str, checkpoints.files()))
    assert code == 0
    assert "goes on to no. 11" in printed


def test_kept_checkpoints_that_cannot_be_read_are_told(check: Check, lines: list[Line]) -> None:
    code, printed = check(written(lines), "--checkpoints", "no-such-file")
    assert (code, printed) == (2, "no-such-file cannot be read: No such file or directory.\n")


def test_machines_get_one_object(check: Check, lines: list[Line]) -> None:
    rows(lines)[5]["ip"] = "198.51.100.66"
    document = json.loads(check(written(lines), "--json")[1])
    assert (document["holds"], document["rows"], document["keys"]) == (False, 11, [signing.key_id()])
    found = document["findings"][0]
    assert (found["what"], found["line"], found["seq"]) == ("edited", 12, 6)


def test_many_findings_are_counted_and_not_all_shown(check: Check, lines: list[Line]) -> None:
    for row in rows(lines) * 1:
        row["ip"] = "198.51.100.66"
    for _ in range(3):
        lines += rows(lines)
    printed = check(written(lines))[1]
    assert printed.splitlines()[-1].startswith("And ")


NONSENSE = {
    "empty": b"",
    "a new line": b"\n",
    "binary": bytes(range(256)) * 20,
    "not JSON": b"no, 2026-06-01, /grants\n" * 5,
    "a number": b"5\n",
    "a list": b"[1, 2]\n",
    "deeply nested": b"[" * 200_000,
    "deeply nested objects": b'{"format":' * 100_000,
    "another format": b'{"type":"header","format":"alter-audit-2"}\n',
    "a header alone of a proof": b'{"format":"alter-audit-proof-1"}\n',
    "a huge number": b'{"format":' + b"9" * 10_000 + b"}\n",
    "a huge line": b'{"a":"' + b"x" * (5 << 20),
}


@pytest.mark.parametrize("content", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_told_in_a_sentence(check: Check, content: bytes) -> None:
    code, printed = check(content)
    assert code in (1, 2)
    assert printed.strip().endswith(".")


HEADER = {"type": "header", "format": "alter-audit-1"}
ODD_LINES: list[Any] = [
    {},
    {"type": "row"},
    {"type": "row", "kind": "call"},
    {"type": "row", "kind": ["call"], "seq": 1},
    {"type": "row", "kind": "call", "seq": True},
    {"type": "row", "kind": "call", "seq": -1},
    {"type": "row", "kind": "call", "seq": 1 << 70},
    {"type": "checkpoint", "number": 1},
    {"type": "checkpoint", "kind": "call", "number": 1, "stream": 5},
    {"type": "end"},
    {"type": "end", "rows": 0, "sha256": 5, "signature": 5},
    {"type": ["end"]},
]


@pytest.mark.parametrize("line", ODD_LINES, ids=str)
@pytest.mark.parametrize("selection", [True, False])
def test_a_line_that_is_no_line_is_told(check: Check, line: Any, selection: bool) -> None:
    code, printed = check(as_line(HEADER | {"selection": selection}) + as_line(line))
    assert code == 1
    assert first(printed)


@pytest.mark.parametrize("name", ["id", "at", "app_id", "salt", "leaf", "seq", "kind", "context", "status"])
@pytest.mark.parametrize("value", [None, 5, "x", [], {"a": [{}]}, True, 1.5, "\ud800"], ids=str)
def test_a_field_of_another_shape_is_told(check: Check, lines: list[Line], name: str, value: Any) -> None:
    rows(lines)[0][name] = value
    assert check(written(lines))[0] == 1


def test_a_field_that_is_gone_is_told(check: Check, lines: list[Line]) -> None:
    del rows(lines)[0]["path"]
    assert "The row cannot be read: its field path is missing." in first(check(written(lines))[1])


def test_odd_headers_are_no_reason_to_fail(check: Check) -> None:
    odd: Line
    for odd in (
        {"app": 5},
        {"app": {"id": []}},
        {"streams": 7},
        {"streams": [{"kind": []}]},
        {"key": 5},
        {"keys": [3]},
    ):
        assert check(written([HEADER | odd]))[0] in (0, 1)


def test_a_key_that_is_none_is_refused(check: Check) -> None:
    code, printed = check(b"", "--key", "abc")
    assert (code, printed) == (2, "--key: write the public key as 64 hex digits, or name a file of them.\n")


def test_without_the_library_signatures_are_said_to_be_unchecked(
    check: Check, lines: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "CAN_CHECK", False)
    code, printed = check(written(lines))
    assert code == 3
    assert "no signature was checked" in printed


def test_it_needs_no_django_and_no_other_library(tmp_path: Path) -> None:
    """-S leaves all libraries out but the standard one."""
    (tmp_path / "x").write_bytes(b"x")
    program = "import sys; sys.path.insert(0, sys.argv[1]); from audit.verify import main; sys.exit(main(sys.argv[2:]))"
    root = str(Path(__file__).parents[2])
    alone = [sys.executable, "-S", "-c", program, root, str(tmp_path / "x")]
    done = subprocess.run(alone, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        "This is neither an export of the audit log nor a proof of an entry.\n",
    )


def test_what_the_portal_exports_holds(check: Check, lines: list[Line]) -> None:
    """The real thing, with something purged and something erased."""
    with at(NOON + 400 * DAY):
        sealed(called(ip="198.51.100.66"), called())
        assert purging.sealed("event", NOON + DAY) == 3
        erase(shell(), ip="198.51.100.66", reason="Request 114")
        told = taken()
    assert (
        check(told, "--key", signing.public_key().hex(), "--checkpoints", *map(str, checkpoints.files()))[0]
        == 0
    )


@pytest.mark.parametrize("filters", [{"since": NOON}, {"outcome": "allowed"}, {"action": "key"}])
def test_a_selection_that_the_portal_exports_holds(
    check: Check, lines: list[Line], filters: dict[str, Any]
) -> None:
    code, printed = check(taken(**filters), "--key", signing.public_key().hex())
    assert (code, printed.startswith("Holds: ")) == (0, True)


class TestSelections:
    """An export of some rows, each with its proof."""

    @pytest.fixture
    def some_of_them(self, db: None) -> list[Line]:
        sealed(*some(calls=9, acts=4))
        return taken_out.selection(Call.objects.filter(at=NOON)[2:6])

    def test_it_holds(self, check: Check, some_of_them: list[Line]) -> None:
        assert check(written(some_of_them))[0] == 0

    def test_an_edited_row_is_named(self, check: Check, some_of_them: list[Line]) -> None:
        some_of_them[3]["path"] = "/other"
        assert "edited: line 4, call no. " in first(check(written(some_of_them))[1])

    def test_a_leaf_made_to_fit_does_not_lead_to_the_root(
        self, check: Check, some_of_them: list[Line]
    ) -> None:
        from audit.integrity.checking import evidence

        row = some_of_them[3]
        row["status"] = 201
        row["leaf"] = evidence.row(row).recomputed().hex()
        assert "proof: line 4, call no. " in first(check(written(some_of_them))[1])

    def test_a_row_in_another_place_does_not_lead_to_the_root(
        self, check: Check, some_of_them: list[Line]
    ) -> None:
        some_of_them[3]["seq"] -= 1
        assert "proof: line 4, call no. " in first(check(written(some_of_them))[1])

    def test_a_checkpoint_that_was_edited_is_told(self, check: Check, some_of_them: list[Line]) -> None:
        some_of_them[1]["last_seq"] += 1
        assert "hash: line 2, call no. 1" in first(check(written(some_of_them))[1])

    def test_a_row_that_comes_twice_is_told(self, check: Check, some_of_them: list[Line]) -> None:
        some_of_them.append(some_of_them[-1])
        assert "moved: line 7" in first(check(written(some_of_them))[1])


# ── facts of a denied call ──────────────────────────────────────────────────


@pytest.fixture
def denied(db: None) -> list[Line]:
    """A whole export of a denied call with facts, and of one from before there were any."""
    with at(NOON):
        sealed(called(code="rate_limit_exceeded", facts={"limit": 60}), called(code="ip_not_allowed"))
    return whole()


def test_facts_of_a_call_are_under_its_seal(denied: list[Line], check: Check) -> None:
    assert check(written(denied))[0] == 0
    for changed in ({"limit": 61}, {}, None):
        (line,) = [row for row in rows(denied) if row["code"] == "rate_limit_exceeded"]
        line["facts"] = changed
        code, printed = check(written(denied))
        assert (code, "edited" in printed) == (1, True), changed


def test_facts_cannot_be_given_to_a_call_that_had_none(denied: list[Line], check: Check) -> None:
    (line,) = [row for row in rows(denied) if row["code"] == "ip_not_allowed"]
    line["facts"] = {"allowed_networks": []}
    assert "edited" in check(written(denied))[1]


def test_an_export_from_before_there_were_facts_holds(denied: list[Line], check: Check) -> None:
    """Its lines have no such field: those of calls without facts fit their seals as they did."""
    (line,) = [row for row in rows(denied) if row["code"] == "ip_not_allowed"]
    del line["facts"]
    assert check(written(denied))[0] == 0
