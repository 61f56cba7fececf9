"""What the start warns of: that nobody could get in on the day the identity provider is down."""

import secrets
from pathlib import Path

import pytest
from django.conf import settings as portal
from pytest_django import Settings

from audit.actors import shell
from audit.integrity.sealing import sealer
from portal.accounts.account_changes import deactivate
from portal.accounts.lifecycle import give_role
from portal.checks import break_glass_is_there, seal_key_is_the_one
from portal.config.identity_provider import Provider
from portal.management.commands.first_start import Command
from portal.models import User
from tests.audit.records import called
from tests.factories import UserFactory

ONLY = Provider("https://id.example.com", "alter", "hush", "Example ID", (), True)


def warned(email: str, settings: Settings) -> list[str]:
    settings.PROVIDER, settings.BREAK_GLASS = ONLY, email
    return [str(one.id) for one in break_glass_is_there(None, databases=["default"])]


def test_an_account_for_the_day_the_provider_is_down_is_there_or_the_start_warns(
    admin: User, developer: User, settings: Settings
) -> None:
    assert portal.BREAK_GLASS == ""
    assert warned("", settings) == ["portal.W004"]
    assert warned("nobody@example.com", settings) == ["portal.W005"]
    assert warned(developer.email, settings) == ["portal.W005"]
    assert warned(admin.email, settings) == []
    give_role(shell(), UserFactory.create(), None, "admin")
    deactivate(shell(), admin)
    assert warned(admin.email, settings) == ["portal.W005"]


def test_where_passwords_let_in_nothing_is_asked(db: None, settings: Settings) -> None:
    settings.PROVIDER = None
    assert break_glass_is_there(None, databases=["default"]) == []


def test_the_first_start_prints_no_link_that_would_be_refused(
    db: None, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.PROVIDER = ONLY
    Command().handle()
    output = capsys.readouterr()
    assert "PORTAL_OIDC_ROLES says who" in output.out
    assert "/join/" not in output.out
    assert "PORTAL_BREAK_GLASS=you@example.com" in output.err


@pytest.mark.django_db
def test_a_log_that_another_key_sealed_is_told_of_at_the_start(settings: Settings, tmp_path: Path) -> None:
    def told() -> list[str]:
        return [str(one.id) for one in seal_key_is_the_one(None, databases=["default"])]

    assert told() == []
    called()
    sealer.seal_all()
    assert told() == []
    settings.SEAL_KEY, settings.SEAL_KEYS = secrets.token_bytes(32), tmp_path / "seal-keys"
    assert told() == ["portal.W006"]
