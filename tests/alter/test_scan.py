"""`alter scan`: keys in files are found by checksum, asked about by hash, and never shown."""

from pathlib import Path

import pytest

from agents.models import App
from alter.columns import EXPOSED
from alter.file_reading import PIECE_SIZE
from audit.actors import shell
from audit.models import Call
from keys import lifecycle
from keys.plaintext import generate
from tests.alter.running import alter
from tests.factories import minted
from tests.keys.asking import UNKNOWN


def test_a_living_key_is_found_and_ends_with_1(app: App, signed_in: str) -> None:
    made = minted(app, name="worker")
    secret = made.plaintext.take()
    Path("src").mkdir()
    Path("src/settings.py").write_text(f'# settings\nKEY = "{secret}"\n')
    run = alter("scan", "src")
    assert run.out == (
        "STATUS  KEY                     FILE               NAME    APP\n"
        f"active  {made.key.prefix}  src/settings.py:2  worker  checkout\n"
    )
    assert (run.code, run.error) == (1, "error: 1 active key found.")
    assert secret not in run.err


def test_a_revoked_or_unknown_key_is_told_and_ends_with_0(app: App, signed_in: str) -> None:
    made = minted(app)
    Path("one").write_text(made.plaintext.take())
    Path("two").write_text(UNKNOWN)
    lifecycle.revoke(shell(), made.key)
    run = alter("scan", "one", "two", "--output", "json")
    assert (run.code, [row["state"] for row in run.json]) == (0, ["revoked", "unknown"])
    assert list(run.json[0]) == list(EXPOSED.fields)


def test_asking_leaves_no_trace_of_a_call(app: App, signed_in: str) -> None:
    Path("one").write_text(minted(app).plaintext.take())
    alter("scan", ".")
    assert Call.objects.count() == 0


def test_offline_any_key_ends_with_1() -> None:
    Path("one").write_text(UNKNOWN)
    run = alter("scan", "--offline", ".", "--fields", "state,key_id")
    assert (run.code, run.json) == (1, [{"state": "unchecked", "key_id": None}])


def test_a_gateways_secret_is_found_too() -> None:
    Path("one").write_text(generate("gateway").take())
    run = alter("scan", "--offline", ".", "--fields", "state,key_id")
    assert (run.code, run.json) == (1, [{"state": "gateway", "key_id": None}])


def test_an_access_token_is_found_too() -> None:
    Path("one").write_text(generate("token").take())
    assert [row["state"] for row in alter("scan", "--offline", "one", "--output", "json").json] == ["token"]


def test_nothing_found_ends_with_0() -> None:
    Path("one").write_text("alter_key_app_" + "x" * 36)
    run = alter("scan", "--offline", ".")
    assert (run.code, run.out, run.err) == (0, "", "No keys found.\n")


@pytest.mark.parametrize(
    "before", [0, PIECE_SIZE - 60, PIECE_SIZE - 50, PIECE_SIZE - 25, PIECE_SIZE, 2 * PIECE_SIZE - 10]
)
def test_a_key_is_found_once_wherever_it_lies_in_a_large_file(before: int) -> None:
    Path("large").write_bytes(b"\n" * before + UNKNOWN.encode() + b"\n" * PIECE_SIZE)
    run = alter("scan", "--offline", "large", "--output", "json")
    assert [row["line"] for row in run.json] == [before + 1]


def test_folders_of_tools_are_passed_over() -> None:
    Path(".git").mkdir()
    Path(".git/config").write_text(UNKNOWN)
    assert alter("scan", "--offline", ".").code == 0


def test_a_path_that_is_not_there_is_not_found() -> None:
    run = alter("scan", "--offline", "nowhere")
    assert (run.code, run.error) == (4, "error: nowhere: no such file or folder.")


def test_without_a_token_it_says_so_before_it_looks(portal: str) -> None:
    run = alter("scan", ".")
    assert (run.code, run.out) == (3, "")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that even root cannot read")
def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_looked_at() -> None:
    Path("open").write_text("no key here")
    run = alter("scan", "--offline", "/proc/self/mem", "open")
    assert (run.code, "not read: /proc/self/mem" in run.err) == (8, True)
