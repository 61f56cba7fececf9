"""A clock that is set back by hours stops nothing for hours: a stored moment beyond its window is its end."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from agents.models import App
from audit import leases
from audit.models import Lease
from core.clock import at, now
from keys.admission import rate_limit
from keys.admission.admit import Decision
from keys.admission.batching.executor import BatchExecutor
from keys.admission.batching.pending_call import PendingCall
from keys.models import RateBucket
from portal import scheduler
from portal.models import User
from portal.scheduler import Job
from tests.factories import issued, minted
from tests.keys import states
from tests.keys.asking import ask, opened
from tests.sdk import raw

pytestmark = pytest.mark.django_db
BACK = timedelta(hours=2)


def ahead() -> None:
    """Let every bucket have been spent from by a clock two hours ahead."""
    RateBucket.objects.update(spent_until_us=rate_limit.to_microseconds(now() + BACK))


def test_the_door_passes_keys_again_after_one_place_of_the_minute(app: App) -> None:
    key, secret = opened(minted(app, rate_limit_rpm=600))
    ask(secret)
    ahead()
    refused = ask(secret)
    assert (refused.status_code, refused["Retry-After"]) == (429, "1")
    with at(now() + timedelta(seconds=1)):
        assert ask(secret).status_code == 200


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_so_does_the_door_in_two_statements(app: App) -> None:
    secret, lanes = opened(minted(app, rate_limit_rpm=600))[1], BatchExecutor()

    def ask_in_a_batch(moment: datetime) -> Decision:
        asked = states.question(moment, secret, "", "", None, "r")
        ticket = PendingCall(
            lambda: asked, lambda _, outcome: outcome, time.perf_counter_ns(), record_in_batch=True
        )
        with at(moment):
            lanes.run([ticket], lambda: None)
        outcome: Decision = ticket.result()
        return outcome

    try:
        begun = now()
        assert ask_in_a_batch(begun + BACK).verdict.allowed
        ahead()
        allowance = ask_in_a_batch(begun).allowance
        assert (allowance and allowance.granted, allowance and allowance.retry_after) == (False, 1)
        assert ask_in_a_batch(begun + timedelta(seconds=1)).verdict.allowed
    finally:
        lanes.close()


def test_so_does_the_runtime_api(app: App) -> None:
    secret = minted(app, scopes="agents:read").plaintext.take()
    raw.send("GET", "/sdk/scopes", headers=raw.sign(secret, "GET", "/sdk/scopes"))
    ahead()
    refused = raw.send("GET", "/sdk/scopes", headers=raw.sign(secret, "GET", "/sdk/scopes"))
    assert int(refused.headers.get("Retry-After", "0")) <= 60


def test_so_does_the_management_api(admin: User) -> None:
    headers: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {issued(admin).plaintext.take()}"}
    Client().get("/api/v1/apps", **headers)
    ahead()
    assert int(Client().get("/api/v1/apps", **headers)["Retry-After"]) <= 1


def test_a_lease_of_the_future_is_free() -> None:
    Lease.objects.create(name="seal", holder="dead", until=now() + BACK)
    assert leases.take("seal", "me")
    assert not leases.take("seal", "another")


def test_a_work_that_was_done_in_the_future_is_due() -> None:
    done: list[int] = []

    def do() -> int:
        done.append(1)
        return 0

    job = Job("sweep", timedelta(minutes=1), do)
    with at(now() + BACK):
        scheduler.run_due_jobs(jobs=[job])
    scheduler.run_due_jobs(jobs=[job])
    assert len(done) == 2
