"""`make bench` measures what it says: its keys pass, its signatures hold, its figures are weighed rightly."""

import os
from typing import Any

import pytest
from django.test import Client

from bench.doors import contenders, ours, processes, report
from bench.doors.contenders import Sample
from bench.doors.load import Came
from keys.admission import signatures
from keys.plaintext import generate


def sample(each_second: int, cpu: float = 1.0, p99: float = 10) -> Sample:
    """A second of somebody."""
    return Sample(Came(each_second, 1, p50=5, p99=p99), app=cpu, database=0.1)


def told(**each: list[Sample]) -> report.Told:
    names = {"ours": contenders.OURS, "api_key": contenders.API_KEY}
    return {64: {names[name]: report.medians(samples) for name, samples in each.items()}}


def line(figures: report.Told, start: str) -> dict[str, Any]:
    return next(
        one for one in report.targets(figures) if one["what"].startswith(start) and "64" in one["what"]
    )


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_keys_that_are_made_pass_the_door() -> None:
    secrets = ours.made(3)
    statuses = [Client().get("/verify", headers={"x-api-key": secret}).status_code for secret in secrets]
    assert statuses == [200, 200, 200]


def test_a_request_that_was_signed_beforehand_is_signed_rightly() -> None:
    secret = generate("app").take()
    headers = dict(header.split(": ") for header in contenders.signed(secret, "/sdk/scopes").split("\t"))
    names = {name.lower(): name for name in signatures.HEADERS}
    sent = {names.get(name, name): value for name, value in headers.items()}
    assert signatures.read(signatures.Request("GET", "/sdk/scopes", "", b"", sent), secret).matches


def test_of_several_rounds_the_median_counts() -> None:
    assert report.medians([sample(10), sample(1000), sample(30)])["each_second"] == 30


def test_six_times_as_many_calls_are_enough() -> None:
    assert line(told(ours=[sample(6000)], api_key=[sample(1000)]), "calls a second")["holds"]


def test_five_times_as_many_calls_are_short() -> None:
    assert not line(told(ours=[sample(5000)], api_key=[sample(1000)]), "calls a second")["holds"]


def test_cpu_is_weighed_by_the_call() -> None:
    figures = told(ours=[sample(10_000, cpu=1)], api_key=[sample(1000, cpu=1)])
    assert line(figures, "CPU")["is"] == 0.1


def test_a_process_has_cost_something() -> None:
    assert processes.resident(os.getpid()) > 10
