"""A key that may hand out others, and one that it handed out."""

from datetime import timedelta
from typing import Any

from agents.models import App
from audit.actors import shell
from keys import lifecycle
from keys.lifecycle import Minted
from keys.models import ApiKey
from tests.factories import minted
from tests.scopes import parse_scopes

HOUR = timedelta(hours=1)


def parent_of(app: App, **choices: Any) -> Minted:
    """A key of `app` that may derive, and read and write grants."""
    return minted(app, scopes="keys:derive,grants:write", name="parent", **choices)


def derived(
    parent: ApiKey, *, scopes: str = "grants:read", expires_in: timedelta = HOUR, **choices: Any
) -> Minted:
    """A key derived from `parent` by the shell. `scopes` are comma-separated."""
    wanted = parse_scopes(scopes.split(","))
    return lifecycle.derive(shell(), parent, scopes=wanted, expires_in=expires_in, **choices)
