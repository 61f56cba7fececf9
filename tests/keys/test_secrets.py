"""No key and no access token is found anywhere: not in the database or its file, a log, or what is raised."""

import logging
import os
import subprocess
import sys
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.models import Agent, App
from audit.actors import shell
from core.errors import Refusal
from keys import lifecycle
from keys.gateways import lifecycle as gateways
from keys.lifecycle import Minted
from keys.plaintext import sha256
from portal.models import Role
from portal.tokens import lifecycle as tokens
from tests.factories import issued, member, minted
from tests.keys.asking import ask
from tests.keys.family import derived, parent_of
from tests.scopes import parse_scopes


class Story:
    """A life of keys: what was handed out, what was logged, and what was raised."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.raised: list[Exception] = []
        self.answers: list[bytes] = []
        self.logged = ""

    def take(self, made: Minted) -> Minted:
        """Keep the plaintext of `made` where only a program would, and use it."""
        self.secrets.append(made.plaintext.take())
        self.answers.append(ask(self.secrets[-1], "grants:read").content)
        return made

    def attempt(self, act: Any, *args: Any, **choices: Any) -> None:
        """Do what is bound to be refused."""
        with pytest.raises((Refusal, RuntimeError)) as refused:
            act(*args, **choices)
        self.raised.append(refused.value)


@pytest.fixture
def story(app: App, agent: Agent, caplog: pytest.LogCaptureFixture) -> Story:
    """Everything that can be done with keys, and much that cannot, with every log open, SQL included."""
    told = Story()
    with caplog.at_level(logging.DEBUG, logger="django"), CaptureQueriesContext(connection):
        live(told, app, agent)
    told.logged = caplog.text
    return told


def live(story: Story, app: App, agent: Agent) -> None:
    first = story.take(minted(app, idempotency_key="form-1"))
    story.attempt(first.plaintext.take)
    story.attempt(minted, app, idempotency_key="form-1")
    parent = story.take(parent_of(app, agent=agent)).key
    child = story.take(derived(parent)).key
    story.take(lifecycle.rotate(shell(), child))
    story.take(lifecycle.rotate(shell(), parent, grace=timedelta(days=1)))
    made = gateways.create(shell(), "edge", "original")
    story.secrets.append(made.plaintext.take())
    story.attempt(made.plaintext.take)
    story.attempt(gateways.create, shell(), story.secrets[-1], "original")
    story.answers.append(ask(story.secrets[0], headers={"x-alter-gateway": story.secrets[-1]}).content)
    misuse(story, app, agent)
    lifecycle.revoke(shell(), parent, reason=f"found {story.secrets[1]} in a log")
    story.attempt(lifecycle.revoke, shell(), agent.keys.active().own().get())
    lifecycle.revoke_agent(shell(), agent, reason=" ".join(story.secrets))
    story.answers += [ask(secret).content for secret in story.secrets]
    live_with_tokens(story)


def live_with_tokens(story: Story) -> None:
    """What can be done with an access token, and where one does not belong."""
    owner = member(Role.ADMIN, None)
    made = issued(owner, once="form-1")
    secret = made.plaintext.take()
    story.secrets.append(secret)
    story.attempt(made.plaintext.take)
    story.attempt(issued, owner, once="form-1")
    story.attempt(issued, owner, name=secret)
    story.attempt(issued, owner, secret)
    story.attempt(tokens.authorize, owner, name=secret, permissions=["all"], challenge="A" * 43)
    story.attempt(tokens.redeem, secret, "v" * 43)
    bearer = {"authorization": f"Bearer {secret}"}
    told = {"user-agent": secret, "x-request-id": secret}
    for path in ("/api/v1/me", f"/api/v1/apps?{secret}", f"/api/v1/{secret}", f"/api/v1/apps/{secret}/keys"):
        story.answers.append(Client().get(path, headers={**bearer, **told}).content)
    for body in ({"name": secret}, {"name": "checkout", "description": secret}, {secret: secret}):
        sent = Client().post("/api/v1/apps", body, content_type="application/json", headers=bearer)
        story.answers.append(sent.content)
    story.answers.append(ask(secret, headers=told).content)
    tokens.revoke(shell(), made.token, reason=f"found {secret} in a log")
    story.answers.append(Client().get("/api/v1/me", headers=bearer).content)


def misuse(story: Story, app: App, agent: Agent) -> None:
    """Put keys where they do not belong."""
    for secret in list(story.secrets):
        story.attempt(minted, app, name=secret)
        story.attempt(minted, app, scopes=secret)
        story.attempt(minted, app, scopes=f"grants:read:{secret}")
        story.attempt(parse_scopes, [f"agents:read {secret}"])
        for query in (f"k={secret}", f"scope={secret}", f"scope=grants:read:{secret}", f"%20{secret}=1"):
            story.answers.append(ask(query=query).content)
        headers = {"user-agent": secret, "x-request-id": secret, "x-original-uri": f"/{secret}?k={secret}"}
        story.answers.append(ask(secret, headers={**headers, "x-original-method": secret}).content)
        story.answers.append(ask(secret[:-1], headers={"authorization": f"Bearer {secret}"}).content)
        story.answers.append(Client().post(f"/verify?next=/{secret}", data={"k": secret}).content)


def hidden(secret: str) -> list[bytes]:
    """What must be found nowhere: the characters that are never shown, and the key's bare SHA-256."""
    rest = secret[secret.rindex("_") + 9 :]
    return [rest.encode(), rest.encode().hex().encode(), sha256(secret), sha256(secret).hex().encode()]


def found(story: Story, place: bytes) -> list[str]:
    """The prefixes of the keys that are found in `place`."""
    return [secret[:26] for secret in story.secrets if any(part in place for part in hidden(secret))]


def every_row() -> bytes:
    """Everything in every table, as bytes."""
    dump: list[bytes] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            dump += [_bytes(value) for row in cursor.fetchall() for value in row]
    return b"\n".join(dump)


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode(errors="replace")


def test_the_story_left_traces_in_which_a_key_would_be_found(story: Story) -> None:
    rows = every_row()

    assert [secret for secret in story.secrets if secret[: secret.rindex("_") + 9].encode() not in rows] == []
    assert len(story.raised) > 20


def test_no_row_of_any_table_holds_a_key(story: Story) -> None:
    assert found(story, every_row()) == []


def test_no_line_of_any_log_holds_a_key(story: Story) -> None:
    assert 'INSERT INTO "keys_apikey"' in story.logged
    assert found(story, story.logged.encode()) == []


def test_nothing_that_was_raised_holds_a_key(story: Story) -> None:
    told = [text for error in story.raised for text in (repr(error), *traceback.format_exception(error))]
    bodies = [str(error.body()) for error in story.raised if isinstance(error, Refusal)]

    assert found(story, "\n".join(told + bodies).encode()) == []


def test_no_answer_of_the_door_holds_a_key(story: Story) -> None:
    assert found(story, b"\n".join(story.answers)) == []


LIVE = """
import os, django
django.setup()
from django.core.management import call_command
from audit.actors import shell
from keys import lifecycle
from portal.tokens import lifecycle as tokens
from tests.factories import AppFactory, issued, member
from tests.keys.asking import ask
from tests.keys.family import derived, parent_of
call_command("migrate", verbosity=0)
parent = parent_of(AppFactory.create())
child = derived(parent.key)
renewed = lifecycle.rotate(shell(), child.key)
secrets = [made.plaintext.take() for made in (parent, child, renewed)]
assert [ask(secret).status_code for secret in secrets] == [200, 401, 200]
token = issued(member("admin", None))
secrets.append(token.plaintext.take())
assert tokens.authenticate(secrets[3]) == token.token
tokens.revoke(shell(), token.token, reason=secrets[3])
ask(query="k=" + secrets[0], headers={"user-agent": secrets[2]})
lifecycle.revoke(shell(), parent.key, reason=secrets[1])
print(*secrets, flush=True)
os._exit(0)  # as a crash would, so that what is not yet in the database's file is in its log
"""


def test_no_file_of_a_portal_on_sqlite_holds_a_key(tmp_path: Path) -> None:
    folder = {"PORTAL_DATA": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3"}
    settings = {**os.environ, **folder, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(
        [sys.executable, "-c", LIVE], env=settings, capture_output=True, check=True, text=True
    )

    story = Story()
    story.secrets = done.stdout.split()
    files = {file.name: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert story.secrets[0][:22].encode() in files["portal.sqlite3"] + files["portal.sqlite3-wal"]
    assert {name: found(story, content) for name, content in files.items()} == dict.fromkeys(files, [])
