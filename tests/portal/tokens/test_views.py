"""The pages of a person's access tokens: theirs alone, and the plaintext once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.models import App
from audit.actors import shell
from audit.models import Event
from portal.accounts.lifecycle import change_role
from portal.models import AccessToken, Membership, User
from portal.tokens import lifecycle
from tests.factories import UserFactory, issued
from tests.portal.routes import address

SignedIn = Callable[[User], Client]
FORM = {"once": "form-1", "name": "ci", "reach": "read", "expires": "30d"}
SECRET = re.compile(r"alter_pat_[0-9A-Za-z]{40}")


@pytest.fixture
def window(developer: User, signed_in: SignedIn) -> Client:
    return signed_in(developer)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def mint(window: Client, **changed: Any) -> Any:
    return window.post("/account/tokens/mint/", {**FORM, **changed})


# ── the list ────────────────────────────────────────────────────────────────────────────────────────


def test_the_persons_menu_leads_there(window: Client) -> None:
    assert 'href="/account/tokens/"' in text(window.get("/"))


def test_the_list_shows_ones_own_and_no_others(developer: User, support: User, window: Client) -> None:
    issued(support, name="of-support")
    mine = issued(developer, name="of-developer").token
    assert [token for token, _ in window.get("/account/tokens/").context["tokens"]] == [mine]


def test_the_list_says_what_a_token_may_do_now(developer: User, window: Client) -> None:
    issued(developer, "dashboard_keys:write")
    assert "Read keys; write keys" in text(window.get("/account/tokens/"))


def test_a_token_that_may_nothing_now_says_so(developer: User, window: Client) -> None:
    change_role(shell(), Membership.objects.get(user=developer), "admin")
    issued(User.objects.get(pk=developer.pk), "dashboard_apps:delete")
    change_role(shell(), Membership.objects.get(user=developer), "developer")
    assert "None with your current roles" in text(window.get("/account/tokens/"))


def test_the_list_tells_what_happened_to_ones_own(developer: User, support: User, window: Client) -> None:
    issued(support)
    window.post(address("token-revoke", token_id=issued(developer).token.id), {"reason": "left in a log"})
    events = window.get("/account/tokens/").context["events"]
    assert [event.action for event in events] == ["access-token.revoke", "access-token.issue"]


def test_the_list_takes_as_many_queries_for_ten_as_for_one(developer: User, window: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            window.get("/account/tokens/")
        return len(seen)

    issued(developer)
    before = queries()
    for _ in range(9):
        issued(developer)
    assert queries() == before


def test_without_a_token_the_page_says_how_to_get_one(window: Client) -> None:
    page = text(window.get("/account/tokens/"))
    assert "No tokens yet" in page
    assert "alter auth login --base-url http://testserver" in page


# ── minting ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_good_form_is_answered_with_the_token_itself(developer: User, window: Client) -> None:
    secret = SECRET.search(text(mint(window)))
    assert secret
    assert lifecycle.authenticate(secret[0]).user == developer


def test_no_other_page_shows_it(window: Client) -> None:
    secret = SECRET.search(text(mint(window)))
    assert secret
    assert secret[0][18:] not in text(window.get("/account/tokens/"))


def test_the_answer_is_kept_nowhere(window: Client) -> None:
    answer = mint(window)
    assert answer["Cache-Control"] == "no-store"
    assert answer.cookies["revealed"]["httponly"]
    assert not SECRET.search(str(dict(window.session)))


def test_the_answer_shows_how_to_use_it(window: Client) -> None:
    page = text(mint(window))
    assert 'curl -i http://testserver/api/v1/me -H "Authorization: Bearer $ALTER_PAT"' in page
    assert "| alter auth login --token-stdin --base-url http://testserver" in page


def test_whoever_mints_it_is_on_record(developer: User, window: Client) -> None:
    mint(window)
    event = Event.objects.get(action="access-token.issue")
    assert (event.actor_kind, event.actor_id, event.via) == ("person", str(developer.id), "page")


def test_the_same_form_sent_again_shows_no_token(window: Client) -> None:
    mint(window)
    again = mint(window)
    assert (again.status_code, AccessToken.objects.count()) == (409, 1)
    assert "Form already submitted" in text(again)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"reach": "chosen"}, "permissions"),
        ({"reach": "chosen", "permissions": "dashboard_apps:delete"}, "permissions"),
        ({"expires": "custom", "expires_custom": "0d"}, "expires_custom"),
        ({"expires": ""}, "expires"),
        ({"once": ""}, "once"),
    ],
)
def test_a_wrong_form_comes_back_with_its_complaint(
    window: Client, changed: dict[str, str], field: str
) -> None:
    answer = mint(window, **changed)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert AccessToken.objects.count() == 0


def test_someone_without_a_role_is_told_that_a_token_could_do_nothing(db: None, signed_in: SignedIn) -> None:
    window = signed_in(UserFactory.create())
    assert "a token would have no permissions" in text(window.get("/account/tokens/mint/"))
    assert mint(window).status_code == 422


# ── revoking ────────────────────────────────────────────────────────────────────────────────────────


def test_revoking_asks_first(developer: User, window: Client) -> None:
    token = issued(developer, name="nightly").token
    page = text(window.get(address("token-revoke", token_id=token.id)))
    token.refresh_from_db()
    assert ("Revoke nightly?" in page, token.revoked_at) == (True, None)


def test_a_revoked_token_is_ended_for_the_reason_given(developer: User, window: Client) -> None:
    token = issued(developer).token
    answer = window.post(address("token-revoke", token_id=token.id), {"reason": "left in a log"})
    token.refresh_from_db()
    event = Event.objects.get(action="access-token.revoke")
    assert (answer["Location"], token.status, event.reason) == (
        "/account/tokens/",
        "revoked",
        "left in a log",
    )


def test_a_revoked_one_cannot_be_revoked_again(developer: User, window: Client) -> None:
    there = address("token-revoke", token_id=issued(developer).token.id)
    window.post(there)
    assert "This cannot be undone" in text(window.get(there))


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_strangers_token_is_not_there(
    admin: User, developer: User, signed_in: SignedIn, method: str
) -> None:
    token = issued(developer).token
    answer = getattr(signed_in(admin), method)(address("token-revoke", token_id=token.id))
    token.refresh_from_db()
    assert (answer.status_code, token.revoked_at) == (404, None)


def test_a_too_long_reason_revokes_nothing(developer: User, window: Client) -> None:
    token = issued(developer).token
    answer = window.post(address("token-revoke", token_id=token.id), {"reason": "x" * 501})
    token.refresh_from_db()
    assert (answer.status_code, token.revoked_at) == (422, None)


def test_an_apps_record_does_not_show_it(app: App, developer: User, window: Client) -> None:
    issued(developer, name="nightly")
    assert "nightly" not in text(window.get(address("audit", app_id=app.id)))
