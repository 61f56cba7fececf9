"""Commands for the shell make no secret that cannot be shown, whatever standard output is."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agents.models import App
from alter import streams
from audit.models import Event
from keys.gateways.models import Gateway
from keys.models import ApiKey
from portal.models import AccessToken, User

pytestmark = pytest.mark.django_db


def secrets(app: App, admin: User) -> list[list[str]]:
    """Every command that shows something once."""
    return [
        ["mint_key", "--app", str(app.id), "--name", "Zahlung ✓ 💳", "--scopes", "grants:read", "--json"],
        ["create_gateway", "edge", "--pair", "original"],
        ["create_access_token", "--email", admin.email, "--name", "ci", "--permissions", "all"],
    ]


def refused(words: list[str], stdout: Any) -> str:
    with pytest.raises(CommandError) as caught:
        call_command(*words, stdout=stdout, stderr=io.StringIO())
    assert caught.value.returncode == 1
    return str(caught.value)


def made() -> tuple[int, ...]:
    alive = AccessToken.objects.filter(revoked_at=None)
    return ApiKey.objects.count(), Gateway.objects.count(), alive.count()


@pytest.mark.one_engine
def test_nothing_is_made_while_stdout_takes_nothing(app: App, admin: User) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    before = made()
    for words in secrets(app, admin):
        with Path("/dev/full").open("w") as full:
            assert (
                refused(words, full)
                == "Standard output cannot be written: No space left on device. Nothing was done."
            )
    with os.fdopen(writer, "w") as gone:
        assert refused(secrets(app, admin)[0], gone).endswith("Broken pipe. Nothing was done.")
    assert made() == before


def test_what_was_made_and_not_shown_is_ended_or_named(
    app: App, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "sync", _full)
    mint, gateway, token = secrets(app, admin)
    said = refused(mint, io.StringIO())
    revoke = f"revoke_key --key {ApiKey.objects.get().id} --reason 'never shown'"
    assert f"End it: .venv/bin/python manage.py {revoke}" in said
    assert refused(gateway, io.StringIO()).endswith("End it: .venv/bin/python manage.py retire_gateway edge")
    assert refused(["rotate_gateway", "edge"], io.StringIO()).endswith(
        "End it: .venv/bin/python manage.py rotate_gateway edge"
    )
    before = made()
    assert "was ended again" in refused(token, io.StringIO())
    assert made() == before


def _full(stream: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.one_engine
def test_no_encoding_ends_a_command(app: App, admin: User) -> None:
    for encoding in ("cp1252", "ascii", "utf-8"):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        call_command(*secrets(app, admin)[0], stdout=out, stderr=io.StringIO())
        out.seek(0)
        assert json.loads(out.read())["name"] == "Zahlung ✓ 💳", encoding


@pytest.mark.one_engine
def test_an_export_that_cannot_be_written_is_not_recorded(app: App) -> None:
    with Path("/dev/full").open("w") as full:
        said = refused(["export_audit", "--app", str(app.id)], full)
    assert said.endswith("Nothing was done.") and not Event.objects.filter(action="audit.export").exists()
