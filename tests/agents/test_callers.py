"""Who a program says it is: labels with an id for ever, agents by their UUID, and what cannot be taken."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from hypothesis import given
from hypothesis import strategies as st

from agents import callers
from agents.callers import Claim
from agents.errors import CallerInvalid, CallerMismatch, CallerUnknowable, CallerUnresolved
from agents.lifecycle import resume_agent, suspend_agent
from agents.models import Agent, App, CallerLabel
from audit.actors import Caller, shell
from core.ids import new_id
from keys.lifecycle import revoke_agent
from tests.factories import AgentFactory
from tests.keys.laws import law

SOME_ID = "0b9c5a3e-1f52-4c5e-9a41-0d1f2e3c4b5a"

# ── what the headers say ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["billing worker", "~", "a" * 255, '{"agent": 1}', " x "])
def test_a_label_is_printable_ascii(name: str) -> None:
    assert callers.parse_claim(name, "agent", "") == Claim(name, "agent")


@pytest.mark.parametrize("name", ["a" * 256, "a\nb", "caf\u00e9", "a\x00", "\x7f", "\udce9"])
def test_no_other_name_is_taken(name: str) -> None:
    with pytest.raises(CallerInvalid):
        callers.parse_claim(name, "agent", "")


def test_a_caller_without_a_type_is_a_service() -> None:
    assert callers.parse_claim("billing worker", "", "").type == "service"


@pytest.mark.parametrize("kind", ["robot", "AGENT", "agent ", "a" * 1000])
def test_a_caller_is_an_agent_or_a_service(kind: str) -> None:
    with pytest.raises(CallerInvalid):
        callers.parse_claim("billing worker", kind, "")


def test_a_type_without_a_name_says_nothing() -> None:
    assert callers.parse_claim("", "robot", "") == Claim()


@pytest.mark.parametrize("name, is_agent", [(SOME_ID, True), (SOME_ID.upper(), True), (SOME_ID[:-1], False)])
def test_a_uuid_names_an_agent_however_it_is_spelled(name: str, is_agent: bool) -> None:
    claim = callers.parse_claim(name, "agent", "")

    assert claim.agent_id == (UUID(SOME_ID) if is_agent else None)


def test_an_id_given_before_is_a_hint() -> None:
    assert callers.parse_claim("", "", SOME_ID) == Claim(id=UUID(SOME_ID))


@pytest.mark.parametrize("hint", ["7", SOME_ID.upper(), SOME_ID.replace("-", ""), "x" * 5000])
def test_a_hint_that_is_no_id_is_passed_over(hint: str) -> None:
    assert callers.parse_claim("worker", "agent", hint) == Claim("worker", "agent")


# ── labels ──────────────────────────────────────────────────────────────────────────────────────────


def resolved(app: App, claim: Claim, **key: Any) -> tuple[Caller, Agent | None]:
    """What `claim` means, made with an app's key unless `key` says otherwise."""
    return callers.resolve(claim, app.id, **{"own": None, "speaks_for_agents": False, **key})


def label(app: App, name: str = "worker", type: str = "service") -> UUID:
    """The id that a name has."""
    caller, _ = resolved(app, Claim(name, type))
    assert caller.id
    return caller.id


def test_nobody_in_particular_has_no_id(app: App) -> None:
    assert resolved(app, Claim()) == (Caller(), None)
    assert not CallerLabel.objects.exists()


def test_a_label_gets_an_id_and_keeps_it(app: App) -> None:
    assert label(app) == label(app) == CallerLabel.objects.get().id


def test_the_same_name_of_another_type_is_another_caller(app: App) -> None:
    assert label(app, type="agent") != label(app, type="service")


def test_the_same_name_in_another_app_is_another_caller(app: App, other_app: App) -> None:
    assert label(app) != label(other_app)


def test_a_label_is_no_agent(app: App, agent: Agent) -> None:
    assert resolved(app, Claim(agent.name, "agent"))[1] is None


def test_a_key_in_a_label_is_cut_to_its_prefix(app: App) -> None:
    caller, _ = resolved(app, Claim("alter_key_app_" + "A" * 36, "service"))

    assert (caller.name, CallerLabel.objects.get().label) == ("alter_key_app_AAAAAAAA[redacted]",) * 2


def test_a_hint_names_the_caller_that_has_the_id(app: App) -> None:
    known = label(app)

    assert resolved(app, Claim(id=known))[0] == Caller("worker", "service", known)


def test_another_apps_id_is_nobodys(app: App, other_app: App) -> None:
    assert resolved(app, Claim(id=label(other_app)))[0] == Caller()


def test_a_name_counts_for_more_than_a_hint(app: App) -> None:
    other = label(app, "other")

    caller, _ = resolved(app, Claim("worker", "service", other))
    assert (caller.name, caller.id) == ("worker", label(app))


def test_an_app_with_too_many_labels_gives_out_no_more(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "MAX_LABELS", 1)
    known = label(app)

    assert resolved(app, Claim("second", "service"))[0] == Caller("second", "service")
    assert label(app) == known


# ── agents ──────────────────────────────────────────────────────────────────────────────────────────


def as_agent(agent: Agent) -> Claim:
    return Claim(str(agent.id), "agent")


def test_an_app_key_may_call_as_an_active_agent(app: App, agent: Agent) -> None:
    caller, found = resolved(app, as_agent(agent))

    assert (caller, found) == (Caller(str(agent.id), "agent"), agent)
    assert not CallerLabel.objects.exists()


def test_a_suspended_agent_cannot_be_called_as_until_it_is_resumed(app: App, agent: Agent) -> None:
    suspend_agent(shell(), agent)
    with pytest.raises(CallerUnresolved):
        resolved(app, as_agent(agent))

    resume_agent(shell(), agent)
    assert resolved(app, as_agent(agent))[1] == agent


def test_neither_can_a_revoked_one(app: App, agent: Agent) -> None:
    revoke_agent(shell(), agent)
    with pytest.raises(CallerUnresolved):
        resolved(app, as_agent(agent))


def test_another_apps_agent_is_not_there(other_app: App, agent: Agent) -> None:
    with pytest.raises(CallerUnresolved):
        resolved(other_app, as_agent(agent))


def test_an_id_that_nothing_has_is_no_label_either(app: App) -> None:
    with pytest.raises(CallerUnresolved):
        resolved(app, Claim(str(new_id()), "agent"))
    assert not CallerLabel.objects.exists()


def test_an_agents_key_may_name_its_own_agent(app: App, agent: Agent) -> None:
    assert resolved(app, as_agent(agent), own=agent.id, speaks_for_agents=True)[1] == agent


def test_an_agents_key_may_not_name_another(app: App, agent: Agent) -> None:
    other = AgentFactory.create(app=app)
    with pytest.raises(CallerMismatch):
        resolved(app, as_agent(other), own=agent.id, speaks_for_agents=True)


def test_a_key_of_no_agent_that_speaks_for_agents_may_name_none(app: App, agent: Agent) -> None:
    with pytest.raises(CallerMismatch):
        resolved(app, as_agent(agent), own=None, speaks_for_agents=True)


def test_an_agents_key_may_call_itself_by_a_label(app: App, agent: Agent) -> None:
    caller, found = resolved(app, Claim("worker", "agent"), own=agent.id, speaks_for_agents=True)

    assert (caller.name, found) == ("worker", None)


def test_a_database_that_cannot_tell_is_no_answer(app: App) -> None:
    def lost(execute: Any, sql: str, *rest: Any) -> Any:
        if '"agents_callerlabel"' in sql:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, *rest)

    with connection.execute_wrapper(lost), pytest.raises(CallerUnknowable) as refused:
        resolved(app, Claim("worker", "service"))
    assert refused.value.headers() == {"Retry-After": "2"}


# ── context and trace ───────────────────────────────────────────────────────────────────────────────


def test_a_context_is_an_object_of_strings() -> None:
    assert callers.parse_context('{"agent":"writer","run_id":"run_\\u00e9"}') == {
        "agent": "writer",
        "run_id": "run_\u00e9",
    }


AT_THE_EDGE = {
    "twenty names": {str(n): "" for n in range(20)},
    "a long name": {"n" * 64: ""},
    "a long value": {"n": "v" * 512},
}


@pytest.mark.parametrize("context", AT_THE_EDGE.values(), ids=AT_THE_EDGE.keys())
def test_a_context_within_bounds_is_kept_whole(context: dict[str, str]) -> None:
    assert callers.parse_context(json.dumps(context)) == context


BEYOND = {
    "nothing": "",
    "no JSON": "writer",
    "a list": '["agent"]',
    "a number in it": '{"agent": 1}',
    "an object in it": '{"agent": {}}',
    "null in it": '{"agent": null}',
    "twenty-one names": json.dumps({str(n): "" for n in range(21)}),
    "a name too long": json.dumps({"n" * 65: ""}),
    "a value too long": json.dumps({"n": "v" * 513}),
    "too long": json.dumps({str(n): "v" * 300 for n in range(20)}),
    "nested without end": "[" * 4000,
    "a number without end": '{"agent": ' + "9" * 4000 + "}",
}


@pytest.mark.parametrize("header", BEYOND.values(), ids=BEYOND.keys())
def test_a_context_beyond_bounds_is_dropped(header: str) -> None:
    assert callers.parse_context(header) == {}


def test_a_context_is_fit_to_keep() -> None:
    told = json.dumps({"tool": "a\0b\ud800c alter_key_app_" + "A" * 36})

    assert callers.parse_context(told) == {"tool": "a b c alter_key_app_AAAAAAAA[redacted]"}


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("version, flags", [("00", "01"), ("cc", "ff")])
def test_a_trace_is_read_from_its_header(version: str, flags: str) -> None:
    assert callers.trace_of(f"{version}-{TRACE}-00f067aa0ba902b7-{flags}") == TRACE


@pytest.mark.parametrize(
    "header",
    [
        "",
        TRACE,
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7-01-more",
        f"00-{TRACE}-00f067aa0ba902b7-01\n",
        f"00-{TRACE}-00f067aa0ba902b7",
    ],
)
def test_a_malformed_trace_is_none(header: str) -> None:
    assert callers.trace_of(header) == ""


@law
@given(st.text(max_size=80))
def test_no_header_breaks_the_reading(text: str) -> None:
    assert callers.trace_of(text) == ""
    assert callers.parse_context(text) == {}
