"""The page that asks "Authorize": what it says, and where the answer goes."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from audit.models import Event
from portal.models import AccessToken, Authorization, User
from tests.factories import PASSWORD
from tests.portal.tokens.test_authorize_request import SENT
from tests.portal.tokens.test_lifecycle import CHALLENGE, VERIFIER

SignedIn = Callable[[User], Client]
ASKED = {**SENT, "code_challenge": CHALLENGE, "state": "a&b=c+d %2F"}


@pytest.fixture
def window(developer: User, signed_in: SignedIn) -> Client:
    return signed_in(developer)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def ask(window: Client, **changed: str) -> Any:
    return window.get("/authorize/", {**ASKED, **changed})


def answer(window: Client, says: str = "authorize", **changed: str) -> Any:
    return window.post("/authorize/", {**ASKED, "answer": says, **changed})


def told(response: Any) -> dict[str, str]:
    """What the program is told."""
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def test_the_page_says_who_asks_for_what_and_where_it_goes(developer: User, window: Client) -> None:
    page = text(ask(window))
    assert "Authorize “alter on laptop”" in page
    assert "View keys (never the secret)" in page
    assert "<code>http://127.0.0.1:49152</code>" in page
    assert developer.email in page


def test_what_no_role_allows_stands_apart(window: Client) -> None:
    context = ask(window, scopes="dashboard_apps:delete,dashboard_keys:admin").context
    assert [name for name, _ in context["may"]] == ["dashboard_keys:read", "dashboard_keys:write"]
    assert [name for name, _ in context["may_not"]] == ["dashboard_apps:delete", "dashboard_keys:admin"]


def test_looking_authorizes_nothing(window: Client) -> None:
    ask(window)
    assert Authorization.objects.count() == 0


def test_a_yes_goes_back_with_a_code_and_the_state(window: Client) -> None:
    back = answer(window)
    assert back["Location"].startswith("http://127.0.0.1:49152/callback?")
    assert (set(told(back)), told(back)["state"]) == ({"code", "state"}, "a&b=c+d %2F")


def test_the_code_becomes_a_token_of_that_name_and_reach(developer: User, window: Client) -> None:
    body = {"code": told(answer(window))["code"], "code_verifier": VERIFIER}
    made = Client().post("/api/v1/token", body, content_type="application/json").json()
    token = AccessToken.objects.get(id=made["id"])
    assert (token.user, token.name, token.permissions) == (
        developer,
        "alter on laptop",
        ["dashboard_audit:read", "dashboard_keys:read"],
    )


def test_a_yes_is_on_record_once_it_is_a_token(developer: User, window: Client) -> None:
    body = {"code": told(answer(window))["code"], "code_verifier": VERIFIER}
    Client().post("/api/v1/token", body, content_type="application/json")
    event = Event.objects.get(action="access-token.issue")
    assert (event.actor_id, event.via) == (str(developer.id), "cli")


@pytest.mark.parametrize("says", ["cancel", "", "yes"])
def test_anything_else_is_a_no(window: Client, says: str) -> None:
    back = answer(window, says)
    assert told(back) == {"error": "access_denied", "state": "a&b=c+d %2F"}
    assert Authorization.objects.count() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "http://example.com:8080/"},
        {"scopes": "grants:read"},
        {"code_challenge_method": "plain"},
        {"state": ""},
    ],
)
@pytest.mark.parametrize("send", [ask, answer])
def test_a_wrong_wish_is_refused_and_goes_nowhere(
    window: Client, send: Callable[..., Any], wrong: dict[str, str]
) -> None:
    refused = send(window, **wrong)
    assert (refused.status_code, "Location" in refused) == (400, False)
    assert "Nothing was authorized." in text(refused)
    assert Authorization.objects.count() == 0


def test_unknown_scopes_are_named_on_the_page(window: Client) -> None:
    page = text(ask(window, scopes="grants:read,<b>"))
    assert "&#x27;grants:read&#x27;, &#x27;&lt;b&gt;&#x27; are not permissions" in page


def test_only_this_page_lets_its_form_lead_there(window: Client) -> None:
    assert "form-action 'self' http://127.0.0.1:49152" in ask(window)["Content-Security-Policy"]
    assert "127.0.0.1" not in window.get("/")["Content-Security-Policy"]


def test_no_policy_can_say_an_ipv6_address_so_a_page_goes_on_to_it(window: Client) -> None:
    there = {"redirect_uri": "http://[::1]:49152/callback"}
    assert "[::1]" not in ask(window, **there)["Content-Security-Policy"]
    back = answer(window, **there)
    assert (back.status_code, back["Refresh"][:35]) == (200, "0;url=http://[::1]:49152/callback?c")


def test_the_answer_needs_the_forms_own_token(developer: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(developer)
    assert answer(strict).status_code == 403
    assert Authorization.objects.count() == 0


def test_whoever_is_signed_out_comes_back_with_everything_intact(developer: User, client: Client) -> None:
    sent_away = client.get(f"/authorize/?{urlencode(ASKED)}", follow=True)
    form = {"login": developer.email, "password": PASSWORD, "next": sent_away.context["redirect_field_value"]}
    page = client.post("/account/login/", form, follow=True)
    assert page.context["auth_request"].fields() == {
        **ASKED,
        "scopes": "dashboard_audit:read,dashboard_keys:read",
    }
