"""`alter auth`: through the browser, with a token one has, and out again."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from alter.authorize import Listener
from alter.catalogue import SIGN_IN
from alter.config import Credentials, credentials_path
from alter.exit_codes import Failure
from portal.models import AccessToken, User
from tests.alter.running import alter, environment
from tests.cast import prove

Query = dict[str, str]


def address_in(voice: IO[str]) -> tuple[str, Query]:
    """The page that the person is to open, and what it is asked for."""
    match = re.search(r"^(http\S+)$", "".join(voice.readline() for _ in range(2)), re.M)
    assert match
    parts = urlsplit(match[1])
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


def answer_in_browser(person: User, path: str, query: Query, answer: str) -> str:
    """Where the portal sends the browser of someone who answers its question."""
    browser = Client()
    browser.force_login(person)
    prove(browser, person)
    assert browser.get(path, query).status_code == 200
    return str(browser.post(path, {**query, "answer": answer})["Location"])


def come_back(query: Query, **answer: str) -> int:
    """What a browser is told that comes with an answer of its own."""
    return opened(f"{query['redirect_uri']}?{urlencode(answer)}")


def opened(address: str) -> int:
    """The status of a page."""
    try:
        with urllib.request.urlopen(address, timeout=10) as page:
            return int(page.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_signing_in_through_the_browser(portal: str, admin: User) -> None:
    command = [sys.executable, "-m", "alter", "auth", "login", "--no-browser"]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr
        path, query = address_in(run.stderr)
        assert come_back(query, code="guess", state="guess") == 400
        back = answer_in_browser(admin, path, query, "authorize")
        assert opened(back) == 200
        said = run.stderr.read()
    assert (run.returncode, query["scopes"].split(",")) == (0, list(SIGN_IN))
    assert (
        said == f"Signed in to {portal} as admin@example.com. The token is stored in {credentials_path()}.\n"
    )
    assert AccessToken.objects.get().permissions == sorted(SIGN_IN)
    assert alter("auth", "status").json["user"]["email"] == "admin@example.com"


def test_a_no_in_the_browser_is_auth(portal: str, admin: User) -> None:
    command = [sys.executable, "-m", "alter", "auth", "login", "--no-browser", "--scopes", "all"]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr
        opened(answer_in_browser(admin, *address_in(run.stderr), "cancel"))
        said = run.stderr.read()
    assert (run.returncode, said) == (3, "error: The sign-in was not authorized: access_denied.\n")
    assert not credentials_path().exists()


def test_nobody_answering_is_auth() -> None:
    with Listener() as listener, pytest.raises(Failure) as caught:
        listener.wait(0.01)
    assert (caught.value.exit, "within 0.01 s" in caught.value.message) == (3, True)


def test_each_sign_in_has_a_state_and_a_verifier_of_its_own() -> None:
    with Listener() as one, Listener() as other:
        assert one.state != other.state
        assert one.verifier not in one.address("https://portal.example.com", ["dashboard_keys:read"])


def test_permissions_are_checked_before_a_browser_opens(portal: str) -> None:
    run = alter("auth", "login", "--scopes", "dashboard_key:read")
    assert (run.code, "Did you mean dashboard_keys:read?" in run.error) == (2, True)


def test_without_a_terminal_nobody_is_waited_for(portal: str) -> None:
    run = alter("auth", "login")
    assert (run.code, run.error) == (2, "error: There is no terminal to sign in.")


@pytest.mark.parametrize("way", ["file", "stdin", "flag"])
def test_signing_in_with_a_token_one_has(
    way: str, portal: str, admin: User, token_of: Callable[..., str]
) -> None:
    token = token_of(admin)
    Path("token.txt").write_text(f"{token}\n")
    words = {"file": ["--token-file", "token.txt"], "stdin": ["--token-stdin"], "flag": ["--token", token]}
    run = alter("auth", "login", *words[way], stdin=f"{token}\n")
    assert (run.code, run.out, Credentials().token(portal)) == (0, "", token)
    assert ("warning: --token is visible" in run.err) == (way == "flag")


def test_a_token_that_does_not_work_is_not_kept(portal: str) -> None:
    run = alter("auth", "login", "--token-stdin", stdin="alter_pat_nonsense")
    assert (run.code, credentials_path().exists()) == (3, False)


def test_the_environment_wins_over_what_is_kept(
    portal: str, admin: User, token_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alter("auth", "login", "--token-stdin", stdin=token_of(admin))
    monkeypatch.setenv("ALTER_PAT", token_of(admin, "dashboard_keys:read"))
    assert (
        "ALTER_PAT is set and takes precedence."
        in alter("auth", "login", "--token-stdin", stdin=token_of(admin)).err
    )
    output = alter("auth", "status").json
    assert (output["source"], output["token"]["permissions"]) == ("ALTER_PAT", ["dashboard_keys:read"])


@pytest.mark.parametrize("before", [True, False])
def test_a_token_for_one_run_is_not_kept(
    before: bool, signed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALTER_PAT")
    option, command = ["--token-stdin"], ["keys", "list"]
    run = alter(*(option + command if before else command + option), stdin=signed_in)
    assert (run.code, credentials_path().exists()) == (0, False)


def test_the_portal_signed_in_to_last_is_the_one_meant(
    signed_in: str, portal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALTER_PAT")
    monkeypatch.delenv("ALTER_BASE_URL")
    alter("auth", "login", "--base-url", portal, "--token-stdin", stdin=signed_in)
    assert alter("keys", "list").code == 0


@pytest.mark.parametrize("word", ["status", "whoami"])
def test_status_says_who_and_with_what(word: str, signed_in: str, portal: str) -> None:
    output = alter("auth", word).json
    assert (output["base_url"], output["user"]["email"], output["apps"][0]["name"]) == (
        portal,
        "admin@example.com",
        "checkout",
    )
    assert signed_in not in json.dumps(output)


def test_signing_out_revokes_and_forgets(portal: str, admin: User, token_of: Callable[..., str]) -> None:
    alter("auth", "login", "--token-stdin", stdin=token_of(admin))
    run = alter("auth", "logout")
    assert (run.code, run.err, Credentials().token(portal)) == (0, f"Signed out of {portal}.\n", None)
    assert AccessToken.objects.get().status == "revoked"


def test_signing_out_of_a_portal_that_is_gone_forgets_and_says_so(
    portal: str, admin: User, token_of: Callable[..., str]
) -> None:
    gone = "http://127.0.0.1:9"
    Credentials().store(gone, token_of(admin))
    run = alter("auth", "logout", "--base-url", gone)
    assert (run.code, Credentials().token(gone)) == (1, None)
    assert run.error.startswith("error: The token was deleted here but not revoked: ")


def test_signing_out_twice_is_nothing(portal: str) -> None:
    assert (alter("auth", "logout").code, alter("auth", "logout").err) == (0, "Not signed in.\n")


def test_connections_that_say_nothing_hold_nothing_up() -> None:
    """Browsers open some beforehand; and a port scanner may send half a request, or anything."""
    with Listener() as listener, ThreadPoolExecutor(1) as pool:
        idle = [socket.create_connection(("127.0.0.1", listener.server_port)) for _ in range(5)]
        idle[3].sendall(b"GET /callb")
        idle[4].sendall(b"\x16\x03\x01 not HTTP\r\n\r\n")
        waiting = pool.submit(listener.wait, 30)
        began = time.monotonic()
        assert opened(f"{listener.redirect_uri}?{urlencode({'code': 'c', 'state': listener.state})}") == 200
        assert (waiting.result(), time.monotonic() - began < 3) == ("c", True)
        for one in idle:
            one.close()
