"""Bad input and bad luck: one line that names the offender, the right exit code, and nothing changed."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from agents.models import App
from alter.exit_codes import Exit
from audit.actors import shell
from audit.models import Event
from keys.models import ApiKey
from keys.plaintext import generate
from portal.models import AccessToken, User
from portal.tokens import lifecycle
from tests.alter.running import alter, environment, process
from tests.alter.test_lost_answers import between
from tests.factories import minted

NOBODYS = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
MINT = ("keys", "mint", "--name", "x", "--scopes", "grants:read")


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes a connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def address(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_the_exit_codes_are_the_protocols() -> None:
    assert {code.name: code.value for code in Exit} == {
        "OK": 0,
        "ERROR": 1,
        "USAGE": 2,
        "AUTH": 3,
        "NOT_FOUND": 4,
        "CONFLICT": 5,
        "RATE_LIMIT": 6,
        "FORBIDDEN": 7,
        "INCOMPLETE": 8,
        "INTERRUPTED": 130,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*MINT[:-1], "grants:raed"), "scopes: Unknown scope “grants:raed”."),
        ((*MINT[:-1], "grants"), "--scopes: 'grants' is not a scope."),
        ((*MINT, "--cidr", "0.0.0.0/0"), "--cidr: 0.0.0.0/0 allows any IP."),
        (
            (*MINT, "--expires-in", "1h", "--expires-at", "2030-01-01"),
            "--expires-in and --expires-at cannot be combined.",
        ),
        ((*MINT, "--expires-in", "999999d"), "--expires-in: '999999d' is too long"),
        ((*MINT, "--expires-at", "2020-01-01"), "expires_at: Choose a time in the future."),
        ((*MINT, "--rate-limit-rpm", "100001"), "--rate-limit-rpm: 100001 is not in the range 1<=x<=100000."),
        ((*MINT, "--input", "-"), "--input and --name cannot be combined."),
        ((*MINT, "--key-type", "sdk"), "--key-type: 'sdk' is not one of 'runtime', 'agent'."),
        ((*MINT, "--fields", "id,nome"), "--fields: unknown field 'nome'."),
        ((*MINT, "--fields", "id,name"), "--fields must include api_key, or the new key would be lost."),
        ((*MINT, "--fields", "id name"), "--fields: 'id name' is not a field name."),
        ((*MINT, "--output", "yaml"), "--output: 'yaml' is not one of 'table', 'json', 'jsonl'."),
        ((*MINT, "--app", "checkout"), "--app: 'checkout' is not an id, such as"),
        (
            (*MINT, "--base-url", "http://portal.example.com"),
            "--base-url: http://portal.example.com is not encrypted",
        ),
        (MINT[:4], "--scopes is missing."),
        (("keys", "mint", "--scopes", "grants:read"), "--name is missing."),
        (("keys", "list", "--limit", "1001"), "--limit: 1001 is not in the range 1<=x<=1000."),
        (("keys", "list", "--offset", "-1"), "--offset: -1 is not in the range x>=0."),
        (("keys", "revoke", "--key", NOBODYS), "There is no terminal to ask for confirmation."),
        (("keys", "show"), "Missing option '--key'."),
        (("keys", "narrow", "--key", NOBODYS), "Nothing to change."),
        (("keys", "list", "--statsu", "active"), "No such option '--statsu'. Did you mean '--status'?"),
        (("keys", "lst"), "No such command 'lst'. Did you mean 'list'?"),
        (("kyes",), "No such command 'kyes'. Did you mean 'keys'?"),
    ],
)
def test_what_is_typed_wrong_is_named(words: tuple[str, ...], said: str, signed_in: str) -> None:
    run = alter(*words)
    assert run.error.startswith(f"error: {said}")
    assert (run.code, run.out, ApiKey.objects.count()) == (2, "", 0)


def test_a_typo_in_a_scope_is_guessed_at(signed_in: str) -> None:
    assert "Did you mean grants:read" in alter(*MINT[:-1], "grants:raed").err


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"name": ', "standard input is not JSON"),
        ('{"name": "x", "scopes": ["grants:read"], "colour": 1}', "colour: Unknown field."),
        ('{"name": "x"}', "scopes: This is required."),
    ],
)
def test_a_malformed_body_is_named(body: str, said: str, signed_in: str) -> None:
    run = alter("keys", "mint", "--input", "-", stdin=body)
    assert (run.code, ApiKey.objects.count()) == (2, 0)
    assert run.error.startswith(f"error: {said}")


def test_without_a_command_there_is_help_and_exit_2() -> None:
    run = process()
    assert (run.code, run.out, run.err.startswith("Usage: alter [OPTIONS] COMMAND")) == (2, "", True)


def test_without_an_app_is_usage(signed_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALTER_APP_ID")
    run = alter("keys", "list")
    assert (run.code, run.err) == (
        2,
        "error: No app.\nhint: Use --app ID, set ALTER_APP_ID, or link this folder: alter link ID.\n",
    )


def test_without_a_portal_is_usage(signed_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALTER_BASE_URL")
    assert (alter("apps", "list").code, alter("apps", "list").error) == (2, "error: No portal URL.")


def test_not_signed_in_is_auth(portal: str) -> None:
    run = alter("keys", "list")
    assert (run.code, run.error) == (3, f"error: Not signed in to {portal}.")


def test_a_revoked_token_is_auth(signed_in: str) -> None:
    lifecycle.revoke(shell(), AccessToken.objects.get())
    assert (alter("keys", "list").code, alter("keys", "list").error) == (
        3,
        "error: This access token is not valid.",
    )


def test_what_is_no_token_is_auth_and_is_not_shown(portal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALTER_PAT", "hunter2")
    run = alter("keys", "list")
    assert (run.code, run.error) == (3, "error: ALTER_PAT contains no access token.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("keys", "show", "--key", NOBODYS), f"{NOBODYS}: API key not found."),
        (("keys", "list", "--app", NOBODYS), f"{NOBODYS}: App not found."),
        (("agents", "show", "--agent", NOBODYS), f"{NOBODYS}: Agent not found in this app."),
        (("keys", "mint", "--input", "@nowhere.json"), "nowhere.json: no such file."),
        (("keys", "list", "--token-file", "nowhere.txt"), "nowhere.txt: no such file."),
    ],
)
def test_what_is_not_there_is_not_found(words: tuple[str, ...], said: str, signed_in: str) -> None:
    run = alter(*words)
    assert (run.code, run.error.startswith(f"error: {said}")) == (4, True)


def test_another_apps_key_is_not_found(other_app: App, signed_in: str) -> None:
    strangers = minted(other_app).key
    assert alter("keys", "revoke", "--key", str(strangers.id), "--yes").code == 4
    assert ApiKey.objects.get(pk=strangers.pk).status == "active"


def test_a_conflict_says_what_is_in_the_way(app: App, signed_in: str) -> None:
    key = minted(app).key
    alter("keys", "rotate", "--key", str(key.id))
    run = alter("keys", "rotate", "--key", str(key.id))
    assert (run.code, run.out, bool(run.error)) == (5, "", True)


def test_too_many_requests_say_when_to_come_back(signed_in: str, settings: Settings) -> None:
    settings.API_RATE_LIMIT_RPM = 1
    codes = [alter("keys", "statistics") for _ in range(3)]
    assert codes[-1].code == 6
    assert "hint: Try again in " in codes[-1].err


@pytest.mark.parametrize("verb", ["rotate", "revoke"])
def test_a_token_without_the_permission_is_forbidden(
    verb: str,
    app: App,
    admin: User,
    token_of: Callable[..., str],
    portal: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALTER_PAT", token_of(admin, "dashboard_keys:read"))
    key = minted(app).key
    run = alter("keys", verb, "--key", str(key.id), *(["--yes"] if verb == "revoke" else []))
    needs = {"rotate": "dashboard_keys:write", "revoke": "dashboard_keys:admin"}[verb]
    assert (run.code, run.error.startswith(f"error: This requires {needs}.")) == (7, True)
    assert list(Event.objects.filter(action=f"key.{verb}")) == []


def test_a_server_that_is_down_is_an_error(signed_in: str, silent: socket.socket) -> None:
    gone = address(silent)
    silent.close()
    run = alter("keys", "list", "--base-url", gone)
    assert (run.code, run.error) == (1, f"error: {gone} cannot be reached: Connection refused.")


def test_a_slow_server_is_an_error(
    signed_in: str, silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALTER_TIMEOUT", "0.05")
    read = alter("keys", "list", "--base-url", address(silent))
    wrote = alter(*MINT, "--base-url", address(silent))
    assert (read.code, read.error) == (1, f"error: {address(silent)} did not respond within 0.05 s.")
    assert wrote.error.endswith("The change may have been made: check before you try again.")


def test_a_server_without_tls_is_an_error(signed_in: str, portal: str) -> None:
    there = portal.replace("http://", "https://")
    run = alter("keys", "list", "--base-url", there)
    assert (run.code, run.error.startswith(f"error: {there} cannot be reached: ")) == (1, True)


def test_what_is_no_portal_is_an_error(signed_in: str, portal: str) -> None:
    page = b"HTTP/1.1 404 No\r\nContent-Type: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with between(portal, lambda _: page) as there:
        run = alter("keys", "list", "--base-url", there)
    said = f"error: {there} does not respond like a portal: 404, text/html."
    assert (run.code, run.error) == (1, said)


def test_below_the_portal_there_is_nothing(signed_in: str, portal: str) -> None:
    run = alter("keys", "list", "--base-url", f"{portal}/docs")
    assert (run.code, run.error) == (4, "error: Page not found.")


def test_a_token_is_not_sent_to_another_portal(
    portal: str, admin: User, token_of: Callable[..., str], silent: socket.socket
) -> None:
    alter("auth", "login", "--token-stdin", stdin=token_of(admin))
    assert alter("keys", "list").code == 0
    assert alter("keys", "list", "--base-url", address(silent)).code == 3


def test_no_message_shows_a_secret(signed_in: str) -> None:
    secret = generate("app").take()
    run = alter("keys", "show", "--key", secret)
    assert (run.code, secret in run.err, secret[:22] in run.err) == (2, False, True)


def test_an_interrupted_run_ends_with_130(signed_in: str, silent: socket.socket) -> None:
    command = [sys.executable, "-m", "alter", "keys", "list", "--base-url", address(silent)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        connection, _ = silent.accept()
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
        connection.close()
    assert (run.returncode, out, err.decode().splitlines()[-1]) == (130, b"", "error: Interrupted.")


def test_an_error_has_no_colour_where_nobody_watches(signed_in: str) -> None:
    assert "\x1b" not in process("keys", "show", "--key", NOBODYS).err


def test_a_real_process_prints_what_a_pipe_can_read(app: App, signed_in: str) -> None:
    minted(app, name="café")
    run = process("keys", "list", "--fields", "name")
    assert (run.code, run.out, run.err) == (
        0,
        json.dumps([{"name": "café"}], indent=2, ensure_ascii=False) + "\n",
        "",
    )
