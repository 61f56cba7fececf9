"""The gateways as a process knows them: no query for a call, and a secret that ended ends soon everywhere."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.actors import shell
from core.clock import now
from core.errors import Unavailable
from core.ids import new_id
from keys.gateways import directory as module
from keys.gateways.directory import Directory, KnownGateway, note_use
from keys.gateways.lifecycle import create, find, retire, rotate
from keys.gateways.models import GatewayUse
from keys.plaintext import digest, generate, sha256

REAL = pytest.mark.django_db(transaction=True)


@REAL
def test_a_process_reads_its_gateways_once_for_many_calls() -> None:
    secret = create(shell(), "edge", "original").plaintext.take()
    directory = Directory()
    assert directory.recognize(secret)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert all(directory.recognize(secret) for _ in range(20))
        assert directory.recognize(generate("gateway").take()) is None
    assert not queries.captured_queries
    directory.settle()


@REAL
def test_what_ended_in_another_process_ends_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = create(shell(), "edge", "original").plaintext.take()
    here, elsewhere, clock = module.directory, Directory(), Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    here.forget()
    assert here.recognize(secret)
    assert elsewhere.recognize(secret)
    retire(shell(), find("edge"))
    assert here.recognize(secret) is None
    assert elsewhere.recognize(secret)
    clock.seconds += module.MAX_AGE + 0.1
    assert elsewhere.recognize(secret) is None
    for one in (here, elsewhere):
        one.settle()
        one.forget()


@REAL
def test_a_copy_grows_old_beside_the_calls_that_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = create(shell(), "edge", "original").plaintext.take()
    directory, clock = Directory(), Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    assert directory.recognize(secret)
    new = rotate(shell(), find("edge")).plaintext.take()
    clock.seconds += module.REFRESH + 0.1
    assert directory.recognize(secret)
    directory.settle()
    assert directory.recognize(new)
    directory.settle()


@pytest.mark.one_engine
def test_a_database_that_is_gone_is_no_gateway_and_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a test that may use the database nothing can be read."""
    with pytest.raises(Unavailable):
        Directory().recognize(generate("gateway").take())
    assert Directory().recognize("alter_pat_x") is None


@pytest.mark.django_db
def test_when_each_secret_was_seen_is_noted_by_what_it_is_now() -> None:
    gateway = create(shell(), "edge", "original").gateway
    old = bytes(gateway.digest)
    rotate(shell(), gateway)
    note_use(
        [((gateway.id, old), now()), ((gateway.id, bytes(gateway.digest)), now() - timedelta(minutes=2))]
    )
    note_use([((gateway.id, b"of another time"), now())])
    use = GatewayUse.objects.get()
    assert use.previous_seen_at and use.seen_at
    assert use.previous_seen_at > use.seen_at


def test_a_slower_search_of_an_older_copy_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    directory, secret = Directory(), generate("gateway")
    hashed, pepper = sha256(text := secret.take()), max(settings.PEPPERS)
    known = KnownGateway(new_id(), "edge", "original", (module.Secret(digest(hashed, pepper), pepper, None),))
    copies: list[tuple[KnownGateway, ...]] = [(known,)]
    search = module._search

    def slowly(*of: Any) -> Any:
        found = search(*of)
        if copies.pop():  # meanwhile the gateway is retired, and another thread asks
            copies.append(())
            assert directory.recognize(text) is None
        copies.append(())
        return found

    monkeypatch.setattr(directory, "_current", lambda: copies[-1])
    monkeypatch.setattr(module, "_search", slowly)
    assert directory.recognize(text)
    assert directory.recognize(text) is None


class Clock:
    """A monotonic clock that is moved by hand."""

    seconds: Any = 1000.0

    def __call__(self) -> float:
        return float(self.seconds)
