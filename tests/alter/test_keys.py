"""`alter keys` against a portal that listens: each command, each format to the byte, and what it prints once."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.models import Agent, App
from alter.columns import KEY, MINTED
from audit.models import Event
from core import clock
from keyformat.grammar import is_key
from keys.models import ApiKey
from tests.alter.running import Said, alter, environment
from tests.audit.records import called
from tests.factories import minted
from tests.keys.asking import again, ask

SECRET_NOTE = "The key is shown only once. Store it now.\n"

pytestmark = pytest.mark.usefixtures("signed_in")


@pytest.fixture
def key(app: App) -> ApiKey:
    return minted(app, name="worker").key


def mint(*more: str) -> Said:
    return alter("keys", "mint", "--name", "ci-deploy", "--scopes", "grants:read,agents:read", *more)


def test_a_list_is_a_table_of_80_columns(app: App, key: ApiKey) -> None:
    result = alter("keys", "list")
    assert result.out == (
        "ID                                    NAME    KEY           STATUS  EXPIRES\n"
        f"{key.id}  worker  {key.prefix.removeprefix('alter_key_')}  active  never\n"
    )
    assert (result.code, result.err) == (0, "")


def test_a_rotating_key_says_to_what_and_until_when_its_secret_works(key: ApiKey) -> None:
    new = alter("keys", "rotate", "--key", str(key.id)).json
    ends = again(key).grace_ends_at
    note = f"worker: Rotating to {new['key_prefix'][-8:]}, old secret ends {ends:%Y-%m-%d %H:%M:%S} UTC.\n"
    listed = alter("keys", "list")
    assert ("  rotating  " in listed.out, listed.err) == (True, note)
    shown = alter("keys", "show", "--key", str(key.id), "--output", "table")
    assert (new["id"] in shown.out, shown.err) == (True, note)
    assert alter("keys", "show", "--key", str(key.id)).json["replaced_by_key_id"] == new["id"]


def test_a_list_as_json(key: ApiKey) -> None:
    result = alter("keys", "list", "--fields", "id,name,status")
    expected = [{"id": str(key.id), "name": "worker", "status": "active"}]
    assert result.out == json.dumps(expected, indent=2) + "\n"


def test_a_list_as_jsonl(app: App, key: ApiKey) -> None:
    other = minted(app, name="second").key
    result = alter("keys", "list", "--output", "jsonl", "--fields", "id")
    assert result.out == f'{{"id": "{other.id}"}}\n{{"id": "{key.id}"}}\n'


def test_every_field_of_a_key_is_known(key: ApiKey) -> None:
    assert list(alter("keys", "show", "--key", str(key.id)).json) == list(KEY.fields)


def test_every_field_of_a_new_key_is_known() -> None:
    assert list(mint().json) == list(MINTED.fields)


def test_only_revoked_keys_are_listed_if_asked(app: App, key: ApiKey) -> None:
    gone = minted(app, name="gone").key
    alter("keys", "revoke", "--key", str(gone.id), "--yes")
    assert [row["name"] for row in alter("keys", "list", "--status", "revoked", "--output", "json").json] == [
        "gone"
    ]


def test_a_part_of_a_list_says_how_to_go_on(app: App) -> None:
    for n in range(3):
        minted(app, name=f"worker-{n}")
    result = alter("keys", "list", "--limit", "1", "--offset", "1", "--fields", "name")
    assert result.json == [{"name": "worker-1"}]
    assert result.err == "1 of 3. Next page: --offset 2. All: --all\n"


def test_all_of_a_list_is_pulled_page_after_page(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alter.run.MAX_PAGE_SIZE", 2)
    for n in range(5):
        minted(app, name=f"worker-{n}")
    result = alter("keys", "list", "--all", "--output", "jsonl")
    assert [row["name"] for row in result.rows] == [f"worker-{n}" for n in reversed(range(5))]


def test_statistics_are_json(key: ApiKey) -> None:
    result = alter("keys", "statistics")
    assert (
        result.out == '{\n  "active": 1,\n  "rotated_in_grace": 0,\n  "total": 1,\n  "max_allowed": 100\n}\n'
    )


def test_statistics_as_a_table(key: ApiKey) -> None:
    result = alter("keys", "statistics", "--output", "table")
    assert (
        result.out == "active            1\nrotated_in_grace  0\ntotal             1\nmax_allowed       100\n"
    )


def test_minting_prints_a_working_key_once() -> None:
    minted = mint("--expires-in", "1h")
    assert (minted.code, minted.err, minted.json["scopes"]) == (
        0,
        SECRET_NOTE,
        ["agents:read", "grants:read"],
    )
    assert ask(minted.json["api_key"], "grants:read").status_code == 200
    assert minted.json["api_key"] not in minted.err


def test_minting_as_a_table_prints_the_key_alone_on_its_line() -> None:
    *record, empty, last = mint("--output", "table").out.splitlines()
    assert is_key(last)
    assert (empty, [line for line in record if last in line]) == ("", [])


def test_nothing_of_a_minted_key_is_kept(home: Any) -> None:
    secret = mint().json["api_key"]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert [path for path in files if secret in path.read_text()] == []


def test_all_that_can_be_said_of_a_new_key_arrives() -> None:
    ends = datetime.now(UTC) + timedelta(days=3)
    told = mint(
        *("--cidr", "203.0.113.0/24,2001:db8::/32", "--rate-limit-rpm", "60", "--reason", "why not"),
        *("--expires-at", ends.isoformat(), "--metadata", '{"team": "x"}', "--key-type", "agent"),
    ).json
    key = ApiKey.objects.get(id=told["id"])
    assert (key.networks, key.rate_limit_rpm) == (["203.0.113.0/24", "2001:db8::/32"], 60)
    assert (key.expires_at, key.metadata, key.kind) == (ends, {"team": "x"}, "agent")
    assert Event.objects.get(key_id=key.id, action="key.mint").reason == "why not"


def test_a_key_is_minted_for_an_agent(agent: Agent) -> None:
    assert mint("--agent", str(agent.id)).json["agent_id"] == str(agent.id)


@pytest.mark.parametrize("named", ["-", "@body.json"])
def test_a_whole_body_is_taken(named: str, home: Any) -> None:
    body = json.dumps({"name": "from elsewhere", "scopes": ["grants:read"], "expires_in": "5m"})
    (home / "work/body.json").write_text(body)
    assert alter("keys", "mint", "--input", named, stdin=body).json["name"] == "from elsewhere"


def test_minting_again_under_the_same_idempotency_key_makes_no_second() -> None:
    first, again = (mint("--idempotency-key", "job-1") for _ in range(2))
    assert (again.code, again.json["id"], again.json["api_key"]) == (0, first.json["id"], None)
    assert ApiKey.objects.count() == 1
    assert "Already created" in again.err


def test_what_is_done_is_recorded_as_done_with_the_command(key: ApiKey) -> None:
    alter("keys", "rename", "--key", str(key.id), "--name", "other")
    event = Event.objects.get(key_id=key.id, action="key.rename")
    assert (event.via, event.actor_kind, event.user_agent) == ("cli", "token", "alter-cli/0.1.0")


def test_a_key_is_shown_without_its_secret(key: ApiKey) -> None:
    result = alter("keys", "show", "--key", str(key.id), "--output", "jsonl")
    assert (result.json["key_prefix"], "api_key" in result.json) == (key.prefix, False)
    assert result.out.startswith('{\n  "id"')


def test_a_rotating_key_is_listed_with_the_end_of_its_rotation(app: App) -> None:
    key = minted(app).key
    alter("keys", "rotate", "--key", str(key.id), "--grace", "24h")
    end = again(key).grace_ends_at
    assert end
    line = next(line for line in alter("keys", "list").out.splitlines() if str(key.id) in line)
    assert f"rotating  {end:%Y-%m-%d}" in line


def test_rotating_prints_a_successor_and_the_old_one_works_on(app: App) -> None:
    old = minted(app)
    secret = old.plaintext.take()
    result = alter("keys", "rotate", "--key", str(old.key.id), "--scopes", "agents:read", "--grace", "24h")
    assert (result.json["replaces_key_id"], result.json["scopes"]) == (str(old.key.id), ["agents:read"])
    assert (ask(secret).status_code, ask(result.json["api_key"]).status_code) == (200, 200)
    assert result.err == (
        f"{SECRET_NOTE}The old key stays active for 24h. To revoke it earlier: alter keys revoke --key {old.key.id}\n"
    )


def test_rotating_without_grace_ends_the_old_key(app: App) -> None:
    old = minted(app)
    secret = old.plaintext.take()
    result = alter("keys", "rotate", "--key", str(old.key.id), "--grace", "0s")
    assert (result.err, ask(secret).status_code) == (SECRET_NOTE, 401)


def test_a_revoked_key_is_refused_from_the_next_call(app: App) -> None:
    made = minted(app)
    secret = made.plaintext.take()
    result = alter("keys", "revoke", "--key", str(made.key.id), "--yes", "--reason", "leaked")
    assert (result.code, result.json["status"], ask(secret).status_code) == (0, "revoked", 401)
    assert Event.objects.get(action="key.revoke").reason == "leaked"


def test_an_agents_last_key_is_revoked_by_force_only(app: App, agent: Agent) -> None:
    key = minted(app, agent=agent).key
    guarded = alter("keys", "revoke", "--key", str(key.id), "--yes")
    forced = alter("keys", "revoke", "--key", str(key.id), "--yes", "--force")
    assert (guarded.code, guarded.error) == (5, "error: This is the agent's only active key.")
    assert (forced.code, forced.json["status"]) == (0, "revoked")


def test_renaming_leaves_the_secret(app: App) -> None:
    made = minted(app)
    result = alter("keys", "rename", "--key", str(made.key.id), "--name", "prod-worker-east")
    assert (result.json["name"], ask(made.plaintext.take()).status_code) == ("prod-worker-east", 200)


def test_deprecating_and_back(key: ApiKey) -> None:
    verbs = ("deprecate", "undeprecate")
    states = [alter("keys", verb, "--key", str(key.id)).json["status"] for verb in verbs]
    assert states == ["deprecated", "active"]


def test_narrowing_takes_away(app: App) -> None:
    key = minted(app, scopes="grants:write").key
    words = ("--scopes", "grants:read", "--cidr", "203.0.113.0/24", "--rate-limit-rpm", "60")
    output = alter("keys", "narrow", "--key", str(key.id), *words).json
    assert (output["scopes"], output["cidr_allowlist"], output["rate_limit_rpm"]) == (
        ["grants:read"],
        ["203.0.113.0/24"],
        60,
    )


def test_callers_of_a_key_are_listed(key: ApiKey) -> None:
    called(key.app_id, clock.now(), key_id=key.id, ip="203.0.113.7", user_agent="curl/8")
    result = alter("keys", "callers", "--key", str(key.id), "--since", "24h")
    assert [line.split()[:3] for line in result.out.splitlines()] == [
        ["IP", "CLIENT", "REQUESTS"],
        ["203.0.113.7", "curl/8", "1"],
    ]


def test_a_key_that_nobody_calls_has_no_callers(key: ApiKey) -> None:
    result = alter("keys", "callers", "--key", str(key.id))
    assert (result.out, result.err) == ("", "No callers.\n")


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("answer", "code", "status"), [("y", 0, "revoked"), ("n", 1, "active"), ("", 1, "active")]
)
def test_at_a_terminal_revoking_asks(answer: str, code: int, status: str, key: ApiKey) -> None:
    asked, ended = at_terminal(["keys", "revoke", "--key", str(key.id)], answer)
    assert f"Revoke worker ({key.prefix}, active)? Clients that use it stop working. [y/N]" in asked
    assert (ended, ApiKey.objects.get(pk=key.pk).status) == (code, status)


def at_terminal(words: list[str], answer: str) -> tuple[str, int]:
    """What is seen at a terminal where `answer` is typed, and how it ended."""
    import pty

    terminal, its = pty.openpty()
    env = environment(COLUMNS="200")
    command = [sys.executable, "-m", "alter", *words]
    with subprocess.Popen(command, env=env, stdin=its, stderr=its, stdout=subprocess.PIPE) as run:
        seen = b""
        while b"[y/N]" not in seen and run.poll() is None:
            seen += os.read(terminal, 1000)
        os.write(terminal, f"{answer}\n".encode())
        run.communicate()
    return seen.decode(), run.returncode
