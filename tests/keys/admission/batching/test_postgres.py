"""What one statement settles is what a plain door would have said, one call after another: verdict, headers and row."""

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.models import App
from audit.models import Call
from core.clock import at
from keys.admission import admit
from keys.admission.admit import CallRequest, Decision
from keys.admission.batching.connection import BatchConnection, Row, Statement
from keys.admission.batching.executor import BatchExecutor
from keys.admission.batching.pending_call import PendingCall
from keys.models import Nonce, RateBucket
from tests.factories import minted
from tests.keys import states
from tests.keys.laws import law
from tests.keys.states import CALLS, each_state

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=90)
"""One of the keys has expired by then, which must lie ahead when it is minted; the derived one has not."""
numbers = count()
calls = st.tuples(*CALLS, st.booleans())
batches = st.lists(st.lists(calls, min_size=1, max_size=8), min_size=1, max_size=3)


@pytest.fixture
def lanes() -> Iterator[BatchExecutor]:
    mine = BatchExecutor()
    yield mine
    mine.close()


@pytest.fixture
def secrets(app: App) -> dict[str, str]:
    return each_state(app, NOW)


def question(secret: str, address: str = "", scope: str = "", nonce: str | None = None) -> CallRequest:
    return states.question(NOW, secret, address, scope, nonce, f"r{next(numbers)}")


def ticket(request: CallRequest, *, whole: bool = True) -> PendingCall:
    return PendingCall(
        lambda: request, lambda _, outcome: outcome, time.perf_counter_ns(), record_in_batch=whole
    )


def carry_out(lanes: BatchExecutor, tickets: Sequence[PendingCall]) -> list[Decision]:
    lanes.run(tickets, lambda: None)
    return [ticket.result() for ticket in tickets]


def told(request: CallRequest, outcome: Decision) -> dict[str, Any]:
    """What the caller hears, and what the record is to hold."""
    return {**columns(request, outcome), "headers": outcome.headers(), "allowance": outcome.allowance}


def columns(request: CallRequest, outcome: Decision) -> dict[str, str]:
    """The columns of a call as texts, without the time it took."""
    line = admit.row_of(request, outcome, 0)
    return {column: str(value) for column, value in line.items() if column != "took_us"}


def kept(request: CallRequest, names: Iterable[str]) -> list[dict[str, str]]:
    """What the record holds of a call in these columns."""
    rows = Call.objects.filter(request_id=request.origin.request_id).values(*names)
    return [{name: str(value) for name, value in row.items()} for row in rows]


def forget() -> None:
    """No minute is spent and no nonce used."""
    RateBucket.objects.all().delete()
    Nonce.objects.all().delete()


def one_by_one(asked: Sequence[CallRequest]) -> list[Decision]:
    """What a door says that treats each call by itself, in a transaction of its own."""
    outcomes = []
    for one in asked:
        with transaction.atomic():
            outcomes += admit.decide([one])
    return outcomes


def test_it_is_the_same_as_one_after_another(secrets: dict[str, str], lanes: BatchExecutor) -> None:
    @settings(law, max_examples=60)
    @given(batches)
    def check(parts: list[list[tuple[str, str, str, str | None, bool]]]) -> None:
        asked = [
            [(question(secrets[kind], ip, scope, nonce), whole) for kind, ip, scope, nonce, whole in part]
            for part in parts
        ]
        every = [one for part in asked for one in part]
        with at(NOW):
            forget()
            plain = one_by_one([one for one, _ in every])
            forget()
            came = [
                outcome
                for part in asked
                for outcome in carry_out(lanes, [ticket(one, whole=whole) for one, whole in part])
            ]
        for (one, whole), expected, outcome in zip(every, plain, came, strict=True):
            assert told(one, outcome) == told(one, expected)
            is_kept = whole or (expected.verdict.refusal is not None and not expected.needs_caller)
            line = columns(one, expected)
            assert kept(one, line) == ([line] if is_kept else [])

    check()


def test_a_batch_of_good_calls_takes_two_statements(
    secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch, lanes: BatchExecutor
) -> None:
    said: list[str] = []
    ask, say = BatchConnection.query, BatchConnection.execute

    def asking(lane: BatchConnection, which: Statement, *values: str) -> list[Row]:
        said.append(which.name)
        return ask(lane, which, *values)

    def saying(lane: BatchConnection, words: str) -> None:
        said.append(words)
        say(lane, words)

    monkeypatch.setattr(BatchConnection, "query", asking)
    monkeypatch.setattr(BatchConnection, "execute", saying)
    with at(NOW):
        carry_out(lanes, [ticket(question(secrets["plain"], nonce=nonce)) for nonce in (None, "n" * 32)])
    assert said == ["look_up_keys", "spend_with_nonces"]


def test_who_finds_the_minute_used_up_is_settled_under_a_lock(
    secrets: dict[str, str], lanes: BatchExecutor
) -> None:
    with at(NOW):
        carry_out(lanes, [ticket(question(secrets["slow"])) for _ in range(2)])
        late, other = carry_out(
            lanes, [ticket(question(secrets["slow"])), ticket(question(secrets["plain"]))]
        )
    assert (late.verdict.failed, other.verdict.allowed) == ("throttle", True)


def test_a_nonce_spent_on_a_minute_used_up_is_no_replay(
    secrets: dict[str, str], lanes: BatchExecutor
) -> None:
    with at(NOW):
        carry_out(lanes, [ticket(question(secrets["slow"])) for _ in range(2)])
        (late,) = carry_out(lanes, [ticket(question(secrets["slow"], nonce="n" * 32))])
    assert late.verdict.failed == "throttle"


def test_two_batches_cannot_overspend_a_minute(app: App) -> None:
    key = minted(app, rate_limit_rpm=10)
    secret = key.plaintext.take()
    with ThreadPoolExecutor(4) as threads:
        outcomes = [
            outcome for part in threads.map(lambda _: _six_calls(secret), range(4)) for outcome in part
        ]
    assert sum(outcome.verdict.allowed for outcome in outcomes) == 10


def _six_calls(secret: str) -> list[Decision]:
    lanes = BatchExecutor()
    try:
        return carry_out(lanes, [ticket(question(secret)) for _ in range(6)])
    finally:
        lanes.close()
        connection.close()
