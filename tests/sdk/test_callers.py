"""Caller, context and trace: who a program says it is, and what becomes of it (docs/sdk.md)."""

from collections.abc import Callable
from typing import Any

import pytest
from alter_sdk import AgentNotFoundError, InsufficientScopeError
from alter_sdk.exceptions import CallerAgentMismatchError
from alter_sdk.providers.enums import CallerType

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App, CallerLabel
from audit.actors import shell
from audit.models import Call, Event
from keys import lifecycle
from tests.factories import AgentFactory, minted
from tests.sdk import raw
from tests.sdk.conftest import As, Connect, Run

Refused = Callable[..., Any]
NOWHERE = "00000000-0000-4000-8000-000000000000"


def last() -> Call:
    """The call made last."""
    return Call.objects.latest("at", "id")


# ── labels ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_label_is_told_its_id(as_app: As, run: Run) -> None:
    client = as_app("grants:read", caller="billing worker")
    run(client.scopes.list())
    assert client.actor_id == str(CallerLabel.objects.get(label="billing worker").id)


def test_a_label_has_one_id_for_every_client(as_app: As, run: Run) -> None:
    clients = [as_app("grants:read", caller="billing worker") for _ in range(2)]
    for client in clients:
        run(client.scopes.list())
    assert clients[0].actor_id == clients[1].actor_id


@pytest.mark.parametrize("other", ["Billing worker", "billing  worker", "billing-worker"])
def test_another_label_has_another_id(as_app: As, run: Run, other: str) -> None:
    clients = [as_app("grants:read", caller=label) for label in ("billing worker", other)]
    for client in clients:
        run(client.scopes.list())
    assert clients[0].actor_id != clients[1].actor_id


def test_a_label_of_another_type_has_another_id(as_app: As, run: Run) -> None:
    clients = [as_app("grants:read", caller="worker", caller_type=kind) for kind in CallerType]
    for client in clients:
        run(client.scopes.list())
    assert clients[0].actor_id != clients[1].actor_id


def test_apps_do_not_share_labels(as_app: As, connect: Connect, run: Run, other_app: App) -> None:
    mine = as_app("grants:read", caller="worker")
    theirs = connect(minted(other_app).plaintext.take(), caller="worker")
    for client in (mine, theirs):
        run(client.scopes.list())
    assert mine.actor_id != theirs.actor_id


@pytest.mark.parametrize("label", ["a" * 255, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "not-a-uuid-at-all"])
def test_any_printable_label_is_taken(as_app: As, run: Run, label: str) -> None:
    run(as_app("grants:read", caller=label).scopes.list())
    assert last().caller == label


def test_a_client_that_knows_its_id_keeps_it(as_app: As, run: Run) -> None:
    client = as_app("grants:read", caller="worker")
    run(client.scopes.list())
    first = client.actor_id
    run(client.scopes.list())
    assert (client.actor_id, str(last().caller_id)) == (first, first)


def test_a_label_is_told_its_id_even_if_its_call_is_refused(as_app: As, refused: Refused) -> None:
    client = as_app("grants:read", caller="worker")
    refused(InsufficientScopeError, client.keys.derive(scopes=["grants:read"], expires_in=9))
    assert last().caller_id is not None


def test_an_id_without_a_caller_means_its_label(app: App) -> None:
    label = CallerLabel.objects.create(app=app, label="worker", type="service")
    secret = minted(app).plaintext.take()
    raw.call(secret, "GET", "/sdk/scopes", X_Alter_Actor_ID=str(label.id))
    assert (last().caller, last().caller_id) == ("worker", label.id)


def test_another_apps_id_means_nobody(app: App, other_app: App) -> None:
    label = CallerLabel.objects.create(app=other_app, label="worker", type="service")
    answer = raw.call(minted(app).plaintext.take(), "GET", "/sdk/scopes", X_Alter_Actor_ID=str(label.id))
    assert (answer.status_code, "X-Alter-Actor-ID" in answer, last().caller_id) == (200, False, None)


def test_a_caller_wins_over_an_id_that_is_not_its_own(app: App) -> None:
    other = CallerLabel.objects.create(app=app, label="other", type="service")
    answer = raw.call(
        minted(app).plaintext.take(),
        "GET",
        "/sdk/scopes",
        X_Alter_Caller="worker",
        X_Alter_Caller_Type="service",
        X_Alter_Actor_ID=str(other.id),
    )
    assert answer["X-Alter-Actor-ID"] == str(CallerLabel.objects.get(label="worker").id)


@pytest.mark.parametrize("id", ["", "none", "123", NOWHERE.replace("-", ""), NOWHERE])
def test_an_id_that_is_none_is_passed_over(app: App, id: str) -> None:
    answer = raw.call(minted(app).plaintext.take(), "GET", "/sdk/scopes", X_Alter_Actor_ID=id)
    assert (answer.status_code, last().caller_id) == (200, None)


@pytest.mark.parametrize(
    "told",
    [
        {"X_Alter_Caller": "a" * 256, "X_Alter_Caller_Type": "service"},
        {"X_Alter_Caller": "b\xf6se", "X_Alter_Caller_Type": "service"},
        {"X_Alter_Caller": "tab\there", "X_Alter_Caller_Type": "service"},
        {"X_Alter_Caller": "worker", "X_Alter_Caller_Type": "robot"},
    ],
)
def test_a_caller_that_cannot_be_taken_is_refused(app: App, told: dict[str, str]) -> None:
    answer = raw.call(minted(app).plaintext.take(), "GET", "/sdk/scopes", **told)
    assert raw.error(answer) == (400, "invalid_caller")


def test_a_caller_without_a_type_has_the_usual_one(app: App, agent: Agent) -> None:
    secret = minted(app, scopes="agents:read").plaintext.take()
    for caller in ("billing", str(agent.id)):
        answer = raw.call(secret, "GET", "/sdk/scopes", X_Alter_Caller=caller)
        assert answer.status_code == 200, caller
        assert last().caller_type in CallerType.__members__.values(), caller
        assert last().path == "/sdk/scopes", caller


def test_a_key_pasted_as_a_label_is_not_kept(app: App) -> None:
    secret = minted(app).plaintext.take()
    raw.call(secret, "GET", "/sdk/scopes", X_Alter_Caller=secret, X_Alter_Caller_Type="service")
    assert secret not in last().caller
    assert secret not in CallerLabel.objects.get().label


# ── agents ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_agent_that_is_named_has_no_label_and_no_id(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app("grants:read").get_agent(str(agent.id))
    run(client.scopes.list())
    assert (client.actor_id, CallerLabel.objects.count()) == (None, 0)


def test_a_call_in_an_agents_name_counts_as_the_agents(as_app: As, run: Run, agent: Agent) -> None:
    run(as_app("grants:read").get_agent(str(agent.id)).me())
    assert (last().agent_id, last().agent_name, last().caller) == (agent.id, agent.name, str(agent.id))


def test_a_call_in_an_agents_name_may_do_what_its_key_may(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app("agents:read", caller=str(agent.id), caller_type=CallerType.AGENT)
    assert run(client.agents.get(str(agent.id))).id == agent.id


@pytest.mark.parametrize("how", ["unknown", "suspended", "revoked", "another app's"])
@pytest.mark.parametrize("route", ["agents", "keys"])
def test_a_uuid_that_is_no_active_agent_of_the_app_is_refused(
    as_app: As, refused: Refused, agent: Agent, other_app: App, how: str, route: str
) -> None:
    named = {"unknown": NOWHERE, "another app's": str(AgentFactory.create(app=other_app).id)}
    client = as_app("agents:read", caller=named.get(how, str(agent.id)), caller_type=CallerType.AGENT)
    if how == "suspended":
        agents_lifecycle.suspend_agent(shell(), agent)
    if how == "revoked":
        lifecycle.revoke_agent(shell(), agent)
    ask = client.agents.list() if route == "agents" else client.scopes.list()
    refused(AgentNotFoundError, ask, "caller_agent_unresolved")


def test_an_agents_key_may_name_its_own_agent(as_agent: As, run: Run, agent: Agent) -> None:
    assert run(as_agent(caller=str(agent.id)).me()).id == agent.id


def test_an_agent_is_the_same_in_every_spelling_of_its_id(
    as_agent: As, run: Run, app: App, agent: Agent
) -> None:
    other = AgentFactory.create(app=app)
    for spelt in (str.upper, lambda text: text.replace("-", ""), "urn:uuid:{}".format, "{{{}}}".format):
        run(as_agent(caller=spelt(str(agent.id))).me())
        assert last().caller == str(agent.id)
        with pytest.raises(CallerAgentMismatchError):
            run(as_agent(caller=spelt(str(other.id))).scopes.list())


@pytest.mark.parametrize("route", ["agents", "keys"])
def test_an_agents_key_may_not_name_another_agent(
    as_agent: As, refused: Refused, app: App, route: str
) -> None:
    client = as_agent(caller=str(AgentFactory.create(app=app).id))
    refused(CallerAgentMismatchError, client.me() if route == "agents" else client.scopes.list())


def test_an_agents_key_may_have_a_label(as_agent: As, run: Run, agent: Agent) -> None:
    run(as_agent(caller="worker 7").me())
    assert (last().caller, last().caller_type, last().agent_id) == ("worker 7", "agent", agent.id)


def test_an_act_is_recorded_with_the_agent_it_was_done_for(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app("agents:write", caller="worker")
    run(client.agents.update(str(agent.id), display_name="New"))
    event = Event.objects.get(action="agent.update")
    assert (event.caller, event.caller_type, event.via) == ("worker", "service", "sdk")


# ── context and trace ───────────────────────────────────────────────────────────────────────────────


def test_what_a_program_says_it_is_doing_is_kept(as_agent: As, run: Run, agent: Agent) -> None:
    client = as_agent(caller=str(agent.id))

    async def within_a_trace() -> None:
        async with client.trace(run_id="run-1", role="wr\u00efter"):
            await client.me()

    run(within_a_trace())
    assert last().context == {"agent": str(agent.id), "run_id": "run-1", "role": "wr\u00efter"}


@pytest.mark.parametrize(
    "context",
    [
        "not json",
        "[]",
        "null",
        '{"a":1}',
        '{"a":null}',
        '{"a":{"b":"c"}}',
        "{" + ",".join(f'"{n}":""' for n in range(21)) + "}",
        '{"' + "k" * 65 + '":""}',
        '{"a":"' + "v" * 513 + '"}',
        '{"a":"' + "v" * 4096 + '"}',
        "[" * 4000,
    ],
    ids=lambda context: context[:12],
)
def test_a_context_out_of_bounds_is_dropped_and_the_call_passes(app: App, context: str) -> None:
    answer = raw.call(minted(app).plaintext.take(), "GET", "/sdk/scopes", X_Alter_Context=context)
    assert (answer.status_code, last().context) == (200, {})


def test_the_largest_context_is_kept(app: App) -> None:
    told = {"k" * 64: "v" * 512} | {str(n): "" for n in range(19)}
    raw.call(minted(app).plaintext.take(), "GET", "/sdk/scopes", X_Alter_Context=raw.packed(told).decode())
    assert last().context == told


def test_a_key_in_a_context_is_not_kept(app: App) -> None:
    secret = minted(app).plaintext.take()
    raw.call(secret, "GET", "/sdk/scopes", X_Alter_Context=raw.packed({"note": secret}).decode())
    assert secret not in str(last().context)


TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_the_trace_a_call_is_part_of_is_kept(app: App) -> None:
    raw.call(
        minted(app).plaintext.take(), "GET", "/sdk/scopes", traceparent=f"00-{TRACE}-b7ad6b7169203331-01"
    )
    assert last().trace_id == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "none",
        f"ff-{TRACE}-b7ad6b7169203331-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-b7ad6b7169203331-01",
        f"00-{TRACE}-b7ad6b7169203331-01-more",
    ],
)
def test_a_malformed_trace_is_passed_over(app: App, traceparent: str) -> None:
    answer = raw.call(minted(app).plaintext.take(), "GET", "/sdk/scopes", traceparent=traceparent)
    assert (answer.status_code, last().trace_id) == (200, "")
