"""What a test of the command gets: a home of its own, a portal that listens, and a token of one of the cast."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agents.models import App
from audit.actors import shell
from portal.models import User
from portal.tokens import lifecycle
from tests.alter.running import SETTINGS
from tests.server import Server

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The command talks to a portal by HTTP: which database is behind it makes no difference."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("one_engine")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, and settings that are nobody's."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "80")
    here = tmp_path / "work"
    here.mkdir()
    monkeypatch.chdir(here)
    return tmp_path


@pytest.fixture
def portal(served: Server, app: App, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a portal, which the command knows, as it knows the app."""
    monkeypatch.setenv("ALTER_BASE_URL", served.url)
    monkeypatch.setenv("ALTER_APP_ID", str(app.id))
    return served.url


@pytest.fixture
def token_of() -> Callable[..., str]:
    """`token_of(user, "dashboard_keys:read")`: an access token; all its owner may do unless permissions are named."""

    def issue(user: User, *permissions: str) -> str:
        issued = lifecycle.issue(shell(), user, name="ci", permissions=permissions or ["all"])
        return issued.plaintext.take()

    return issue


@pytest.fixture
def signed_in(portal: str, admin: User, token_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The command works as the admin. Returns the token."""
    token = token_of(admin)
    monkeypatch.setenv("ALTER_PAT", token)
    return token
