"""Of several processes one holds a lease; when it dies another takes over."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from audit import leases
from audit.models import Lease
from core.clock import at, now
from tests.audit.records import MINUTE, NOON

pytestmark = pytest.mark.django_db


def test_the_first_to_ask_holds_it() -> None:
    assert leases.take("seal", "one")
    assert not leases.take("seal", "two")


def test_the_holder_may_take_it_again() -> None:
    leases.take("seal", "one")
    assert leases.take("seal", "one")


def test_another_takes_over_when_it_has_run_out() -> None:
    with at(NOON):
        leases.take("seal", "one")
    with at(NOON + leases.LENGTH):
        assert leases.take("seal", "two")
        assert not leases.take("seal", "one")


def test_a_finished_work_leaves_it_free_and_says_when() -> None:
    with at(NOON):
        leases.take("seal", "one")
        leases.finish("seal", "one")
    with at(NOON + MINUTE):
        assert leases.last_done("seal") == NOON
        assert leases.take("seal", "two")


def test_who_lost_it_finishes_nothing() -> None:
    leases.take("seal", "one")
    leases.finish("seal", "two")
    assert leases.last_done("seal") is None


def test_leases_are_apart() -> None:
    leases.take("seal", "one")
    assert leases.take("purge", "two")


def test_a_process_has_one_name() -> None:
    assert leases.holder() == leases.holder() != ""


def test_what_the_portal_did_not_write_is_no_lease() -> None:
    """Neither who holds it nor when the work was last done: with it anybody could keep the portal from its work."""
    moment = now()
    leases.take("purge", "one")
    leases.finish("purge", "one")
    copied = Lease.objects.get(name="purge")
    soon = moment + timedelta(seconds=2)
    forged: list[dict[str, Any]] = [
        {"holder": "somebody:1", "until": soon, "last_at": moment},
        {"holder": "somebody:1 1:00", "until": soon, "last_at": moment},
        {"holder": copied.holder, "until": copied.until, "last_at": copied.last_at},
        {"holder": copied.holder, "until": soon, "last_at": moment},
        {"holder": "", "until": soon, "last_at": None},
    ]
    for told in forged:
        Lease.objects.filter(name="seal").delete()
        Lease.objects.create(name="seal", **told)
        assert leases.last_done("seal") is None, told
        assert leases.take("seal", "me"), told
        assert not leases.take("seal", "another"), told


def test_one_that_was_prolonged_by_somebody_is_over() -> None:
    leases.take("seal", "one")
    Lease.objects.filter(name="seal").update(until=now() + timedelta(seconds=2))
    assert leases.take("seal", "two")


def test_one_that_cannot_be_read_is_no_lease() -> None:
    """On SQLite a column takes any value; on PostgreSQL a moment may be beyond all time."""
    values = ["'infinity'"] if connection.vendor == "postgresql" else ["'soon'", "x'00'", "7e99"]
    for column in ("until", "last_at", *(["holder"] if connection.vendor == "sqlite" else [])):
        for value in values:
            leases.take("seal", "one")
            leases.finish("seal", "one")
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE audit_lease SET {column} = {value} WHERE name = 'seal'")
            assert leases.last_done("seal") is None, (column, value)
            assert leases.take("seal", "two"), (column, value)
            Lease.objects.all().delete()
