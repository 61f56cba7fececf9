"""Sealed rows reach a SIEM by syslog or in a file, in order, and none is left out."""

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from audit.forwarding import siem, syslog
from audit.integrity.sealing import sealer
from audit.models import StreamCursor
from portal.config import forwarding_settings
from tests.audit.receiver import HOST
from tests.audit.records import MINUTE, NOON, acted, called
from tests.core.test_file_sink import room_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(siem, "_rests_until", {})


@pytest.fixture
def path(tmp_path: Path, settings: Settings) -> Path:
    """A file that rows are appended to, from now on."""
    there = settings.FORWARD_FILE = tmp_path / "audit.log"
    siem.write()
    return there


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def sealed(*rows: Any) -> None:
    sealer.seal_all()


# ── a file ──────────────────────────────────────────────────────────────────────────────────────────


def test_each_sealed_row_is_a_line(path: Path) -> None:
    row = called(path="/grants")
    sealed()
    assert siem.write() == 1
    assert {"seq": 1, "id": str(row.id), "path": "/grants"}.items() <= lines(path)[0].items()


def test_what_was_sealed_before_it_was_named_is_not_told(tmp_path: Path, settings: Settings) -> None:
    sealed(called())
    settings.FORWARD_FILE = tmp_path / "audit.log"
    assert siem.write() == 0


def test_no_row_is_told_twice_and_none_left_out(path: Path) -> None:
    for n in range(3):
        sealed(called(at=NOON + n * MINUTE))
        siem.write()
    assert [line["seq"] for line in lines(path)] == [1, 2, 3]


def test_logrotate_may_put_another_file_in_its_place(path: Path) -> None:
    sealed(called())
    siem.write()
    path.rename(path.with_suffix(".1"))
    sealed(called(at=NOON + MINUTE))
    siem.write()
    assert [line["seq"] for line in lines(path)] == [2]


def test_a_line_that_a_crash_cut_short_does_not_spoil_the_next(path: Path) -> None:
    path.write_text('{"seq":0,"half')
    sealed(called())
    siem.write()
    assert json.loads(path.read_text().splitlines()[-1])["seq"] == 1


def test_a_file_that_cannot_be_written_loses_nothing(
    path: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.FORWARD_FILE = path.parent / "gone" / "audit.log"
    sealed(called(path="/told-nowhere"))
    assert siem.write() == 0
    assert "cannot be handed on to the file" in caplog.text
    assert "/told-nowhere" not in caplog.text
    siem._rests_until.clear()
    settings.FORWARD_FILE = path
    assert siem.write() == 1


def test_a_full_disk_tears_no_line_and_tells_no_row_twice(path: Path) -> None:
    for n in range(3):
        sealed(called(at=NOON + n * MINUTE))
        with room_for(path.stat().st_size + 100 if path.exists() else 100):
            assert siem.write() == 0
        assert len(lines(path)) == n
        siem._rests_until.clear()
        assert siem.write() == 1
    assert [line["seq"] for line in lines(path)] == [1, 2, 3]


def test_one_that_failed_is_left_alone_for_a_while(path: Path, settings: Settings) -> None:
    settings.FORWARD_FILE = path.parent / "gone" / "audit.log"
    sealed(called())
    siem.write()
    settings.FORWARD_FILE = path
    assert siem.write() == 0


def test_a_long_backlog_is_written_in_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(siem, "RUN_LIMIT", 1)
    for n in range(2):
        sealed(called(at=NOON + n * MINUTE))
    assert [siem.write(), siem.write(), siem.write()] == [1, 1, 0]
    assert StreamCursor.objects.get(name="file").number == 2


def test_cef_is_written_where_it_is_asked_for(path: Path, settings: Settings) -> None:
    settings.FORWARD_FORMAT = "cef"
    sealed(called())
    siem.write()
    assert path.read_text().startswith("CEF:0|alter|portal|1|call.allowed|GET /grants|2|rt=")


def test_ocsf_is_written_where_it_is_asked_for(path: Path, settings: Settings) -> None:
    settings.FORWARD_FORMAT = "ocsf"
    sealed(called())
    siem.write()
    assert lines(path)[0]["class_uid"] == 6003


def test_every_format_of_the_settings_is_one_that_is_written() -> None:
    assert set(siem.FORMATS) == set(forwarding_settings.FORMATS)


# ── syslog ──────────────────────────────────────────────────────────────────────────────────────────


def told_by(settings: Settings, where: str) -> None:
    """What is sealed from now on goes to `where`."""
    settings.FORWARD_SYSLOG = where
    siem.write()


def test_a_datagram_is_a_message_of_rfc_5424(settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((HOST, 0))
        server.settimeout(5)
        told_by(settings, f"udp://{HOST}:{server.getsockname()[1]}")
        sealed(called())
        siem.write()
        message = server.recv(65536).decode()
    head, _, rest = message.partition(" - call - ")
    assert head.startswith("<110>1 2026-06-01T12:00:00.000000Z ")
    assert json.loads(rest)["seq"] == 1


def test_what_was_refused_is_a_warning() -> None:
    assert syslog.message(called(code="invalid_key"), "x").startswith(b"<108>1 ")
    assert syslog.message(acted(), "x").startswith(b"<110>1 ")


def test_by_tcp_each_message_has_its_length_in_front(settings: Settings) -> None:
    received = bytearray()
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link:
                while part := link.recv(65536):
                    received.extend(part)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        told_by(settings, f"tcp://{HOST}:{server.getsockname()[1]}")
        sealed(called(), called(at=NOON + MINUTE))
        siem.write()
        thread.join(5)
    length, _, rest = bytes(received).partition(b" ")
    assert rest[int(length) :].partition(b" ")[0].isdigit()
    assert json.loads(rest[: int(length)].decode().partition(" - call - ")[2])["seq"] == 1


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_local_socket_takes_them_of_either_kind(settings: Settings, tmp_path: Path, kind: int) -> None:
    with socket.socket(socket.AF_UNIX, kind) as server:
        server.bind(str(tmp_path / "log"))
        server.settimeout(5)
        if kind == socket.SOCK_STREAM:
            server.listen()
        told_by(settings, f"unix://{tmp_path}/log")
        sealed(called())
        assert siem.write() == 1
        link = server.accept()[0] if kind == socket.SOCK_STREAM else server
        assert b" - call - {" in link.recv(65536)
        link.close()


def test_a_server_that_is_down_loses_nothing(settings: Settings) -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
    told_by(settings, f"tcp://{HOST}:{port}")
    sealed(called())
    assert siem.write() == 0
    assert StreamCursor.objects.get(name="syslog").number == 0


def test_a_row_too_long_for_a_datagram_leaves_out_its_documents() -> None:
    row = acted(changes={"metadata": ["", "x" * 70_000]})
    assert len(siem._fitting(siem.as_json, row, 1).encode()) < syslog.MAX_MESSAGE


def test_cef_keeps_what_callers_choose_from_breaking_a_line() -> None:
    row = called(path="/a|b=c", user_agent="x=y\\z")
    line = siem.FORMATS["cef"](row, 1)
    assert r"GET /a\|b=c|" in line
    assert r"requestClientApplication=x\=y\\z " in line
    assert r"request=/a|b\=c " in line
