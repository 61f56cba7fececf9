"""The example at the end of each management command's `--help`: it is there, and it is run."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from pytest_django import Settings

from agents.models import App
from keys.models import ApiKey
from tests.factories import PASSWORD
from tests.shell import Said, stdin

OURS = {"portal", "keys", "agents", "audit"}
STORY = """
create_admin change_password create_access_token create_app mint_key revoke_key create_gateway list_gateways
rotate_gateway retire_gateway tick check_audit export_audit make_partitions purge_audit erase_person rotate_seal_key
migrate collectstatic first_start send_test_mail restore_checkpoints reanchor_audit demo
"""
REFUSED = {
    "restore_checkpoints": (5, "are complete"),
    "reanchor_audit": (2, "no terminal"),
    "demo": (1, "in use"),
}
"""What only makes sense after something happened says so."""


def ours() -> dict[str, str]:
    """Our commands, each with the app it is of."""
    found = get_commands().items()
    return {name: app for name, app in found if isinstance(app, str) and app in OURS}


def example_of(name: str) -> str:
    """The last line of `manage.py NAME --help`."""
    command = load_command_class(ours()[name], name)
    said = command.create_parser("manage.py", name).format_help()
    match = re.search(r"^Example:\n  (.+)$", said, re.M)
    assert match, f"{name} --help ends without an example"
    return match[1]


def test_the_story_tells_of_every_command() -> None:
    assert set(STORY.split()) == set(ours())


@pytest.mark.one_engine
@pytest.mark.django_db
def test_every_example_of_a_management_command_runs(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "etc/nginx").mkdir(parents=True)
    settings.SENDS_MAIL, settings.EMAIL_BACKEND = True, "django.core.mail.backends.locmem.EmailBackend"
    for name in STORY.split():
        key, app = ApiKey.objects.first(), App.objects.first()
        line = example_of(name).replace("/etc/", f"{tmp_path}/etc/")
        line = line.replace("$KEY_ID", str(key and key.id)).replace("$APP_ID", str(app and app.id))
        stdin(monkeypatch, f"{PASSWORD}\n" if name == "create_admin" else f"another {PASSWORD}\n")
        result = Said(*shlex.split(line.partition("manage.py ")[2]))
        code, why = REFUSED.get(name, (0, ""))
        assert result.code == code and why in result.err, f"{line}: {result.err}"
    assert (tmp_path / "audit.jsonl").stat().st_size
