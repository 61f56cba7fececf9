"""The commands for gateways: what they print, where the secret goes, and what they say no to."""

import io
import json
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from core.clock import at, now
from core.durations import parse_duration
from keyformat.grammar import is_gateway_secret
from keys.gateways.config_files import KINDS
from keys.gateways.directory import note_use
from keys.gateways.models import Gateway
from portal.config.listen import reached_at

pytestmark = pytest.mark.django_db


def run(*words: str) -> tuple[str, str]:
    """What a command writes to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def told(*words: str) -> dict[str, Any]:
    return dict(json.loads(run(*words, "--json")[0]))


def test_the_secret_alone_is_printed_where_nothing_else_is_asked_for() -> None:
    out, err = run("create_gateway", "edge", "--pair", "original")
    assert is_gateway_secret(out.strip())
    assert out.strip() not in err
    assert "X-Original-Method and X-Original-URI" in err


def test_an_object_has_every_file_and_the_secret_in_one_place() -> None:
    for kind, files in KINDS.items():
        made = told("create_gateway", kind, "--for", kind)
        assert is_gateway_secret(made["secret"])
        assert made["pair"] == files.pair
        holding = [place for place, text in made["files"].items() if made["secret"] in text]
        assert holding == [files.secret_place]
        assert files.secret_place in made["files"][files.place]


def test_a_secret_that_goes_to_a_file_is_printed_nowhere(tmp_path: Path) -> None:
    held = tmp_path / "secret"
    held.touch(0o644)
    for words in (("create_gateway", "edge", "--pair", "forwarded"), ("rotate_gateway", "edge")):
        for out in (*run(*words, "--secret-file", str(held)), str(Gateway.objects.values())):
            assert held.read_text().strip() not in out
        assert is_gateway_secret(held.read_text().strip())
        assert held.stat().st_mode & 0o007 == 0
    held.write_text("x" * 500)
    out = run("rotate_gateway", "edge", "--secret-file", str(held), "--json")[0]
    assert held.read_text().strip() not in out


def test_what_cannot_be_done_is_said_and_changes_nothing(tmp_path: Path) -> None:
    run("create_gateway", "edge", "--pair", "original")
    before = Gateway.objects.values().get()
    for words, code in (
        (("create_gateway", "edge", "--pair", "original"), 5),
        (("create_gateway", "other"), 2),
        (("create_gateway", "other", "--for", "nginx", "--pair", "forwarded"), 2),
        (("create_gateway", "Other!", "--for", "nginx"), 2),
        (("create_gateway", "other", "--for", "nginx", "--secret-file", str(tmp_path / "no/such")), 2),
        (("rotate_gateway", "edge", "--secret-file", str(tmp_path)), 2),
        (("rotate_gateway", "edge", "--overlap", "never"), 2),
        (("rotate_gateway", "edge", "--overlap", "31d"), 2),
        (("rotate_gateway", "other"), 4),
        (("retire_gateway", "other"), 4),
    ):
        with pytest.raises(CommandError) as refused:
            run(*words)
        assert refused.value.returncode == code, words
    assert Gateway.objects.values().get() == before


def test_the_file_asks_where_the_portal_is(settings: Settings) -> None:
    settings.LISTENS_AT = "127.0.0.1:8123"
    for kind in KINDS:
        out, err = run("create_gateway", kind, "--for", kind)
        assert "127.0.0.1:8123" in out and "127.0.0.1:8000" not in out
        assert "the portal is at 127.0.0.1:8123; --portal" in err
    there = told("create_gateway", "far", "--for", "nginx", "--portal", "[fd00::5]:80")["files"]
    assert "server [fd00::5]:80;" in there[KINDS["nginx"].place]
    for wrong in ("portal", "http://portal:80", "portal:80;", "portal:80 x", ":80"):
        with pytest.raises(CommandError, match="--portal"):
            run("create_gateway", "wrong", "--for", "nginx", "--portal", wrong)
    assert not Gateway.objects.filter(name="wrong").exists()


@pytest.mark.parametrize(
    ("host", "port", "reached"),
    [
        ("", "", "127.0.0.1:8000"),
        (str(IPv4Address(0)), "8001", "127.0.0.1:8001"),
        ("[::]", "80", "[::1]:80"),
        ("10.0.0.5", "", "10.0.0.5:8000"),
        ("", "nonsense", "127.0.0.1:8000"),
    ],
)
def test_a_server_is_reached_where_it_listens(host: str, port: str, reached: str) -> None:
    assert reached_at(host, port) == reached


def test_the_list_says_how_long_ago_each_was_seen() -> None:
    run("create_gateway", "edge", "--pair", "original")
    gateway = Gateway.objects.get()
    assert "edge  active  original  alter_gateway_" in run("list_gateways")[0]
    assert "not seen" in run("list_gateways")[0]
    note_use([((gateway.id, bytes(gateway.digest)), now())])
    for later, says in (
        ("1s", "seen just now"),
        ("5m", "5 minutes ago"),
        ("3h", "3 hours ago"),
        ("3d", "3 days ago"),
    ):
        with at(now() + parse_duration(later)):
            assert says in run("list_gateways")[0]
    run("rotate_gateway", "edge", "--overlap", "0")
    assert "rotating" not in run("list_gateways")[0]
    run("rotate_gateway", "edge", "--overlap", "10m")
    assert "rotating" in run("list_gateways")[0]
    run("retire_gateway", "edge")
    assert run("list_gateways")[0] == ""
    assert [one["status"] for one in told("list_gateways", "--all")["gateways"]] == ["retired"]


def test_a_secret_goes_beside_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("create_gateway", "edge", "--for", "nginx", "--secret-file", "held")
    config = run(*words)[0]
    assert f"include {tmp_path / 'held'};" in config
    before = (tmp_path / "held").read_text()
    with pytest.raises(CommandError, match="is there already"):
        run("create_gateway", "other", "--for", "nginx", "--secret-file", "held")
    assert (tmp_path / "held").read_text() == before
    with pytest.raises(CommandError):
        run("create_gateway", "edge", "--for", "nginx", "--secret-file", "new")
    assert not (tmp_path / "new").exists()
