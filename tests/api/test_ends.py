"""When a key or a token ends: only who says nothing of it gets one without end, and an empty text says something."""

import pytest

from agents.models import App
from keys.models import ApiKey
from portal.models import AccessToken, User
from tests.api.program import Program, error, fields
from tests.factories import minted
from tests.shell import Said

KEY = {"name": "worker", "scopes": ["grants:read"]}
TOKEN = {"name": "job", "permissions": ["dashboard_keys:read"]}


@pytest.mark.parametrize("field", ["expires_in", "expires_at"])
def test_an_empty_end_is_refused_by_the_api(app: App, by_admin: Program, field: str) -> None:
    for path, wish in ((f"/apps/{app.id}/keys", KEY), ("/tokens", TOKEN)):
        answer = by_admin.post(path, wish | {field: ""})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), [field])
        assert by_admin.post(path, wish | {field: None}).status_code == 201
    assert (ApiKey.objects.count(), AccessToken.objects.filter(parent=None).exists()) == (1, True)


def test_nor_does_it_take_away_an_end_that_is_there(app: App, by_admin: Program) -> None:
    key = minted(app).key
    for verb, more in (("narrow", {}), ("widen", {"reason": "Reports."})):
        answer = by_admin.post(f"/apps/{app.id}/keys/{key.id}/{verb}", {"expires_at": "", **more})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), ["expires_at"])


@pytest.mark.parametrize(
    "wish",
    [
        {"grace": ""},
        {"scopes": [""]},
        {"scopes": ""},
    ],
)
def test_an_empty_choice_of_a_rotation_is_refused(
    app: App, by_admin: Program, wish: dict[str, object]
) -> None:
    answer = by_admin.post(f"/apps/{app.id}/keys/{minted(app).key.id}/rotate", wish)
    assert answer.status_code == 422
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("field", ["cidr_allowlist", "agent_id", "rate_limit_rpm", "scopes", "metadata"])
def test_no_other_choice_is_left_out_by_an_empty_text(app: App, by_admin: Program, field: str) -> None:
    for nothing in ("", [""]):
        answer = by_admin.post(f"/apps/{app.id}/keys", KEY | {"key_type": "agent", field: nothing})
        assert answer.status_code == 422, nothing
    assert not ApiKey.objects.exists()


def test_a_version_that_is_empty_is_none_that_was_read(app: App, by_admin: Program) -> None:
    answer = by_admin.patch(f"/apps/{app.id}", {"name": "other", "version": ""})
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["version"])


def test_an_empty_option_at_the_shell_is_refused(app: App, admin: User) -> None:
    mint = ("mint_key", "--app", str(app.id), "--name", "worker", "--scopes", "grants:read")
    for option in ("--expires-in", "--expires-at", "--cidr"):
        assert Said(*mint, option, "").code == 2, option
    assert Said(*mint, "--agent", "").code == 4
    issue = ("create_access_token", "--email", admin.email, "--name", "ci", "--permissions")
    assert Said(*issue, "dashboard_keys:read", "--expires-in", "").code == 2
    assert Said(*issue, "").code != 0
    assert Said("erase_person", "--value", "Eve Example", "--app", "", "--reason", "Request").code == 2
    assert not ApiKey.objects.exists()
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("text", ["Cafe\u0301", "two  words", "tab\there"])
def test_a_name_is_kept_as_it_is_sent_or_refused(app: App, by_admin: Program, text: str) -> None:
    view = {"name": text, "query": "outcome=denied"}
    for path, wish in (
        (f"/apps/{app.id}/keys", KEY | {"name": text}),
        (f"/apps/{app.id}/views", view),
        ("/tokens", TOKEN | {"name": text}),
        ("/apps", {"name": text}),
    ):
        answer = by_admin.post(path, wish)
        assert (error(answer), fields(answer)) == ((422, "validation_error"), ["name"]), path
