"""spans.emit(): what a program tells of its own steps."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from alter_sdk import BackendError
from alter_sdk.spans import UserSpan

from agents import lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Span
from tests.factories import minted
from tests.sdk.conftest import As, Connect, Run

Refused = Callable[..., Any]
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def span(span_id: str | None = None, trace_id: str = "trace-1", **more: Any) -> UserSpan:
    return UserSpan(**{"trace_id": trace_id, "name": "plan", "start_time": NOON, "span_id": span_id} | more)


def test_a_span_is_kept_as_it_is_told(as_agent: As, run: Run, agent: Agent) -> None:
    ends = NOON + timedelta(seconds=1)
    told = span("a", parent_span_id="b", end_time=ends, attributes={"step": "1"})
    run(as_agent("spans:emit").spans.emit([told]))

    stored = Span.objects.get()
    assert (stored.app_id, stored.agent_id, stored.trace_id, stored.span_id, stored.parent_span_id) == (
        agent.app_id,
        agent.id,
        "trace-1",
        "a",
        "b",
    )
    assert (stored.name, stored.started_at, stored.ended_at, stored.attributes) == (
        "plan",
        NOON,
        ends,
        {"step": "1"},
    )


def test_spans_that_are_new_are_counted(as_app: As, run: Run) -> None:
    client = as_app("spans:emit")
    run(client.spans.emit([span("a"), span("b")]))
    assert run(client.spans.emit([span("b"), span("c"), span("c")])).accepted == 1


def test_a_span_without_an_id_is_new_each_time(as_app: As, run: Run) -> None:
    client = as_app("spans:emit")
    assert [run(client.spans.emit([span()])).accepted for _ in range(2)] == [1, 1]


def test_a_trace_has_an_id_of_its_own(as_app: As, run: Run) -> None:
    assert run(as_app("spans:emit").spans.emit([span("a"), span("a", "trace-2")])).accepted == 2


def test_apps_do_not_share_traces(as_app: As, connect: Connect, run: Run, other_app: App) -> None:
    run(as_app("spans:emit").spans.emit([span("a")]))
    stranger = connect(minted(other_app, scopes="spans:emit").plaintext.take())
    assert run(stranger.spans.emit([span("a")])).accepted == 1


def test_fifty_spans_are_taken_at_once(as_app: As, run: Run) -> None:
    assert run(as_app("spans:emit").spans.emit([span(str(n)) for n in range(50)])).accepted == 50


def test_the_longest_names_are_taken(as_app: As, run: Run) -> None:
    told = UserSpan(trace_id="t" * 255, name="n" * 255, start_time=NOON, span_id="s" * 32)
    assert run(as_app("spans:emit").spans.emit([told])).accepted == 1


@pytest.mark.parametrize("start", [NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=9)))])
def test_a_moment_is_in_utc_unless_it_says_otherwise(as_app: As, run: Run, start: datetime) -> None:
    run(as_app("spans:emit").spans.emit([UserSpan(trace_id="t", name="n", start_time=start)]))
    assert Span.objects.get().started_at == NOON


def test_a_suspended_agent_may_tell_what_it_did(as_agent: As, run: Run, agent: Agent) -> None:
    client = as_agent("spans:emit")
    lifecycle.suspend_agent(shell(), agent)
    assert run(client.spans.emit([span()])).accepted == 1


def test_a_key_in_a_span_is_refused(as_app: As, refused: Refused, app: App) -> None:
    pasted = {"note": minted(app).plaintext.take()}
    refused(BackendError, as_app("spans:emit").spans.emit([span(attributes=pasted)]), "validation_error")
    assert not Span.objects.exists()


@pytest.mark.parametrize("field", ["trace_id", "name", "span_id"])
def test_a_span_without_a_visible_character_in_it_is_refused(
    as_app: As, refused: Refused, field: str
) -> None:
    refused(BackendError, as_app("spans:emit").spans.emit([span(**{field: "\x01"})]), "validation_error")
