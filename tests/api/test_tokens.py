"""A person's own tokens: listed, minted within the one that asks, shown once, ended with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from agents.models import App
from audit.actors import shell
from audit.models import Event
from core.clock import at
from core.errors import Invalid
from portal.accounts import offboarding
from portal.models import AccessToken, User
from portal.tokens import lifecycle
from tests.api.conftest import Of
from tests.api.program import Program, error, fields, last_act, named
from tests.api.roles import give

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
READING = {"name": "job", "permissions": ["dashboard_keys:read"]}


def made_by(program: Program, **wish: Any) -> Program:
    """A program with a token that `program` minted."""
    answer = program.post("/tokens", READING | wish)
    assert answer.status_code == 201, answer.content
    return Program(answer.json()["token"], AccessToken.objects.get(id=answer.json()["id"]))


def test_a_token_mints_a_narrower_one_that_works(app: App, by_admin: Program) -> None:
    job = made_by(by_admin)
    assert job.get(f"/apps/{app.id}/keys").status_code == 200
    assert error(job.get(f"/apps/{app.id}/agents")) == (403, "forbidden")


def test_that_is_an_act_of_the_token_that_made_it(by_admin: Program) -> None:
    made_by(by_admin)
    act = last_act()
    assert by_admin.token and (act.action, act.actor_id) == ("access-token.issue", str(by_admin.token.id))
    assert act.changes["parent"] == [None, "ci"]


def test_a_token_gives_no_more_than_it_holds_though_its_owner_does(admin: User, of: Of) -> None:
    narrow = of(admin, "dashboard_keys:write")
    for wish in (["dashboard_keys:admin"], ["dashboard_apps:read"], ["all"]):
        assert error(narrow.post("/tokens", READING | {"permissions": wish})) == (403, "not_yours_to_give"), (
            wish
        )
    assert AccessToken.objects.count() == 1


def test_lower_tiers_do_not_bring_what_the_asking_token_lacks(support: User, of: Of) -> None:
    program = of(support, "dashboard_keys:admin")  # support may not write: its token holds admin and read
    give(support, "admin")
    job = made_by(program, permissions=["dashboard_keys:admin"])
    assert job.token and job.token.permissions == ["dashboard_keys:admin", "dashboard_keys:read"]


def test_it_ends_no_later(admin: User, of: Of) -> None:
    with at(NOON):
        program = of(admin, expires_at=NOON + timedelta(hours=2))
        assert made_by(program).token.expires_at == NOON + timedelta(hours=2)  # type: ignore[union-attr]
        answer = program.post("/tokens", READING | {"expires_in": "3h"})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), ["expires_at"])
        answer = program.post("/tokens", READING | {"expires_in": "1h", "expires_at": "2026-06-01T13:00Z"})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), ["expires_at"])


@pytest.mark.parametrize("end", ["itself", "on the page", "with the last role"])
def test_it_ends_with_the_one_that_made_it(admin: User, developer: User, of: Of, end: str) -> None:
    program = of(developer)
    job = made_by(program)
    if end == "itself":
        program.delete("/me/token")
    elif end == "on the page":
        lifecycle.revoke(shell(), program.token)  # type: ignore[arg-type]
    else:
        offboarding.remove_everywhere(shell(), developer, offboarding.OffboardingPlan())
    assert error(job.get("/me")) == (401, "invalid_token")
    assert not AccessToken.objects.filter(lifecycle.active_tokens(), user=developer).exists()


def test_a_token_that_was_made_by_one_makes_none(by_admin: Program) -> None:
    assert error(made_by(by_admin).post("/tokens", READING)) == (403, "minted_by_token")


def test_a_token_makes_a_few_and_takes_no_place_of_its_owners(
    admin: User, by_admin: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "MAX_CHILDREN", 2)
    monkeypatch.setattr(lifecycle, "MAX_TOKENS", 2)
    first, _ = made_by(by_admin), made_by(by_admin)
    answer = by_admin.post("/tokens", READING)
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["name"])
    first.delete("/me/token")
    made_by(by_admin)
    everything = ["dashboard_keys:read"]
    lifecycle.issue(shell(), admin, name="second", permissions=everything)
    with pytest.raises(Invalid, match="2 active tokens"):
        lifecycle.issue(shell(), admin, name="third", permissions=everything)


def test_the_secret_is_answered_once(by_admin: Program) -> None:
    first = by_admin.post("/tokens", READING, Idempotency_Key="job-7")
    again = by_admin.post("/tokens", READING, Idempotency_Key="job-7")
    assert (first.status_code, again.status_code, again.json()["token"]) == (201, 200, None)
    assert again.json()["id"] == first.json()["id"]
    secret = first.json()["token"]
    for path in ("/tokens", "/me"):
        assert secret not in by_admin.get(path).content.decode()
    assert not any(secret in str(vars(event)) for event in Event.objects.all())


def test_another_wish_under_the_same_key_is_a_conflict(by_admin: Program, by_developer: Program) -> None:
    by_admin.post("/tokens", READING, Idempotency_Key="one")
    other = by_admin.post("/tokens", READING | {"name": "other"}, Idempotency_Key="one")
    assert error(other) == (409, "idempotency_key_body_mismatch")
    assert (
        by_developer.post("/tokens", READING, Idempotency_Key="one").status_code == 201
    )  # someone else's key


def test_what_was_refused_is_not_remembered(by_admin: Program) -> None:
    wrong = READING | {"permissions": ["no:such"]}
    assert by_admin.post("/tokens", wrong, Idempotency_Key="one").status_code == 422
    assert by_admin.post("/tokens", READING, Idempotency_Key="one").status_code == 201


def test_a_key_is_remembered_for_a_month(by_admin: Program) -> None:
    with at(NOON):
        by_admin.post("/tokens", READING, Idempotency_Key="one")
    with at(NOON + timedelta(days=29)):
        assert by_admin.post("/tokens", READING, Idempotency_Key="one").status_code == 200
    with at(NOON + timedelta(days=31)):
        assert by_admin.post("/tokens", READING, Idempotency_Key="one").status_code == 201


def test_the_list_is_of_ones_own(by_admin: Program, by_developer: Program) -> None:
    made_by(by_admin)
    assert named(by_admin.get("/tokens")) == ["job", "ci"]
    assert named(by_developer.get("/tokens")) == ["ci"]


def test_a_token_ends_what_may_do_no_more_than_it(admin: User, of: Of) -> None:
    strong, weak = of(admin, name="strong"), of(admin, "dashboard_keys:read", name="weak")
    answer = weak.post(f"/tokens/{strong.token.id}/revoke")  # type: ignore[union-attr]
    assert error(answer) == (403, "forbidden") and "dashboard_keys:write" in answer.json()["needs"]
    told = strong.post(f"/tokens/{weak.token.id}/revoke", {"reason": "Not used."})  # type: ignore[union-attr]
    assert (told.json()["status"], last_act().reason) == ("revoked", "Not used.")


def test_someone_elses_is_not_there(developer: User, by_admin: Program, of: Of) -> None:
    theirs = of(developer)
    answer = by_admin.post(f"/tokens/{theirs.token.id}/revoke")  # type: ignore[union-attr]
    assert error(answer) == (404, "not_found")


def test_its_page_says_what_made_it_and_that_it_ended(admin: User, by_admin: Program) -> None:
    made_by(by_admin)
    browser = Client()
    browser.force_login(admin)
    assert "Minted by ci. Revoked with it." in browser.get("/account/tokens/").content.decode()
    by_admin.delete("/me/token")
    assert "Revoke…" not in browser.get("/account/tokens/").content.decode()
