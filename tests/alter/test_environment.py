"""Whatever the environment holds: it works, or a sentence names what is wrong with it."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alter import client
from alter.client import Client
from alter.config import credentials_path
from alter.environment import check_proxy, is_direct, open_http
from alter.exit_codes import Failure
from tests.alter.running import alter

PORTAL = "https://portal.example.com"
CLASSES = [
    kind
    for kind in vars(httpx2).values()
    if isinstance(kind, type) and issubclass(kind, Exception) and kind is not httpx2.HTTPStatusError
]


def failure_of_opening(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    with monkeypatch.context() as patch:
        patch.setenv(name, value)
        try:
            open_http(PORTAL).close()
        except Failure as failure:
            return f"{failure.message} {failure.hint}"
    return ""


def test_a_variable_that_cannot_be_taken_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [
        ("HTTP_PROXY", "http://u:s3cret#x@h"),
        ("HTTP_PROXY", "http://u:80#s3cret@h"),  # would be the host u
        ("https_proxy", "http://u:80/s3cret@h"),
        ("HTTPS_PROXY", "http://[::1"),
        ("HTTPS_PROXY", "::1"),
        ("HTTPS_PROXY", "http://h:99999"),
        ("ALL_PROXY", "http://"),
        ("ALL_PROXY", "socks://h:1080"),
        ("all_proxy", "socks4://h:1080"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem"),
        ("SSL_CERT_FILE", __file__),
        ("SSL_CERT_FILE", "/"),
        ("SSLKEYLOGFILE", "/nowhere/keys"),
    ]
    for name, value in wrong:
        said = failure_of_opening(monkeypatch, name, value)
        assert said.startswith(name) and "s3cret" not in said, (name, value, said)
    right = [
        ("ALL_PROXY", "socks5://u:p%23@127.0.0.1:1080"),
        ("ALL_PROXY", "socks5h://[::1]:1080/"),
        ("HTTPS_PROXY", "proxy.example.com:3128"),
        ("HTTP_PROXY", "  "),
        ("NO_PROXY", "[::1,fe80::1%eth0,http://[::1,::1/999,[::1]:x,*.,.,,/8"),
    ]
    for name, value in right:
        assert failure_of_opening(monkeypatch, name, value) == "", (name, value)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["HTTP_PROXY", "all_proxy", "NO_PROXY"]),
    st.text(st.characters(min_codepoint=1, codec="utf-8")),
)
def test_no_text_of_a_variable_is_a_mistake_of_ours(name: str, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", value.replace("\0", ""))
        is_direct("http://[::1]:8000")
    with contextlib.suppress(Failure):
        check_proxy(name, value)


def test_no_proxy_is_read_as_people_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [
        ("http://[::1]:8000", "::1", True),
        ("http://[::1]:8000", "[::1]", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("http://[::1]:8000", "[::1]:9000", False),
        ("http://[::1]:8000", "0:0:0:0:0:0:0:1", True),
        ("https://[fd00::5]", "fd00::/8", True),
        ("https://[fd00::5]", "[fd00::]/8", True),
        ("http://127.0.0.1:8000", "127.0.0.0/8", True),
        ("http://127.0.0.1:8000", "localhost", False),
        (PORTAL, "example.com", True),
        (PORTAL, ".Example.com", True),
        (PORTAL, "*.example.com", True),
        (PORTAL, "portal.example.com:443", True),
        (PORTAL, "rtal.example.com", False),
        (PORTAL, "*", True),
        (PORTAL, "", False),
    ]
    for address, said, expected in cases:
        monkeypatch.setenv("NO_PROXY", said)
        assert is_direct(address) is expected, (address, said)


def test_every_error_of_the_http_client_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Client(PORTAL)
    for kind in [*CLASSES, ssl_like, UnicodeError, ValueError, AssertionError, OSError, RuntimeError]:
        try:
            error = kind("boom")
        except TypeError:
            error = Exception.__new__(kind)
        for method in ("GET", "POST"):
            monkeypatch.setattr(asking._http, "request", _raising(error))
            with pytest.raises(Failure) as caught:
                asking.ask(method, "/apps/1/keys")
            assert caught.value.message.startswith(("The proxy", PORTAL)), (kind, caught.value.message)
            told_of_doubt = "check before you try again" in caught.value.message
            assert told_of_doubt is (method == "POST" and not isinstance(error, client.UNSENT)), kind


class ssl_like(OSError):
    """An error of a layer below that the HTTP client did not translate."""


def _raising(error: Exception) -> object:
    def request(*_: object, **__: object) -> None:
        raise error

    return request


@contextlib.contextmanager
def socks() -> Iterator[str]:
    """A SOCKS5 proxy on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield f"socks5://127.0.0.1:{server.getsockname()[1]}"


def _serve(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            caller, _ = server.accept()
            threading.Thread(target=_relay, args=(caller,), daemon=True).start()


def _relay(caller: socket.socket) -> None:
    caller.recv(262)
    caller.sendall(b"\x05\x00")
    asked = caller.recv(262)
    assert asked[:4] == b"\x05\x01\x00\x01"
    goal = socket.create_connection((socket.inet_ntoa(asked[4:8]), int.from_bytes(asked[8:10], "big")))
    caller.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    threading.Thread(target=_pump, args=(goal, caller), daemon=True).start()
    _pump(caller, goal)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_a_socks_proxy_is_gone_through(signed_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socks() as address:
        monkeypatch.setenv("ALL_PROXY", address)
        assert alter("apps", "list", "--output", "json").json[0]["name"] == "checkout"
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    assert "ALL_PROXY is set." in alter("apps", "list").err


def test_no_home_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(Path, "home", _no_home)
    result = alter("apps", "list")
    assert (result.code, result.error) == (2, "error: There is no home folder to store the sign-in.")


def _no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_what_is_kept_with_wrong_types_is_damaged() -> None:
    credentials_path().parent.mkdir(parents=True)
    for content in (
        '{"current": 5}',
        '{"portals": []}',
        '{"portals": {"https://a": "x"}}',
        '{"portals": {"https://a": {"token": 5}}}',
        "[" * 100_000,
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        "current = 1",
    ):
        credentials_path().write_text(content)
        result = alter("apps", "list")
        assert (result.code, result.error.endswith("is damaged.")) == (1, True), (content[:40], result.err)
    credentials_path().write_text('\ufeff{"current": "ftp://x", "portals": {}}')
    result = alter("apps", "list")
    assert (result.code, "is not the URL of a portal" in result.error) == (2, True)


def test_a_config_folder_that_cannot_be_written_is_said_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/dev/null")
    result = alter("auth", "login", "--base-url", "http://127.0.0.1:9", "--no-browser")
    assert (result.code, result.error.endswith("Not a directory.")) == (1, True), result.err
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/nowhere")
    result = alter("auth", "login", "--base-url", "http://127.0.0.1:9", "--no-browser")
    assert (result.code, "/proc/nowhere/alter cannot be written" in result.error) == (2, True), result.err


def test_a_folder_that_is_gone_is_said(signed_in: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALTER_APP_ID")
    (home / "gone").mkdir()
    monkeypatch.chdir(home / "gone")
    (home / "gone").rmdir()
    result = alter("keys", "list")
    assert (result.code, result.error) == (2, "error: The current folder no longer exists.")
    os.chdir(home)


def test_no_terminal_is_too_odd(signed_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("COLUMNS", "0"),
        ("COLUMNS", "1"),
        ("COLUMNS", "-9"),
        ("TERM", "dumb"),
        ("TZ", ":::"),
    ):
        monkeypatch.setenv(name, value)
        assert alter("apps", "list").code == alter("doctor").code == 0, (name, value)


def test_an_answer_of_another_shape_is_not_a_mistake_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Client(PORTAL)
    for content in ("[]", "{}", '{"items": 5}', '{"items": [5]}', "5", "null", '{"items": []}'):
        answer = httpx2.Response(200, text=content, request=httpx2.Request("GET", PORTAL))
        monkeypatch.setattr(asking._http, "request", lambda *_, answer=answer, **__: answer)
        with pytest.raises(Failure) as caught:
            asking.get("/apps")["has_more"]
        assert "portal" in caught.value.message, content
