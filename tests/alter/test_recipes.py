"""The recipes of the command's document, run as they are written there, by a shell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents.models import App
from keys.models import ApiKey
from tests.alter.running import ROOT, Said, environment
from tests.factories import minted
from tests.keys.asking import ask, error

pytestmark = pytest.mark.skipif(os.name == "nt", reason="written for a shell")


@pytest.fixture
def bin(tmp_path: Path) -> Path:
    """A folder with `alter` in it, as it is when it is installed."""
    program = tmp_path / "bin/alter"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m alter "$@"\n')
    program.chmod(0o755)
    return program.parent


def sh(bin: Path, line: str) -> Said:
    path = f"{bin}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", line], env=environment(PATH=path), cwd=ROOT, capture_output=True, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


def test_rotate_a_key_without_downtime(bin: Path, app: App, signed_in: str) -> None:
    made = minted(app, name="prod-worker", scopes="grants:read")
    old, key_id = made.plaintext.take(), made.key.id

    rotated = sh(bin, f"alter keys rotate --key {key_id}")
    new = rotated.json["api_key"]
    assert (ask(old, "grants:read").status_code, ask(new, "grants:read").status_code) == (200, 200)

    revoked = sh(bin, f"alter keys revoke --key {key_id} --yes")
    assert (rotated.code, revoked.code, revoked.json["status"]) == (0, 0, "revoked")
    assert (error(ask(old)), ask(new, "grants:read").status_code) == ((401, "invalid_key"), 200)


def test_mint_a_short_lived_key_for_a_ci_job(bin: Path, signed_in: str) -> None:
    minted_key = sh(bin, "alter keys mint --name ci-deploy --scopes grants:read,agents:read --expires-in 1h")
    key = ApiKey.objects.get(name="ci-deploy")
    assert key.expires_at
    assert (minted_key.code, round((key.expires_at - key.created_at).total_seconds())) == (0, 3600)
    assert ask(minted_key.json["api_key"], "agents:read").status_code == 200


def test_the_documents_other_lines(bin: Path, app: App, signed_in: str) -> None:
    key_id = minted(app).key.id
    lines = [
        "alter keys list --status active",
        "alter keys statistics --output table",
        'alter keys mint --name "prod-worker" --scopes grants:read,agents:read --expires-in 90d',
        f"alter keys show --key {key_id}",
        f'alter keys rename --key {key_id} --name "prod-worker-east"',
        f"alter keys revoke --key {key_id} --yes --force # CI, deliberate",
    ]
    assert [sh(bin, line).code for line in lines] == [0] * 6
