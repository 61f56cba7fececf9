"""Calls treated together get the verdicts and the rows that they would get one after another."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.models import App
from core.clock import at
from keys.admission import admit
from keys.admission.admit import CallRequest, Decision
from tests.keys import states
from tests.keys.laws import law
from tests.keys.states import CALLS, each_state

pytestmark = pytest.mark.django_db
NOON = datetime(2027, 6, 1, 12, tzinfo=UTC)


class Undone(Exception):
    """Ends a transaction whose effects are not wanted."""


@pytest.fixture
def secrets(app: App) -> dict[str, str]:
    return each_state(app, NOON)


def question(secrets: dict[str, str], kind: str, address: str, scope: str, nonce: str | None) -> CallRequest:
    return states.question(NOON, secrets[kind], address, scope, nonce)


def told(request: CallRequest, outcome: Decision) -> dict[str, Any]:
    """What the caller and the record are told."""
    allowance = outcome.allowance
    return {**admit.row_of(request, outcome, 0), "headers": outcome.headers(), "allowance": allowance}


def undone(treat: Any) -> Any:
    """What `treat` returns; the database is left as it was."""
    result: Any = None
    try:
        with transaction.atomic(), at(NOON):
            result = treat()
            raise Undone
    except Undone:
        return result


def test_together_and_one_by_one_are_the_same(secrets: dict[str, str]) -> None:
    @settings(law, max_examples=40)
    @given(st.lists(st.tuples(*CALLS), min_size=1, max_size=12))
    def check(asked: list[tuple[str, str, str, str | None]]) -> None:
        questions = [question(secrets, *one) for one in asked]
        together = undone(lambda: admit.decide(questions))
        one_by_one = undone(lambda: [admit.decide([question])[0] for question in questions])
        assert [told(*pair) for pair in zip(questions, together, strict=True)] == [
            told(*pair) for pair in zip(questions, one_by_one, strict=True)
        ]

    check()


def test_the_order_within_a_batch_decides_who_is_granted(secrets: dict[str, str]) -> None:
    questions = [question(secrets, "slow", "", "", None) for _ in range(4)]
    with at(NOON):
        outcomes = admit.decide(questions)
    assert [outcome.verdict.allowed for outcome in outcomes] == [True, True, False, False]


def test_a_caller_that_must_be_looked_up_is_left_unfinished(secrets: dict[str, str]) -> None:
    asked = question(secrets, "plain", "", "", "c" * 32)
    with at(NOON):
        (outcome,) = admit.decide([asked])
    assert outcome.needs_caller
