"""An answer that is lost on the way: the command says that the change may have happened, and trying again is safe."""

import contextlib
import json
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import httpx2
import pytest

from agents.models import Agent, App
from alter import undo_commands
from alter.client import Client
from alter.exit_codes import Failure
from keys.models import ApiKey
from tests.alter.running import alter, environment
from tests.factories import minted

KEY = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
MINT = ("keys", "mint", "--name", "worker", "--scopes", "grants:read", "--expires-in", "90d")
Spoil = Callable[[bytes], bytes]


@contextlib.contextmanager
def between(portal: str, spoil: Spoil) -> Iterator[str]:
    """Something between the command and the portal that hands requests on whole, and spoils each answer."""
    host, _, port = portal.removeprefix("http://").partition(":")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    with caller, socket.create_connection((host, int(port))) as goal:
                        goal.sendall(_request(caller))
                        caller.sendall(spoil(b"".join(iter(lambda: goal.recv(65536), b""))))

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def _request(caller: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += caller.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += caller.recv(65536)
    return head + b"\r\n\r\n" + body


SPOILERS: dict[str, Spoil] = {
    "nothing comes": lambda _: b"",
    "it breaks off": lambda answer: answer[:-40],
    "a proxy answers": lambda _: b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno",
    "a page of a proxy": lambda _: (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>"
    ),
    "no HTTP": lambda _: b"\x16\x03\x01\r\n\r\n",
}


def test_what_may_have_been_made_is_said_and_asking_again_makes_no_second(
    signed_in: str, portal: str, app: App
) -> None:
    rotate = ("keys", "rotate", "--key", str(minted(app).key.id))
    makers = (MINT, ("agents", "create", "--name", "made-up"), rotate)
    for name, spoil in SPOILERS.items():
        with between(portal, spoil) as spoiled:
            for words in makers if name == "nothing comes" else makers[:1]:
                lost = alter(*words, "--base-url", spoiled)
                assert (lost.code, "The change may have been made" in lost.error) == (1, True), (
                    name,
                    lost.err,
                )
                assert f"To check: alter {words[0]} list --app {app.id}" in lost.err, name
                again = shlex.split(lost.err.split("add --idempotency-key ")[1].strip(". \n"))[0]
                count = ApiKey.objects.count()
                second = alter(*words, "--idempotency-key", again)
                assert (second.code, second.json["api_key"], ApiKey.objects.count()) == (0, None, count), name
                ending = second.err.rpartition("create a new one: ")[2].splitlines()[0]
                assert ending.startswith(f"alter {words[0]} revoke"), second.err
                assert alter(*shlex.split(ending)[1:]).code == 0


def test_other_changes_say_how_to_see_whether_they_were_made(signed_in: str, portal: str, app: App) -> None:
    key = minted(app).key
    with between(portal, lambda _: b"") as spoiled:
        for words, look in (
            (
                ("keys", "revoke", "--key", str(key.id), "--yes"),
                f"alter keys show --key {key.id} --app {app.id}",
            ),
            (("members", "invite", "--role", "support"), f"alter members invitations --app {app.id}"),
            (("apps", "create", "--name", "other"), "alter apps list"),
            (("apps", "archive", str(app.id)), f"alter apps show {app.id}"),
        ):
            lost = alter(*words, "--base-url", spoiled)
            assert f"hint: To check: {look}\n" in lost.err, lost.err
        read = alter("keys", "list", "--base-url", spoiled)
        assert (read.code, "may have been made" in read.err) == (1, False)


def test_what_never_left_was_not_done() -> None:
    for address in ("http://127.0.0.1:9", "http://[::1]:9"):
        with pytest.raises(Failure) as caught:
            Client(address).make("/apps/1/keys", {})
        assert "may have been made" not in caught.value.message + caught.value.hint


def test_interrupting_a_change_says_so_too(signed_in: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "alter", *MINT, "--base-url", address]
        with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as run:
            connection, _ = silent.accept()
            _request(connection)
            run.send_signal(signal.SIGINT)
            said = run.communicate(timeout=30)[1]
    assert (run.returncode, "The change may have been made" in said) == (130, True), said
    assert "add --idempotency-key alter-" in said


def test_every_change_has_a_way_to_look() -> None:
    looks = {
        "/apps": "apps list",
        "/apps/1": "apps show 1",
        "/apps/1/keys": "keys list --app 1",
        f"/apps/1/keys/{KEY}": f"keys show --key {KEY} --app 1",
        f"/apps/1/agents/{KEY}/keys": f"agents list-keys --agent {KEY} --app 1",
        f"/apps/1/agents/{KEY}/suspend": f"agents show --agent {KEY} --app 1",
        f"/apps/1/members/{KEY}/remove": "members list --app 1",
        "/token": "tokens list",
        "/me/token": "tokens list",
        f"/webhooks/{KEY}/pause": "webhooks list",
    }
    for path, words in looks.items():
        assert undo_commands.how_to_check(path) == f"To check: alter {words}", path


def test_a_list_whose_second_page_fails_ends_with_an_error_and_parses(
    signed_in: str, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alter.run.MAX_PAGE_SIZE", 1)
    for _ in range(3):
        minted(app)
    send, asked = Client.send, [0]

    def failing(self: Client, *words: str, **parts: object) -> httpx2.Response:
        asked[0] += 1
        if asked[0] % 3 == 0:
            raise Failure(1, "It broke.")  # type: ignore[arg-type]
        return send(self, *words, **parts)  # type: ignore[arg-type]

    monkeypatch.setattr(Client, "send", failing)
    for shape in ("json", "jsonl", "table"):
        asked[0] = 0
        result = alter("keys", "list", "--all", "--output", shape)
        assert (result.code, result.error) == (1, "error: It broke."), shape
        told = [json.loads(line)["name"] for line in result.out.splitlines()]
        assert told == (["worker"] * 2 if shape == "jsonl" else []), (
            shape
        )  # a whole is told whole or not at all


def test_agents_keys_are_made_once_as_well(signed_in: str, app: App) -> None:
    agent = alter("agents", "create", "--name", "made-up").json["id"]
    words = ("agents", "mint-key", "--agent", agent, "--idempotency-key", "once")
    first, second = alter(*words), alter(*words)
    assert (first.json["id"], second.json["api_key"]) == (second.json["id"], None)
    assert Agent.objects.get(id=agent).name == "made-up"
