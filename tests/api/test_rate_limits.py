"""How often a token may ask: what every answer says of it, and the refusal."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from agents.models import App
from core.clock import at
from keys.models import RateBucket
from portal.models import User
from tests.api.conftest import Of
from tests.api.program import Program, error

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LEFT = "X-RateLimit-Remaining"


@pytest.fixture(autouse=True)
def two_a_minute(settings: Settings) -> None:
    settings.API_RATE_LIMIT_RPM = 2


def test_an_answer_says_how_much_is_left(by_developer: Program) -> None:
    with at(NOON):
        answer = by_developer.get("/me")
    told = {name: value for name, value in answer.headers.items() if name.startswith("X-RateLimit")}
    assert told == {
        "X-RateLimit-Limit": "2",
        LEFT: "1",
        "X-RateLimit-Reset": str(int(NOON.timestamp()) + 30),
    }


def test_a_token_that_asks_too_often_is_told_when_to_come_back(by_developer: Program) -> None:
    with at(NOON):
        by_developer.get("/me"), by_developer.get("/me")
        answer = by_developer.get("/me")
    assert (error(answer), answer["Retry-After"]) == ((429, "rate_limit_exceeded"), "30")
    assert (answer["X-RateLimit-Limit"], answer[LEFT]) == ("2", "0")


def test_a_token_that_another_made_spends_its_allowance(by_developer: Program) -> None:
    with at(NOON):
        wish = {"name": "job", "permissions": ["dashboard_keys:read"]}
        job = Program(by_developer.post("/tokens", wish).json()["token"])
        assert job.get("/me")[LEFT] == "0"
        assert error(by_developer.get("/me")) == error(job.get("/me")) == (429, "rate_limit_exceeded")


def test_the_refusal_speaks_of_the_token(by_developer: Program) -> None:
    with at(NOON):
        by_developer.get("/me"), by_developer.get("/me")
        body = by_developer.get("/me").json()
    assert body == {
        "error": "rate_limit_exceeded",
        "message": "This access token has made its calls for now.",
        "hint": "Try again in 30 seconds.",
        "scope": "access_token",
        "limit": 2,
        "window_seconds": 60,
        "retry_after": 30,
    }


def test_it_may_ask_again_at_that_moment(by_developer: Program) -> None:
    with at(NOON):
        by_developer.get("/me"), by_developer.get("/me")
    with at(NOON + timedelta(seconds=30)):
        assert by_developer.get("/me").status_code == 200


def test_each_token_has_its_own(developer: User, of: Of) -> None:
    one, other = of(developer), of(developer)
    with at(NOON):
        one.get("/me"), one.get("/me")
        assert other.get("/me")[LEFT] == "1"


def test_a_call_that_was_refused_counts(app: App, by_developer: Program) -> None:
    with at(NOON):
        assert by_developer.get(f"/apps/{app.id}/members")[LEFT] == "1"
        assert by_developer.get("/apps/nothing")[LEFT] == "0"


def test_what_reaches_no_gate_costs_nothing(by_developer: Program) -> None:
    by_developer.get("/nothing"), by_developer.post("/me")
    assert LEFT not in Program("x").get("/me").headers
    assert not RateBucket.objects.exists()


def test_a_refused_call_changes_nothing(app: App, by_admin: Program) -> None:
    with at(NOON):
        by_admin.get("/me"), by_admin.get("/me")
        assert by_admin.post(f"/apps/{app.id}/archive").status_code == 429
    assert App.objects.get().archived_at is None
