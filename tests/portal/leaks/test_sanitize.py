"""Where a leak was found is kept without what opens doors."""

import pytest

from portal.leaks.sanitize import sanitize_location
from tests.keys.asking import UNKNOWN

CUT = UNKNOWN[:22]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("https://github.com/a/b/blob/main/.env#L3", "https://github.com/a/b/blob/main/.env#L3"),
        ("https://github.com/a/b/blob/main/.env#L3-L9", "https://github.com/a/b/blob/main/.env#L3-L9"),
        ("https://ci:hunter2@git.example.com/a/b", "https://git.example.com/a/b"),
        ("https://git.example.com:8443/raw?token=hunter2#access=1", "https://git.example.com:8443/raw"),
        (f"https://git.example.com/{UNKNOWN}/x", f"https://git.example.com/{CUT}[redacted]/x"),
        (
            f"https://git.example.com/{UNKNOWN.replace('_', '%5F')}/x",
            f"https://git.example.com/{CUT}[redacted]/x",
        ),
        (f"in our wiki: {UNKNOWN}", f"in our wiki: {CUT}[redacted]"),
        ("ssh://git:hunter2@host/a", "ssh://host/a"),
        ("http://[::1?token=hunter2", "http://[::1"),
        ("see https://u:hunter2@h/a?t=hunter2, line 3", "see https://h/a line 3"),
        ("  two\nlines\x00 ", "two lines"),
        ("", ""),
    ],
)
def test_a_place_is_kept_without_credentials_and_keys(told: str, kept: str) -> None:
    assert sanitize_location(told) == kept


def test_a_place_is_no_longer_than_its_column() -> None:
    assert len(sanitize_location("https://example.com/" + "a" * 5000)) == 500
