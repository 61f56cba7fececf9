"""Sixteen writers, and sealers that end in the middle of their work: no gap, no fork, no false alarm, no row left out.

bench/seal_storm.py does the same for a minute with processes and kill -9.
"""

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from audit.integrity.checking.check import CheckRange, check
from audit.integrity.sealing import sealer
from audit.models import Call, Checkpoint, Event, Pending, Seal
from core.clock import now
from core.ids import new_id
from tests.audit.records import acted
from tests.threads import in_threads

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
SECONDS, WRITERS, SEALERS = 3.0, 16, 2
APPS = [None, new_id(), new_id()]


def test_a_storm_leaves_the_record_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = time.monotonic() + SECONDS
    monkeypatch.setattr(sealer, "_insert", dying(sealer._insert))
    alarms: list[Any] = []
    in_threads(
        [lambda: until(ends, write)] * WRITERS
        + [lambda: until(ends, seal)] * SEALERS
        + [lambda: until(ends, lambda: alarms.extend(wrong()))]
    )
    monkeypatch.undo()
    while sealer.seal_all():
        pass
    assert (alarms, wrong()) == ([], [])
    assert Seal.objects.count() == Call.objects.count() + Event.objects.count() > WRITERS
    assert not Pending.objects.exists()
    numbers = list(Checkpoint.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


class Killed(Exception):
    """What stands for kill -9: the connection is gone, and with it the transaction."""


def dying(insert: Callable[[Any], None]) -> Callable[[Any], None]:
    """The same, which now and then is the last thing a sealer does."""

    def sometimes(lines: Any) -> None:
        insert(lines)
        if random.random() < 0.3:
            connection.connection.close()
            raise Killed

    return sometimes


def seal() -> None:
    try:
        sealer.seal_all(limit=random.choice([5, 50, 500]))
    except Exception as error:  # a lost connection fails in more ways than one
        assert isinstance(error, Killed) or not connection.is_usable()
        connection.close()


def write() -> None:
    """A few rows of one app; some commit late."""
    app = random.choice(APPS)
    with transaction.atomic():
        Call.objects.bulk_create(
            Call(app_id=app, via="door", method="GET", path=f"/{n}", status=200, allowed=True)
            for n in range(3)
        )
        if random.random() < 0.2:
            acted(app, at=now())
        if random.random() < 0.1:
            time.sleep(random.uniform(0, 0.2))  # what a slow transaction is
    time.sleep(0.01)


def wrong() -> list[Any]:
    return [finding for step in check(CheckRange()) for finding in step.findings if not finding.is_note]


def until(ends: float, act: Callable[[], object]) -> None:
    while time.monotonic() < ends:
        act()
