"""Edit permissions: what somebody takes away between the preview and the save is not given back unseen."""

import pytest

from agents.errors import StalePage
from agents.models import App
from audit.actors import shell
from keys import lifecycle
from keys.catalogue.builtin import DEFAULT
from keys.permissions import Permissions, compare, edit
from tests.factories import minted
from tests.keys.asking import again
from tests.scopes import parse_scopes


@pytest.mark.django_db
def test_what_was_taken_away_meanwhile_is_not_given_back(app: App) -> None:
    key = minted(app, scopes="grants:read,agents:read").key
    new = Permissions.from_model(key)._replace(rate_limit_rpm=700)
    shown = compare(DEFAULT, Permissions.from_model(key), new).digest
    lifecycle.narrow(shell(), again(key), scopes=parse_scopes(["grants:read"]))
    with pytest.raises(StalePage):
        edit(shell(), key, new, "more", shown)
    assert [str(scope) for scope in again(key).scope_set] == ["grants:read"]
