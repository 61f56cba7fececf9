"""Spans: kept once for each trace, counted as kept, and nobody else's."""

from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from audit import spans
from audit.models import Span
from core.ids import new_id
from tests.audit.records import APP, KEY, MINUTE, NOON
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def span(**columns: Any) -> Span:
    """A step of a trace, on its way to be kept."""
    told = {"trace_id": "run-1", "span_id": "a1", "name": "plan", "started_at": NOON, **columns}
    return Span(**{"app_id": APP, "key_id": KEY, **told})


def test_every_column_is_kept() -> None:
    told = {
        "agent_id": new_id(),
        "caller_id": new_id(),
        "parent_span_id": "a0",
        "ended_at": NOON + MINUTE,
        "attributes": {"tokens": 7},
    }
    spans.emit([span(**told)])

    stored = Span.objects.get()
    assert {name: getattr(stored, name) for name in told} == told
    assert (stored.trace_id, stored.span_id, stored.name, stored.started_at) == ("run-1", "a1", "plan", NOON)


def test_spans_are_counted() -> None:
    assert spans.emit(span(span_id=f"a{n}") for n in range(50)) == 50


def test_no_spans_are_none() -> None:
    assert spans.emit([]) == 0


def test_a_span_is_kept_once_as_it_was_told_first() -> None:
    spans.emit([span()])

    assert spans.emit([span(name="told again"), span(span_id="a2")]) == 1
    assert set(Span.objects.values_list("name", flat=True)) == {"plan"}


def test_of_two_alike_in_one_batch_one_is_kept() -> None:
    assert spans.emit([span(), span()]) == 1


@pytest.mark.parametrize("other", [{"app_id": new_id()}, {"trace_id": "run-2"}, {"span_id": "A1"}])
def test_the_same_span_of_another_trace_or_app_is_another(other: dict[str, Any]) -> None:
    spans.emit([span()])

    assert spans.emit([span(**other)]) == 1


def test_a_span_without_an_id_gets_one() -> None:
    assert spans.emit([span(span_id=""), span(span_id="")]) == 2
    assert {len(span.span_id) for span in Span.objects.all()} == {16}


def test_a_batch_takes_two_queries_whatever_is_in_it(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        spans.emit([span(span_id=f"b{n}") for n in range(30)])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round", range(3))
def test_batches_with_the_same_spans_do_not_wait_for_each_other(round: int) -> None:
    counted, ready = list[int](), Barrier(4)
    names = [f"b{n:04}" for n in range(500)]

    def together(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT"):
            ready.wait(10)
        return execute(sql, *rest)

    def emit(order: list[str]) -> None:
        with connection.execute_wrapper(together):
            counted.append(spans.emit(span(span_id=name) for name in order))

    ends = at_once(partial(emit, names if n % 2 else names[::-1]) for n in range(4))
    assert (ends, sum(counted), Span.objects.count()) == ({"done": 4}, 500, 500)
