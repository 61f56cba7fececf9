"""A day is a whole day in UTC at every face: what ends on it ends with it, and the answer says so."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.test import Client

from agents.models import App
from core.clock import at
from keys.models import ApiKey
from portal.models import User
from tests.api.program import Program, error, fields
from tests.keys.pages import post_mint

SignIn = Callable[[User], Client]

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
LAST_SECOND = datetime(2026, 12, 1, 23, 59, 59, tzinfo=UTC)
RANGED = ("audit", "audit/export", "audit/threads", "audit/traces", "audit/integrity")
FAR = ("9999-12-31T23:59:59Z", "9999-12-31", "0001-01-01T00:00:00+14:00", "0000-01-01", "2027-W01-1")


def test_a_key_that_ends_today_lives_until_the_day_is_over(app: App, by_admin: Program) -> None:
    with at(NOON):
        wish = {"name": "worker", "scopes": ["grants:read"], "expires_at": "2026-12-01"}
        body = by_admin.post(f"/apps/{app.id}/keys", wish).json()
        narrowed = by_admin.post(f"/apps/{app.id}/keys/{body['id']}/narrow", {"expires_at": "2026-12-01"})
    assert body["expires_at"] == "2026-12-01T23:59:59Z" and narrowed.status_code == 200


def test_a_day_on_the_page_and_in_the_shell_is_the_same_day(app: App, admin: User, signed_in: SignIn) -> None:
    with at(NOON):
        sent = {"expires": "custom", "expires_custom": "2026-12-01"}
        assert post_mint(signed_in(admin), app, **sent).status_code == 200
        call_command("mint_key", app=str(app.id), name="shell", scopes="grants:read", expires_at="2026-12-01")
    assert {key.expires_at for key in ApiKey.objects.all()} == {LAST_SECOND}


@pytest.mark.parametrize("path", RANGED)
def test_the_ends_of_time_are_refused_and_named(app: App, by_admin: Program, path: str) -> None:
    for name in ("since", "until"):
        for text in FAR:
            answer = by_admin.get(f"/apps/{app.id}/{path}", **{name: text})
            assert (error(answer), fields(answer)) == ((422, "validation_error"), [name]), text


def test_one_day_from_its_beginning_to_its_end_holds_the_day(app: App, by_admin: Program) -> None:
    def entries(**span: str) -> int:
        return len(by_admin.get(f"/apps/{app.id}/audit", action="key.mint", **span).json()["items"])

    with at(LAST_SECOND):
        by_admin.post(f"/apps/{app.id}/keys", {"name": "late", "scopes": ["grants:read"]})
        assert entries(since="2026-12-01", until="2026-12-01") == 1
        assert entries(until="2026-11-30") == entries(since="2026-12-02") == 0


def test_the_pages_of_the_log_take_the_same_and_break_at_nothing(
    app: App, admin: User, signed_in: SignIn
) -> None:
    browser = signed_in(admin)
    for there in ("", "live/", "export/"):
        for text in FAR:
            query = {"range": "custom", "since": text}
            answer = browser.get(f"/apps/{app.id}/audit/{there}", query)
            assert answer.status_code == 422, (there, text)


def test_ids_that_are_none_are_not_found(app: App, by_admin: Program) -> None:
    for wrong in ("x", "0", "-1", "0" * 36, "9" * 40, "%00", "..;", "\u00e4"):
        there = f"/apps/{app.id}"
        assert by_admin.patch(f"{there}/members/{wrong}", {"role": "support"}).status_code == 404
        assert by_admin.post(f"{there}/members/{wrong}/remove", {}).status_code == 404
        assert by_admin.post(f"{there}/invitations/{wrong}/cancel", {}).status_code == 404
