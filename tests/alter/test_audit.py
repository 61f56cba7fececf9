"""`alter audit` against a portal that listens."""

import csv
from pathlib import Path

import pytest

from agents.models import Agent, App, CallerLabel
from alter.columns import CALL_GROUP, ENTRY, EXPLAINED
from audit.actors import shell
from audit.models import Call, Event
from keys.lifecycle import revoke
from tests.alter.running import alter
from tests.factories import minted
from tests.keys.asking import ask, opened, through

NOBODYS = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
TRACE = "0af7651916cd43dd8448eb211c80319c"

pytestmark = pytest.mark.usefixtures("signed_in")


@pytest.fixture
def refused(app: App) -> Call:
    """A call that lacked a scope, just after one that was let in."""
    secret = minted(app, name="worker").plaintext.take()
    through(secret, "grants:read", method="PUT", target="/api/last/7")
    ask(secret, "grants:write")
    return Call.objects.get(allowed=False)


@pytest.fixture
def conversation(app: App) -> list[Call]:
    """Two calls of one thread, and one of another."""
    return [
        Call.objects.create(
            app_id=app.id,
            via="sdk",
            method="GET",
            path=f"/sdk/{n}",
            status=200,
            allowed=True,
            caller="nightly-job",
            trace_id=TRACE if thread == "order-1" else "",
            context={"thread_id": thread},
        )
        for n, thread in enumerate(["order-1", "order-2", "order-1"])
    ]


def test_a_list_is_a_table_of_80_columns(refused: Call) -> None:
    let_in = Call.objects.get(allowed=True)
    mint = Event.objects.get(action="key.mint")
    lines = [
        (refused, "403 GET /ve...  worker      insufficient_scope"),
        (let_in, "200 PUT /ap...  worker"),
        (mint, "key.mint wo...  root at..."),
    ]
    result = alter("audit", "list", "--limit", "3")
    title = "ID           TIME (UTC)           ACTION          ACTOR       CODE\n"
    assert result.out.replace(mint.actor_label[:7], "root at") == title + "".join(
        f"{str(row.id)[:8]}...  {row.at:%Y-%m-%d %H:%M:%S}  {what}\n" for row, what in lines
    )


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--outcome", "denied"], ["insufficient_scope"]),
        (["--policy-decision", "deny"], ["insufficient_scope"]),
        (["--code", "insufficient_scope", "--since", "1h"], ["insufficient_scope"]),
        (["--kind", "call"], ["insufficient_scope", ""]),
        (["--path", "/api/"], [""]),
        (["--action", "key.mint"], [None]),
        (["--actor", "nobody"], []),
        (["--start", "2020-01-01", "--end", "2020-01-02"], []),
    ],
)
def test_entries_are_filtered(words: list[str], found: list[str | None], refused: Call) -> None:
    assert [row["code"] for row in alter("audit", "list", *words, "--fields", "code").json] == found


def test_every_field_of_an_entry_is_known(refused: Call) -> None:
    assert list(alter("audit", "list", "--output", "json").json[0]) == list(ENTRY.fields)


def test_all_entries_are_pulled_page_after_page(refused: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alter.run.MAX_PAGE_SIZE", 1)
    everything = Call.objects.count() + Event.objects.filter(app_id=refused.app_id).count()
    assert len(alter("audit", "list", "--all", "--output", "jsonl").rows) == everything


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "1h", "--start", "2h"], "--since and --start cannot be combined."),
        (["--since", "yesterday"], "--since: 'yesterday' is not a time"),
        (
            ["--policy-decision", "deny", "--outcome", "allowed"],
            "--policy-decision and --outcome contradict each other.",
        ),
        (["--agent", "refund"], "--agent: 'refund' is not an id, such as"),
        (["--outcome", "maybe"], "--outcome: 'maybe' is not one of"),
    ],
)
def test_filters_are_checked_here(words: list[str], said: str) -> None:
    run = alter("audit", "list", *words)
    assert (run.code, run.error.startswith(f"error: {said}")) == (2, True)


def test_an_entry_is_shown_without_what_it_lacks(refused: Call) -> None:
    output = alter("audit", "show", str(refused.id)).json
    assert (output["code"], "action" in output, set(output) <= set(EXPLAINED.fields)) == (
        "insufficient_scope",
        False,
        True,
    )


def test_a_verdict_is_explained_check_by_check(refused: Call) -> None:
    lines = alter("audit", "explain", str(refused.id)).out.splitlines()
    assert lines[0] == "GET /verify"
    assert [line for line in lines if line.startswith("FAIL")] == [
        "FAIL  Scopes             lacks grants:write"
    ]
    assert "ok    Rate limit" in "\n".join(lines)
    assert not [line for line in lines if line.startswith("-")]
    said = lines.index("403 insufficient_scope. lacks grants:write")
    assert " ".join(lines[said + 1 :]).strip().startswith("The key lacks a required scope.")
    assert max(map(len, lines)) <= 80


def test_what_was_not_looked_at_is_explained(app: App) -> None:
    key, secret = opened(minted(app))
    revoke(shell(), key)
    ask(secret)
    lines = alter("audit", "explain", str(Call.objects.get().id)).out.splitlines()
    [failed] = [line for line in lines if line.startswith("FAIL")]
    assert failed.startswith("FAIL  Not revoked") and "has not been revoked" not in failed.replace(
        "Not so", ""
    )
    assert "-     not reached: the first failed check decides" in lines


def test_a_narrow_terminal_cuts_the_id_and_keeps_who_and_code(
    refused: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run = alter("audit", "list", "--kind", "call")
    lines = run.out.splitlines()
    assert lines[0].split() == ["ID", "TIME", "(UTC)", "ACTION", "ACTOR", "CODE"]
    assert any(line.endswith("insufficient_scope") for line in lines)
    assert max(map(len, lines)) <= 80
    assert "or --output jsonl" in run.err
    monkeypatch.setenv("COLUMNS", "200")
    run = alter("audit", "list", "--kind", "call")
    assert str(refused.id) in run.out and "cut" not in run.err


def test_a_verdict_is_explained_to_programs(refused: Call) -> None:
    output = alter("audit", "explain", str(refused.id), "--fields", "checks").json
    assert output["checks"][-1]["result"] == "failed"


def test_an_act_is_explained_by_what_it_changed(app: App) -> None:
    key = minted(app, name="worker").key
    alter("keys", "rename", "--key", str(key.id), "--name", "other")
    event = Event.objects.get(action="key.rename")
    lines = alter("audit", "explain", str(event.id)).out.splitlines()
    assert lines[0] == "Admin <admin@example.com> (ci): key.rename key other"
    assert 'name: "worker" -> "other"' in lines


def test_an_unknown_entry_is_not_found() -> None:
    assert alter("audit", "show", NOBODYS).code == 4


def test_acts_of_programs_are_told_from_those_of_the_shell(app: App) -> None:
    minted(app)
    alter("keys", "mint", "--name", "x", "--scopes", "grants:read")
    words = ("--principal-kind", "token", "--resource-type", "key", "--fields", "actor_kind,action")
    assert alter("audit", "portal-actions", *words).json == [{"actor_kind": "token", "action": "key.mint"}]


def test_threads_and_traces_gather_calls(conversation: list[Call]) -> None:
    threads, traces = (alter("audit", noun, "--output", "json").json for noun in ("threads", "traces"))
    assert [(row["id"], row["calls"]) for row in threads] == [("order-1", 2), ("order-2", 1)]
    assert [(row["id"], row["calls"]) for row in traces] == [(TRACE, 2)]
    assert list(threads[0]) == list(CALL_GROUP.fields)


@pytest.mark.parametrize("thread", ["order-1", TRACE])
def test_the_calls_of_a_thread_or_trace_are_listed(thread: str, conversation: list[Call]) -> None:
    output = alter("audit", "thread", thread, "--fields", "path").json
    assert output == [{"path": "/sdk/2"}, {"path": "/sdk/0"}]


def test_an_unknown_thread_is_not_found() -> None:
    run = alter("audit", "thread", "order-9")
    assert (run.code, run.error) == (4, "error: There is no thread or trace order-9.")


def test_what_one_program_did_is_listed(app: App, conversation: list[Call]) -> None:
    label = CallerLabel.objects.create(app=app, label="nightly-job", type="agent")
    assert [row["label"] for row in alter("audit", "agents", "--output", "json").json] == ["nightly-job"]
    assert len(alter("audit", "agent", str(label.id), "--output", "jsonl").rows) == 3


def test_what_one_agent_and_a_key_did_is_listed_together(app: App, agent: Agent) -> None:
    one, other = minted(app, agent=agent).key, minted(app).key
    words = ("--principal-kind", "agent", "--additional-key-ids", str(other.id), "--output", "json")
    output = alter("audit", "agent", str(agent.id), *words).json
    assert [row["key_id"] for row in output] == [str(other.id), str(one.id), None]
    of_a_key = alter("audit", "agent", str(one.id), "--principal-kind", "key", "--fields", "key_id").json
    assert of_a_key == [{"key_id": str(one.id)}]


def test_the_record_is_taken_out_as_lines_and_that_is_recorded(refused: Call) -> None:
    run = alter("audit", "export", "--kind", "call")
    told = [row["id"] for row in run.rows if row["type"] == "row"]
    assert told == [str(row.id) for row in Call.objects.order_by("at")]
    assert Event.objects.get(action="audit.export").via == "cli"


def test_the_record_is_taken_out_as_a_table_in_a_file(refused: Call, home: Path) -> None:
    run = alter("audit", "export", "--format", "csv", "--outcome", "denied", "--file", "denied.csv")
    lines = (home / "work/denied.csv").read_text().splitlines(keepends=True)
    rows = list(csv.DictReader(line for line in lines if not line.startswith("# ")))
    assert (run.code, run.out, [row["code"] for row in rows]) == (0, "", ["insufficient_scope"])


def test_a_file_that_cannot_be_written_is_named(refused: Call) -> None:
    run = alter("audit", "export", "--file", "nowhere/refused.csv")
    assert (run.code, run.error) == (
        2,
        "error: nowhere/refused.csv cannot be written: No such file or directory.",
    )
