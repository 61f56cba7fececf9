"""Calls that come at once share a read, an insert and a commit, and each gets its own answer: threads on PostgreSQL."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from agents.models import App
from audit.actors import Origin, shell
from audit.models import Call
from core.errors import Unavailable
from keys import lifecycle, plaintext
from keys.admission.admit import CallRequest, Decision
from keys.admission.batching import executor, postgres, queue
from keys.admission.batching.connection import BatchConnection, Row, Statement
from keys.admission.batching.queue import CallQueue
from keys.admission.signatures import Signature
from keys.admission.verdict import CheckInput
from keys.models import ApiKey, RateBucket
from tests.factories import minted
from tests.keys.asking import opened

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 24


@pytest.fixture
def call_queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[CallQueue]:
    """With one lane: what comes while it is taken waits."""
    monkeypatch.setitem(executor.MAX_CONNECTIONS, "postgresql", 1)
    mine = CallQueue()
    yield mine
    mine.close()


@pytest.fixture
def key_and_secret(app: App) -> tuple[ApiKey, str]:
    return opened(minted(app))


@pytest.fixture
def secret(key_and_secret: tuple[ApiKey, str]) -> str:
    return key_and_secret[1]


def question(secret: str, path: str = "/", signature: Signature | None = None) -> CallRequest:
    """What a gateway asks for a call to `path`."""
    asking = CheckInput(True, True, None, signature=signature)
    return CallRequest(
        asking, plaintext.sha256(secret), secret[:22], Origin("door", request_id=path), "GET", path
    )


def came(call_queue: CallQueue, request: CallRequest) -> Decision:
    """What came of a question."""
    told: Decision = call_queue.submit_and_wait(
        lambda: request, lambda _, outcome: outcome, time.perf_counter_ns(), record_in_batch=True
    )
    return told


@contextmanager
def held(key: ApiKey) -> Iterator[None]:
    """Within this block nobody else can charge `key`: what is asked meanwhile piles up."""
    RateBucket.objects.get_or_create(bucket=key.id, defaults={"spent_until_us": 0})
    with transaction.atomic():
        RateBucket.objects.select_for_update().get(bucket=key.id)
        yield


def pile_up(
    call_queue: CallQueue, key: ApiKey, questions: list[CallRequest]
) -> tuple[list[Decision], list[BaseException]]:
    """Ask `questions` at once: the first is on its way when the others come. Outcomes, and what went wrong."""

    def ask(request: CallRequest) -> Decision:
        try:
            return came(call_queue, request)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(questions)) as threads:
        with held(key):
            asked: list[Future[Decision]] = []
            for question in questions:
                asked.append(threads.submit(ask, question))
                _until(lambda: asked[-1].done() or len(call_queue._waiting) >= len(asked) - 1)
        errors = [error for error in (one.exception() for one in asked) if error]
    return [one.result() for one in asked if not one.exception()], errors


def _until(true: Callable[[], Any]) -> None:
    ends = time.monotonic() + 10
    while not true() and time.monotonic() < ends:
        time.sleep(0.001)


def test_what_comes_meanwhile_is_treated_together(
    call_queue: CallQueue, key_and_secret: tuple[ApiKey, str]
) -> None:
    key, secret = key_and_secret
    pile_up(call_queue, key, [question(secret, f"/{n}") for n in range(MANY)])
    batches = Counter(Call.objects.values_list("at", flat=True))
    assert sorted(batches.values()) == [1, MANY - 1]


def test_each_gets_its_own_answer(app: App, call_queue: CallQueue) -> None:
    key, secret = opened(minted(app))
    _, other = opened(minted(app, name="other"))
    asked = [question(other if n % 2 else secret, f"/{n}") for n in range(MANY)]
    outcomes, _ = pile_up(call_queue, key, asked)
    whose = [outcome.key.name for outcome in outcomes if outcome.key]
    assert whose == ["other" if n % 2 else "worker" for n in range(MANY)]


def test_every_answer_is_on_record_once(call_queue: CallQueue, key_and_secret: tuple[ApiKey, str]) -> None:
    key, secret = key_and_secret
    pile_up(call_queue, key, [question(secret, f"/{n}") for n in range(MANY)])
    assert Counter(Call.objects.values_list("path", flat=True)) == {f"/{n}": 1 for n in range(MANY)}


def test_a_minute_is_not_overspent_by_calls_that_come_together(app: App, call_queue: CallQueue) -> None:
    key, secret = opened(minted(app, rate_limit_rpm=5))
    outcomes, _ = pile_up(call_queue, key, [question(secret, f"/{n}") for n in range(MANY)])
    assert [outcome.verdict.allowed for outcome in outcomes] == [True] * 5 + [False] * (MANY - 5)


def test_a_nonce_passes_once_though_it_comes_twice_together(
    call_queue: CallQueue, key_and_secret: tuple[ApiKey, str]
) -> None:
    key, secret = key_and_secret
    signed = Signature(moment=int(time.time()), nonce="n" * 32, body_matches=True, matches=True)
    asked = [question(secret, "/first"), *(question(secret, f"/{n}", signed) for n in range(3))]
    outcomes, _ = pile_up(call_queue, key, asked)
    assert [outcome.verdict.allowed for outcome in outcomes] == [True, True, False, False]


def test_one_that_cannot_be_recorded_fails_alone(
    call_queue: CallQueue, key_and_secret: tuple[ApiKey, str]
) -> None:
    key, secret = key_and_secret
    asked = [question(secret, f"/{n}") for n in range(6)]
    asked[3] = question(secret, "/\0")
    outcomes, errors = pile_up(call_queue, key, asked)
    assert (len(outcomes), len(errors)) == (5, 1)
    assert Call.objects.count() == 5


def test_when_too_many_wait_one_more_is_told_to_come_again(
    call_queue: CallQueue, key_and_secret: tuple[ApiKey, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = key_and_secret
    monkeypatch.setattr(queue, "MAX_WAITING", 2)
    outcomes, errors = pile_up(call_queue, key, [question(secret, f"/{n}") for n in range(6)])
    assert len(outcomes) == 3
    assert {type(error) for error in errors} == {Unavailable}


def test_a_connection_that_died_while_it_was_idle_refuses_nobody(call_queue: CallQueue, secret: str) -> None:
    came(call_queue, question(secret, "/before"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    assert came(call_queue, question(secret, "/after")).verdict.allowed
    assert Call.objects.filter(path="/after").count() == 1


def test_while_the_database_is_gone_nobody_passes_and_then_all_is_well(
    call_queue: CallQueue, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as gone:
        gone.setattr(BatchConnection, "open", _gone)
        with pytest.raises(OperationalError):
            came(call_queue, question(secret, "/meanwhile"))
    assert came(call_queue, question(secret, "/after")).verdict.allowed
    assert list(Call.objects.values_list("path", flat=True)) == ["/after"]


def test_what_may_have_been_committed_is_not_tried_again(
    call_queue: CallQueue, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = BatchConnection.query

    def lost(lane: BatchConnection, statement: Statement, *values: str) -> list[Row]:
        rows = ask(lane, statement, *values)
        if statement is postgres.SPEND:
            lane.close()
            _gone()
        return rows

    with monkeypatch.context() as cut:
        cut.setattr(BatchConnection, "query", lost)
        with pytest.raises(OperationalError):
            came(call_queue, question(secret, "/cut"))
    assert Call.objects.filter(path="/cut").count() == 1


def _gone(*_: Any) -> None:
    raise OperationalError("server closed the connection unexpectedly")


def test_a_key_revoked_between_two_calls_stops_at_the_second(
    call_queue: CallQueue, key_and_secret: tuple[ApiKey, str]
) -> None:
    key, secret = key_and_secret
    before = came(call_queue, question(secret)).verdict.allowed
    lifecycle.revoke(shell(), key)
    after = came(call_queue, question(secret)).verdict.allowed
    assert (before, after) == (True, False)


def test_a_forked_process_begins_with_nothing(call_queue: CallQueue, secret: str) -> None:
    came(call_queue, question(secret))
    call_queue._is_working = True  # the parent was at it when it forked
    kept = list(call_queue._executor._idle)
    call_queue.reset_after_fork()
    assert came(call_queue, question(secret, "/child")).verdict.allowed
    for lane in kept:
        lane.close()
