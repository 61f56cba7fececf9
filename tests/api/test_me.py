"""GET /me and DELETE /me/token: who is asking, how far that goes, and the end of it. GET /scopes. POST /token."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.models import App
from core.clock import at
from portal.models import AccessToken, Role, User
from portal.models.users import note_of
from portal.roles import DEVELOPER, EVERYTHING
from portal.tokens import lifecycle
from tests.api.conftest import Of
from tests.api.program import Program, error, fields, last_act
from tests.factories import member

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
NOBODY = Program("")


def agreed(user: User, *permissions: str) -> str:
    """The code of someone's yes in the browser."""
    return lifecycle.authorize(
        user, name="alter on laptop", permissions=permissions or ["all"], challenge=CHALLENGE
    )


def redeem(code: object, verifier: object = VERIFIER) -> Any:
    return NOBODY.post("/token", {"code": code, "code_verifier": verifier})


# ── me ──────────────────────────────────────────────────────────────────────────────────────────────


def test_me_is_the_owner_and_the_token(developer: User, of: Of) -> None:
    program = of(developer, "dashboard_keys:read")
    body = program.get("/me").json()
    assert program.token
    assert body["user"] == {"id": str(developer.id), "email": "developer@example.com", "name": "Developer"}
    assert (body["token"]["id"], body["token"]["name"]) == (str(program.token.id), "ci")
    assert body["token"]["permissions"] == ["dashboard_keys:read"]


def test_me_never_tells_the_secret(by_developer: Program) -> None:
    assert by_developer.secret not in by_developer.get("/me").content.decode()


def test_me_tells_what_the_token_may_do_in_each_app(
    app: App, other_app: App, developer: User, of: Of
) -> None:
    body = of(developer, "dashboard_keys:write").get("/me").json()
    assert body["apps"] == [
        {
            "id": str(app.id),
            "name": "checkout",
            "permissions": ["dashboard_keys:read", "dashboard_keys:write"],
        }
    ]
    assert body["permissions_everywhere"] == []


def test_me_tells_what_holds_for_apps_to_come(app: App, by_admin: Program) -> None:
    assert by_admin.get("/me").json()["permissions_everywhere"] == EVERYTHING


def test_two_roles_are_told_together(app: App, other_app: App, of: Of) -> None:
    user = member(Role.DEVELOPER, app)
    body = of(user).get("/me").json()
    assert [app["permissions"] for app in body["apps"]] == [sorted(DEVELOPER)]


# ── the end ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_can_end_itself(by_developer: Program) -> None:
    assert by_developer.delete("/me/token").status_code == 200
    assert (last_act().action, last_act().actor_kind) == ("access-token.revoke", "token")
    assert error(by_developer.get("/me")) == (401, "invalid_token")


def test_it_ends_no_other(developer: User, by_developer: Program, of: Of) -> None:
    other = of(developer)
    by_developer.delete("/me/token")
    assert other.get("/me").status_code == 200


# ── scopes ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_catalogue_of_scopes_is_for_any_token(by_support: Program) -> None:
    body = by_support.get("/scopes").json()
    assert body["resources"]["grants"] == {"verbs": ["read", "write", "admin"]}
    assert "keys:derive" in body["action_verbs"]


# ── signing in from a terminal ──────────────────────────────────────────────────────────────────────


def test_a_yes_becomes_a_token_that_works(developer: User) -> None:
    answer = redeem(agreed(developer, "dashboard_keys:read"))
    body = answer.json()
    assert (body["name"], body["permissions"]) == ("alter on laptop", ["dashboard_keys:read"])
    assert Program(body["token"]).get("/me").json()["user"]["email"] == developer.email


def test_that_it_was_issued_is_the_persons_act(developer: User) -> None:
    redeem(agreed(developer))
    act = last_act()
    assert (act.action, act.actor_kind, act.actor_id) == ("access-token.issue", "person", str(developer.pk))


def test_a_yes_is_used_up(developer: User) -> None:
    code = agreed(developer)
    redeem(code)
    assert error(redeem(code)) == (400, "invalid_grant")
    assert AccessToken.objects.count() == 1


def test_a_yes_is_used_up_by_a_wrong_guess_too(developer: User) -> None:
    code = agreed(developer)
    assert error(redeem(code, "w" * 43)) == (400, "invalid_grant")
    assert error(redeem(code)) == (400, "invalid_grant")


def test_a_yes_is_good_for_a_minute(developer: User) -> None:
    with at(NOON):
        code = agreed(developer)
    with at(NOON + lifecycle.CODE_LIFETIME):
        assert error(redeem(code)) == (400, "invalid_grant")


def test_a_yes_of_someone_who_is_no_longer_here_is_worth_nothing(developer: User) -> None:
    code = agreed(developer)
    note_of(developer, is_active=False)
    assert error(redeem(code)) == (400, "invalid_grant")


@pytest.mark.parametrize("code", ["", "x", "é" * 1000])
def test_a_code_that_was_never_given_out_is_worth_nothing(db: None, code: str) -> None:
    assert error(redeem(code)) == (400, "invalid_grant")


@pytest.mark.parametrize("code", [None, 7, [], {}, "x" * 1001, "\0", "\ud800"])
def test_a_code_of_the_wrong_kind_is_named(db: None, code: object) -> None:
    answer = redeem(code)
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["code"])


@pytest.mark.parametrize("verifier", ["", "v" * 42, "v" * 129, "é" * 43])
def test_a_verifier_of_the_wrong_shape_is_worth_nothing(developer: User, verifier: str) -> None:
    assert error(redeem(agreed(developer), verifier)) == (400, "invalid_grant")
