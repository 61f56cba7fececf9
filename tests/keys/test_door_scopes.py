"""What the door says a call may do: that call, not its key; all of it or nothing."""

import pytest

from agents.models import App
from core.ids import new_id
from keys.admission.gateway import MAX_SCOPES_LENGTH
from tests.factories import minted
from tests.keys.asking import opened, through
from tests.keys.signing import signed

pytestmark = pytest.mark.django_db


def test_a_call_that_narrows_itself_is_told_what_it_may_do(app: App) -> None:
    secret = opened(minted(app, scopes="grants:read,grants:write,spans:emit"))[1]
    for wanted in ("grants:read", "grants:read,spans:emit"):
        headers = signed(secret, "/orders", X_Alter_Scope_Constraints=wanted)
        answer = through(secret, headers=headers)
        assert answer.headers["X-Alter-Scopes"] == wanted
        assert answer.json()["scopes"] == wanted.split(",")
    assert through(secret).json()["scopes"] == ["grants:read", "grants:write", "spans:emit"]


def test_a_list_too_long_for_a_header_is_left_out_of_it_and_whole_in_the_body(app: App) -> None:
    few = opened(minted(app, scopes=",".join(f"agents:read:{new_id()}" for _ in range(40))))[1]
    many = opened(minted(app, scopes=",".join(f"agents:read:{new_id()}" for _ in range(80))))[1]
    answer = through(few)
    assert answer.headers["X-Alter-Scopes"].split(",") == answer.json()["scopes"]
    answer = through(many)
    assert answer.status_code == 200
    assert "X-Alter-Scopes" not in answer.headers
    assert len(answer.json()["scopes"]) == 80
    assert sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) < MAX_SCOPES_LENGTH


def test_headers_of_an_answer_stay_small_whatever_a_caller_sends(app: App) -> None:
    few = opened(minted(app, scopes=",".join(f"agents:read:{new_id()}" for _ in range(41))))[1]
    answer = through(few, headers={"X-Request-Id": "x" * 5000})
    assert sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) < 4096 - 512
