"""What every face writes has the MAC of what is stored: the door in batches and one by one, the runtime API, acts."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from agents.models import App
from audit.actors import Caller
from audit.integrity.sealing import row_values
from audit.models import Call, Event
from core.clock import at
from core.ids import new_id
from keys.admission.admit import CallRequest
from keys.admission.batching.executor import BatchExecutor
from keys.admission.batching.pending_call import PendingCall
from tests.factories import minted
from tests.keys import states
from tests.keys.asking import UNKNOWN, ask
from tests.sdk import raw

NOW = datetime.now(UTC) + timedelta(minutes=90)
TEXTS = ("", "plain", "ü\u2028'\"\\%s\t", "None", "0", "\U0001f511", "a" * 250)
CALLERS = (
    Caller(),
    Caller(trace_id="a" * 32),
    Caller("bot", "agent", new_id(), {"tool": "ü\u2028", "run_id": "1", "a": ""}, "b" * 32),
)


def assert_genuine() -> int:
    """Every row there is has its MAC. Returns how many there are."""
    count = 0
    for kind, model in (("call", Call), ("event", Event)):
        for row in row_values.read(kind, list(model.objects.values_list("id", flat=True))):
            assert row.is_genuine, row
            count += 1
    return count


def told(question: CallRequest, text: str, caller: Caller) -> CallRequest:
    origin = question.origin._replace(user_agent=text, caller=caller)
    return question._replace(origin=origin, path=f"/{text}", method=text[:16])


@pytest.mark.django_db(transaction=True)
def test_calls_of_a_batch(app: App) -> None:
    secrets = [*states.each_state(app, NOW).values(), UNKNOWN, ""]
    lanes = BatchExecutor()
    try:
        for caller in CALLERS:
            tickets = [
                _ticket(told(states.question(NOW, secret, "203.0.113.7", "", None, "r"), text, caller))
                for secret in secrets
                for text in TEXTS
            ]
            with at(NOW.replace(microsecond=0) if caller.type else NOW):
                lanes.run(tickets, lambda: None)
            for ticket in tickets:
                ticket.result()
    finally:
        lanes.close()
    assert Call.objects.count() == len(CALLERS) * len(secrets) * len(TEXTS)
    assert_genuine()


def _ticket(question: CallRequest) -> PendingCall:
    return PendingCall(
        lambda: question, lambda _, outcome: outcome, time.perf_counter_ns(), record_in_batch=True
    )


@pytest.mark.django_db
def test_calls_one_by_one_and_what_the_shell_and_programs_do(app: App) -> None:
    made = minted(
        app, scopes="agents:read,keys:derive", metadata={"n": 1.50, "deep": [{"ü": None}], "big": 1e22}
    )
    secret = made.plaintext.take()
    for one in (secret, UNKNOWN, ""):
        ask(one, "grants:read", headers={"User-Agent": "ü", "X-Request-ID": "r"})
    body = raw.packed({"scopes": ["agents:read"], "expires_in": 900, "name": "ci"})
    identity = {
        "X-Alter-Caller": "worker",
        "X-Alter-Caller-Type": "service",
        "X-Alter-Context": '{"run_id":"1"}',
    }
    for headers in ({}, identity):
        signed = raw.sign(secret, "POST", "/sdk/keys/derive", body, headers)
        raw.send("POST", "/sdk/keys/derive", body, headers=signed)
    assert Call.objects.filter(via="sdk").exists()
    assert assert_genuine() > 7
