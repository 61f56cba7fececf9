"""A time-stamp server signs when checkpoints were there: what is rewritten afterwards does not fit its stamps."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from audit.integrity.witnesses import sender, timestamps
from audit.integrity.witnesses.witness_settings import Target
from audit.models import Checkpoint, WitnessState
from core.clock import at, now
from tests.audit.integrity.witnesses.tsa import Tsa
from tests.audit.records import called
from tests.audit.sealed import sealed
from tests.audit.tampering import remove, with_fences_down
from tests.shell import Said

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    made = Tsa(tmp_path_factory.mktemp("tsa"))
    yield made
    made.stop()


@pytest.fixture
def target(server: Tsa, settings: Settings) -> Target:
    server.status = 200
    settings.WITNESS_TSA_ROOTS = server.roots
    settings.WITNESSES = (Target("tsa", server.url),)
    return Target("tsa", server.url)


def state(target: Target) -> WitnessState:
    return WitnessState.objects.get(name=target.id)


def said(target: Target) -> Said:
    return Said("check_audit", "--witness", f"tsa+{target.where}")


def test_checkpoints_are_stamped_and_compared(target: Target, server: Tsa) -> None:
    sealed(called()), sealed(called())
    sender.send_all()
    assert (state(target).number, state(target).error) == (2, "")
    (line,) = timestamps.lines(target)
    assert (line["first"], line["last"]) == (1, 2)
    assert said(target).code == 0
    before = server.answers
    sealed(called()), sender.send_all()
    assert server.answers == before, "a stamp stands for some minutes"
    with at(now() + timedelta(minutes=6)):
        sender.send_all()
    assert state(target).number == 3


def test_a_record_that_was_rewritten_or_cut_does_not_fit(target: Target) -> None:
    sealed(called()), sealed(called())
    sender.send_all()
    with_fences_down(lambda: Checkpoint.objects.filter(number=2).update(hash=b"x" * 32))
    assert "rewritten" in said(target).out
    with_fences_down(lambda: remove(Checkpoint.objects.get(number=2)))
    assert "cut: checkpoint 2: The checkpoints 1 to 2 were stamped" in said(target).out


def test_stamps_that_were_exchanged_are_told(target: Target) -> None:
    sealed(called())
    sender.send_all()
    (line,) = timestamps.lines(target)
    answer = bytearray(base64.b64decode(line["stamp"]))
    answer[-1] ^= 1
    for bent in (bytes(answer), b"nonsense", b""):
        timestamps.path(target).write_text(
            json.dumps(line | {"stamp": base64.b64encode(bent).decode()}) + "\n"
        )
        assert "rewritten" in said(target).out, bent[:8]


def test_a_server_that_is_not_trusted_or_fails_acknowledges_nothing(
    target: Target, server: Tsa, settings: Settings, tmp_path: Path
) -> None:
    sealed(called())
    server.status = 500
    sender.send_all()
    assert (state(target).error, state(target).heard_at) == ("HTTP status 500.", None)
    server.status = 200
    other = Tsa(tmp_path / "other")
    other.stop()
    settings.WITNESS_TSA_ROOTS = other.roots
    sender.send_all()
    assert "Invalid time-stamp" in state(target).error
    assert list(timestamps.lines(target)) == []
