"""What `make check` tests: the room a change is in, and what every change may concern."""

import pytest

from tools.dev import ALWAYS, near_tests


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
