"""`alter agents` against a portal that listens."""

import json

import pytest

from agents.models import Agent, App, CallerLabel
from alter.columns import AGENT, AGENT_CREATED, CALLER
from keys.models import ApiKey
from tests.alter.running import alter
from tests.factories import minted
from tests.keys.asking import ask

pytestmark = pytest.mark.usefixtures("signed_in")


@pytest.fixture
def key(app: App, agent: Agent) -> ApiKey:
    return minted(app, agent=agent, name="refund-agent-1").key


@pytest.fixture
def label(app: App) -> CallerLabel:
    return CallerLabel.objects.create(app=app, label="nightly-job", type="agent")


def test_a_list_is_a_table_of_80_columns(agent: Agent) -> None:
    assert alter("agents", "list").out == (
        "ID                                    NAME          TYPE   STATUS  KEYS\n"
        f"{agent.id}  refund-agent  agent  active  0\n"
    )


def test_creating_prints_the_first_key_once(app: App) -> None:
    result = alter("agents", "create", "--name", "triage", "--scopes", "github:issues,github:repo")
    assert list(result.json) == [*(name for name in AGENT_CREATED.fields if name in result.json)]
    assert result.json["scopes"] == {"github": ["issues", "repo"]}
    assert ask(result.json["api_key"]).status_code == 200


def test_an_agent_is_created_from_a_body() -> None:
    body = json.dumps({"name": "triage", "type": "service"})
    assert alter("agents", "create", "--input", "-", stdin=body).json["type"] == "service"


def test_an_agent_is_created_once_under_an_idempotency_key() -> None:
    words = ("agents", "create", "--name", "triage", "--idempotency-key", "job-1")
    first, again = alter(*words), alter(*words)
    assert (again.code, again.json["id"], again.json["api_key"]) == (0, first.json["id"], None)


def test_every_field_of_an_agent_is_known(agent: Agent) -> None:
    assert set(alter("agents", "show", "--agent", str(agent.id)).json) == set(AGENT.fields)


def test_agents_are_filtered(agent: Agent) -> None:
    alter("agents", "create", "--name", "triage", "--type", "service", "--scopes", "github:issues")
    for words in (["--type", "service"], ["--provider", "github"], ["--search", "tri"]):
        assert [row["name"] for row in alter("agents", "list", *words, "--fields", "name").json] == ["triage"]


def test_revoked_agents_are_listed_if_asked(agent: Agent) -> None:
    alter("agents", "revoke", "--agent", str(agent.id), "--yes")
    assert alter("agents", "list").err == "No agents.\n"
    assert alter("agents", "list", "--status", "revoked,active", "--fields", "status").json == [
        {"status": "revoked"}
    ]


def test_updating_changes_what_is_named(agent: Agent) -> None:
    words = ("--display-name", "Refunds", "--metadata", '{"team": "x"}', "--expected-version", "1")
    output = alter("agents", "update", "--agent", str(agent.id), *words).json
    assert (output["display_name"], output["metadata"], output["version"]) == ("Refunds", {"team": "x"}, 2)


def test_updating_an_older_version_is_a_conflict(agent: Agent) -> None:
    words = ("agents", "update", "--agent", str(agent.id), "--display-name", "x", "--expected-version", "1")
    assert [alter(*words).code for _ in range(2)] == [0, 5]


def test_suspending_and_resuming(agent: Agent) -> None:
    states = [
        alter("agents", verb, "--agent", str(agent.id)).json["status"] for verb in ("suspend", "resume")
    ]
    assert states == ["inactive", "active"]


def test_revoking_asks_where_there_is_a_terminal_only(agent: Agent) -> None:
    run = alter("agents", "revoke", "--agent", str(agent.id))
    assert (run.code, Agent.objects.get().status) == (2, "active")


def test_a_key_is_minted_with_what_agents_usually_get(agent: Agent) -> None:
    output = alter("agents", "mint-key", "--agent", str(agent.id)).json
    assert (output["agent_id"], output["kind"], "keys:derive" in output["scopes"]) == (
        str(agent.id),
        "agent",
        True,
    )


def test_an_agents_keys_are_listed(agent: Agent, key: ApiKey, app: App) -> None:
    minted(app, name="of the app")
    output = alter("agents", "list-keys", "--agent", str(agent.id), "--fields", "name").json
    assert output == [{"name": "refund-agent-1"}]


def test_an_agents_key_is_deprecated_and_back_and_revoked(agent: Agent, key: ApiKey) -> None:
    named = ("--agent", str(agent.id), "--key", str(key.id))
    runs = [alter("agents", verb, *named).json for verb in ("deprecate-key", "undeprecate-key")]
    last = alter("agents", "revoke-key", *named, "--yes", "--force").json
    assert [told["status"] for told in (*runs, last)] == ["deprecated", "active", "revoked"]


@pytest.mark.parametrize("verb", ["deprecate-key", "undeprecate-key", "revoke-key"])
def test_a_key_of_another_holder_is_not_found(verb: str, app: App, agent: Agent) -> None:
    key = minted(app).key
    more = ["--yes"] if verb == "revoke-key" else []
    run = alter("agents", verb, "--agent", str(agent.id), "--key", str(key.id), *more)
    assert (run.code, run.error) == (4, f"error: This agent has no key {key.id}.")
    assert ApiKey.objects.get(pk=key.pk).status == "active"


def test_what_an_agent_did_and_what_was_done_to_it_is_listed(agent: Agent, key: ApiKey) -> None:
    output = alter("agents", "audit", "--agent", str(agent.id), "--output", "json").json
    assert [row["action"] for row in output] == ["key.mint", "agent.create"]
    older = alter("agents", "audit", "--agent", str(agent.id), "--offset", "1", "--fields", "action")
    assert older.json == [{"action": "agent.create"}]


def test_what_programs_call_themselves_is_listed_and_shown(label: CallerLabel) -> None:
    listed = alter("agents", "registry-list", "--output", "jsonl").rows
    shown = alter("agents", "registry-show", "--agent", str(label.id)).json
    assert ([row["label"] for row in listed], listed[0]) == (["nightly-job"], shown)
    assert list(shown) == list(CALLER.fields)
