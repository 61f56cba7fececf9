"""Of several processes one holds a lease; when it dies another takes over."""

import pytest

from audit import lease
from audit.clock import at
from tests.audit.records import MINUTE, NOON

pytestmark = pytest.mark.django_db


def test_the_first_to_ask_holds_it() -> None:
    assert lease.take("seal", "one")
    assert not lease.take("seal", "two")


def test_the_holder_may_take_it_again() -> None:
    lease.take("seal", "one")
    assert lease.take("seal", "one")


def test_another_takes_over_when_it_has_run_out() -> None:
    with at(NOON):
        lease.take("seal", "one")
    with at(NOON + lease.LENGTH):
        assert lease.take("seal", "two")
        assert not lease.take("seal", "one")


def test_a_finished_work_leaves_it_free_and_says_when() -> None:
    with at(NOON):
        lease.take("seal", "one")
        lease.finish("seal", "one")
    with at(NOON + MINUTE):
        assert lease.last_done("seal") == NOON
        assert lease.take("seal", "two")


def test_who_lost_it_finishes_nothing() -> None:
    lease.take("seal", "one")
    lease.finish("seal", "two")
    assert lease.last_done("seal") is None


def test_leases_are_apart() -> None:
    lease.take("seal", "one")
    assert lease.take("purge", "two")


def test_a_process_has_one_name() -> None:
    assert lease.holder() == lease.holder() != ""
