"""A reading that takes too long is stopped, and what surrounds it goes on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, transaction

from core.errors import TooBroad, Unavailable, as_refusal
from core.query_timeout import none_if_too_broad, query_timeout
from tests.audit.records import acted

pytestmark = pytest.mark.django_db
COUNT = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT count(*) FROM n"
ENDLESS, LONG = COUNT.format(1_000_000_000), COUNT.format(50_000)


def ask(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


def test_what_is_quick_is_let_be() -> None:
    with query_timeout():
        assert ask("SELECT 1") == 1


def test_what_takes_too_long_is_stopped_and_refused() -> None:
    with within(3), pytest.raises(TooBroad), query_timeout(0.01):
        ask(ENDLESS)


def test_after_it_was_stopped_the_connection_serves_on() -> None:
    with pytest.raises(TooBroad), query_timeout(0.01):
        ask(ENDLESS)
    assert acted().id


def test_a_transaction_around_it_lives_on_with_its_own_patience() -> None:
    before = ask("SHOW statement_timeout") if connection.vendor == "postgresql" else None
    with transaction.atomic():
        with query_timeout(60):
            ask("SELECT 1")
        assert before is None or ask("SHOW statement_timeout") == before


def test_after_the_block_there_is_no_limit() -> None:
    with query_timeout(0.001):
        pass
    assert ask(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT count(*) FROM n"
    )


def test_what_stands_beside_is_left_out_if_it_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.query_timeout.EXTRA_TIMEOUT", 0.01)
    assert none_if_too_broad(lambda: ask(ENDLESS)) is None


def test_another_trouble_of_the_database_is_still_that() -> None:
    error = OperationalError("the server closed the connection")
    with pytest.raises(OperationalError) as raised, query_timeout():
        raise error
    assert isinstance(as_refusal(raised.value), Unavailable)


def test_it_serves_as_a_decorator_each_time_anew() -> None:
    @query_timeout(5)
    def read() -> object:
        return ask("SELECT 1")

    assert (read(), read()) == (1, 1)
