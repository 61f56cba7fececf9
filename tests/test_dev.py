"""What `make check` tests: the room a change is in, and what every change may concern. And how checks are run."""

import os
import sys
from pathlib import Path

import pytest

from tools.dev import ALWAYS, lint_all, near_tests


@pytest.mark.parametrize(
    ("changed", "tested", "left"),
    [
        (
            "audit/integrity/checking/tally_recount.py",
            "tests/audit/integrity/checking/test_tally_recount.py",
            "tests/core/test_text.py",
        ),
        ("core/text.py", "tests/core/test_text.py", "tests/audit/integrity/checking/test_tally_recount.py"),
        ("templates/keys/mint.html", "tests/keys/web/test_views.py", "tests/agents/web/test_views.py"),
        ("tests/keys/test_mint.py", "tests/keys/test_mint.py", "tests/keys/web/test_views.py"),
        ("docs/cli.md", "tests/test_docs.py", "tests/keys/web/test_views.py"),
    ],
)
def test_a_change_is_tested_where_it_is(changed: str, tested: str, left: str) -> None:
    found = near_tests([changed])
    assert tested in found and left not in found
    assert set(ALWAYS) <= set(found)


def test_what_was_deleted_is_not_asked_for() -> None:
    assert "tests/keys/test_gone.py" not in near_tests(["tests/keys/test_gone.py"])


def test_one_check_that_fails_fails_all_and_is_the_only_one_to_say_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    says = [sys.executable, "-c", "print('all is well')"]
    fails = [sys.executable, "-c", "print('line 3 is wrong'); raise SystemExit(2)"]
    assert lint_all({"style": says, "types": fails, "templates": says}, dict(os.environ)) == 2
    told = capsys.readouterr().out
    assert [told.count(word) for word in ("ok", "FAILED", "line 3 is wrong", "all is well")] == [2, 1, 1, 0]


def test_two_checks_run_at_a_time(tmp_path: Path) -> None:
    # Each waits for what the other one writes: one after the other, the first would give up.
    code = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
for _ in range(600):
    if other.exists():
        sys.exit()
    time.sleep(0.05)
sys.exit("was alone")
"""
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    run = [sys.executable, "-c", code]
    assert lint_all({"one": [*run, one, two], "two": [*run, two, one]}, dict(os.environ)) == 0
