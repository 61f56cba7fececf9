"""When a key was last used is one answer on every face, and a denied call is no use of it."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from agents.models import Agent, App
from audit.actors import shell
from audit.integrity.sealing import sealer
from audit.models import Call, LastUse
from audit.retention import purging
from audit.search import usage
from core.clock import at, now
from keys import lifecycle
from keys.deprecated_in_use import still_called
from keys.web import key_lists, key_rows
from portal.models import User
from tests.audit.records import DAY, HOUR, MINUTE, NOON, called
from tests.factories import minted
from tests.keys.asking import ask

pytestmark = pytest.mark.django_db
migration = import_module("keys.migrations.0009_last_allowed_and_denied")


def test_only_a_call_that_gets_through_uses_a_key(app: App) -> None:
    made = minted(app, scopes="grants:read")
    text = made.plaintext.take()
    assert ask(text, "secrets:read").status_code == 403
    used = usage.use_of(made.key.id)
    assert used and (used.allowed_at, used.denied_at is not None) == (None, True)
    assert ask(text, "grants:read").status_code == 200
    used = usage.use_of(made.key.id)
    assert used and used.allowed_at and used.denied_at


def test_what_is_unused_is_what_never_got_through(app: App) -> None:
    with at(NOON):
        tried, used = minted(app, name="tried").key, minted(app, name="used").key
    called(app.id, NOON + 35 * DAY, key_id=tried.id, code="ip_not_allowed")
    called(app.id, NOON + 35 * DAY, key_id=used.id)
    for _ in range(2):
        with at(NOON + 40 * DAY):
            assert [key.name for key in key_lists.keys_of(app, {"unused": "30"})] == ["tried"]
            assert [row.use and row.use.allowed_at for row in key_rows.rows([tried, used])] == [
                None,
                NOON + 35 * DAY,
            ]
        sealer.seal_all()


def test_pages_and_lists_say_the_same_after_the_calls_are_gone(
    app: App, agent: Agent, admin: User, signed_in: object
) -> None:
    with at(NOON):
        key = minted(app, name="worker", agent=agent).key
    called(app.id, NOON + HOUR, key_id=key.id, agent_id=agent.id)
    called(app.id, NOON + 2 * HOUR, key_id=key.id, agent_id=agent.id, code="ip_not_allowed")
    with at(NOON + DAY):
        sealer.seal_all()
    with at(now() + 400 * DAY):
        purging.sealed("call", now() - DAY)
        assert not Call.objects.filter(key_id=key.id).exists()
    client: Client = signed_in(admin)  # type: ignore[operator]
    page = client.get(f"/apps/{app.id}/keys/{key.id}/").content.decode()
    assert "Last denied" in page
    assert "Never used" not in page
    assert "Waiting for the first request" not in page
    assert "before the retention of requests" in page
    listed = client.get(f"/apps/{app.id}/keys/?kind=agent").content.decode()
    assert 'class="quiet">Never' not in listed
    assert "Denied" in listed


def test_a_deprecated_key_is_still_called_though_its_calls_are_gone(app: App) -> None:
    key = minted(app).key
    lifecycle.deprecate(shell(), key)
    assert list(still_called(app)) == []
    LastUse.objects.create(subject_id=key.id, first_at=now(), denied_at=now())
    assert list(still_called(app)) == [key]


def test_the_log_and_the_tallies_fill_it_in(app: App, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    # The column had its former name when this migration ran (audit/0013).
    monkeypatch.setattr(migration, "TALLIES", migration.TALLIES.replace("refused", "denied"))
    key, older = minted(app, agent=agent).key, minted(app, agent=agent, name="older").key
    called(app.id, NOON + MINUTE, key_id=older.id, agent_id=agent.id)
    with at(NOON + DAY):
        sealer.seal_all()
    with at(NOON + 400 * DAY):
        assert purging.sealed("call", NOON + 300 * DAY) == 1
    called(app.id, NOON + DAY, key_id=key.id, agent_id=agent.id)
    called(app.id, NOON + 2 * DAY, key_id=key.id, agent_id=agent.id, code="ip_not_allowed")
    LastUse.objects.all().delete()
    for _ in range(2):
        migration.fill(apps, SimpleNamespace(connection=connection))
    kept = {one.subject_id: (one.first_at, one.allowed_at, one.denied_at) for one in LastUse.objects.all()}
    assert kept == {
        key.id: (NOON + DAY, NOON + DAY, NOON + 2 * DAY),
        older.id: (NOON, NOON, None),
        agent.id: (NOON, NOON + DAY, NOON + 2 * DAY),
    }
