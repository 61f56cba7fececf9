"""Tokens are kept for their owner alone and sent to their own portal alone; a folder's link is found from below."""

import os
import stat
from pathlib import Path

import pytest

from alter.config import Credentials, credentials_path, find_link, folder, parse_base_url, write_private
from alter.exit_codes import Failure

PORTAL = "https://portal.example.com"


def test_what_is_kept_is_there_in_the_next_run() -> None:
    Credentials().store(PORTAL, "alter_pat_1")
    assert (Credentials().token(PORTAL), Credentials().current) == ("alter_pat_1", PORTAL)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_only_its_owner_may_read_it() -> None:
    Credentials().store(PORTAL, "alter_pat_1")
    assert stat.S_IMODE(credentials_path().stat().st_mode) == 0o600
    assert stat.S_IMODE(folder().stat().st_mode) == 0o700


def test_another_portal_is_not_given_the_token() -> None:
    Credentials().store(PORTAL, "alter_pat_1")
    assert Credentials().token("https://other.example.com") is None


def test_forgetting_leaves_the_other_portals() -> None:
    Credentials().store("https://other.example.com", "alter_pat_1")
    Credentials().store(PORTAL, "alter_pat_2")
    Credentials().forget(PORTAL)
    assert (Credentials().current, Credentials().token(PORTAL)) == ("https://other.example.com", None)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"portals": []}'])
def test_a_damaged_file_is_named(content: str) -> None:
    credentials_path().parent.mkdir(parents=True)
    credentials_path().write_text(content)
    with pytest.raises(Failure, match="is damaged"):
        Credentials()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://Portal.example.com/", "https://portal.example.com"),
        ("https://example.com/portal/", "https://example.com/portal"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_taken(typed: str, meant: str) -> None:
    assert parse_base_url(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "http://portal.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "https://user:word@portal.example.com",
        "https://portal.example.com/?x=1",
        "https://portal.example.com:99999",
        "portal.example.com",
        "ftp://portal.example.com",
        "https://",
        "",
    ],
)
def test_an_address_is_refused_by_name(typed: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_base_url(typed, "ALTER_BASE_URL")
    assert (caught.value.exit, caught.value.message.startswith("ALTER_BASE_URL: ")) == (2, True)


def test_a_refused_url_is_shown_without_its_secrets() -> None:
    secret = "alter_pat_" + "x" * 40
    for typed in (
        "https://user:hunter2@portal.example.com",
        "user:hunter2@portal.example.com",
        "http://user:hunter2@portal.example.com",
        "https://portal.example.com/?key=hunter2",
        "ftp://portal.example.com/#hunter2",
        f"http://portal.example.com/{secret}",
    ):
        with pytest.raises(Failure) as caught:
            parse_base_url(typed)
        assert "portal.example.com" in caught.value.message, typed
        assert "hunter2" not in caught.value.message and secret not in caught.value.message, typed


def test_a_link_is_found_from_below(tmp_path: Path) -> None:
    write_private(tmp_path / ".alter/config.json", {"app_id": "1"})
    below = tmp_path / "a/b"
    below.mkdir(parents=True)
    assert find_link(below) == tmp_path / ".alter/config.json"


def test_the_nearest_link_counts(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "a"):
        write_private(place / ".alter/config.json", {"app_id": "1"})
    assert find_link(tmp_path / "a") == tmp_path / "a/.alter/config.json"
