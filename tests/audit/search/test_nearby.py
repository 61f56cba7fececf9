"""What stands near an entry: on the same target, in the same request, trace or thread, and its spans."""

from datetime import timedelta
from typing import Any

import pytest

from audit.models import Span
from audit.search import nearby
from core.ids import new_id
from tests.audit.records import APP, KEY, MINUTE, NOON, acted, called

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
TRACE = "0af7651916cd43dd8448eb211c80319c"


def span(trace: str, seconds: int = 0, **columns: Any) -> Span:
    started = NOON + seconds * SECOND
    named = {"span_id": f"{seconds:016x}", "name": f"step {seconds}", "started_at": started, "at": NOON}
    return Span.objects.create(**{"app_id": APP, "key_id": KEY, "trace_id": trace, **named, **columns})


def test_five_acts_on_the_same_target_before_and_after_newest_first() -> None:
    acts = [acted(at=NOON + minute * MINUTE) for minute in range(15)]
    acted(at=NOON + 7 * MINUTE, target_id=str(new_id()))
    assert nearby.around(acts[7]) == acts[12:1:-1]


def test_acts_at_one_moment_are_told_in_one_order() -> None:
    acts = sorted((acted() for _ in range(3)), key=lambda act: act.id)
    assert nearby.around(acts[1]) == acts[::-1]


def test_another_apps_acts_are_not_near() -> None:
    acted(new_id())
    act = acted()
    assert nearby.around(act) == [act]


def test_acts_and_calls_of_one_request_stand_together_newest_first() -> None:
    act = acted(request_id="req-1")
    call = called(at=NOON + SECOND, request_id="req-1")
    acted(request_id="req-2")
    later = acted(at=NOON + 2 * SECOND, request_id="req-1")
    assert nearby.together(act) == [later, call]


@pytest.mark.parametrize("bond", [{"trace_id": TRACE}, {"context": {"thread_id": "order-1"}}])
def test_so_do_those_of_one_trace_or_one_thread(bond: dict[str, Any]) -> None:
    call, other = called(**bond), called(at=NOON + SECOND, **bond)
    called(trace_id="1" * 32, context={"thread_id": "order-2"})
    assert nearby.together(call) == [other]


def test_the_same_request_id_is_another_request_a_minute_later() -> None:
    called(at=NOON + MINUTE, request_id="req-1")
    assert nearby.together(called(request_id="req-1")) == []


def test_an_entry_of_no_request_stands_alone() -> None:
    called()
    assert nearby.together(called()) == []


def test_another_apps_entries_do_not_stand_together_with_it() -> None:
    called(new_id(), request_id="req-1")
    assert nearby.together(called(request_id="req-1")) == []


def test_spans_of_the_trace_or_the_thread_come_in_the_order_they_began() -> None:
    second, first = span(TRACE, 2), span("order-1", 1)
    span("another", 3), span(TRACE, 4, app_id=new_id())
    call = called(trace_id=TRACE, context={"thread_id": "order-1"})
    assert nearby.spans_of(call) == [first, second]


def test_an_entry_of_no_trace_has_no_spans() -> None:
    span("")
    assert nearby.spans_of(called()) == []


def test_a_thread_that_is_no_text_bonds_nothing() -> None:
    call = called(context={"thread_id": ["a"]})
    assert (nearby.together(call), nearby.spans_of(call)) == ([], [])
