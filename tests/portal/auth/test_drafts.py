"""A form that is sent after its session has ended: nothing is done, and nothing typed is lost."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.test import Client

from portal.auth import drafts, sessions
from portal.models import AccessToken, User
from tests.factories import PASSWORD, minted
from tests.portal.pages import text

MINT = "/account/tokens/mint/"
TYPED = {"name": "ci-deploy", "reach": "chosen", "permissions": ["dashboard_keys:read"], "expires": "90d"}


@pytest.fixture
def expired(app: Any, developer: User, signed_in: Callable[[User], Client]) -> Client:
    """The browser of a developer whose session has ended."""
    browser = signed_in(developer)
    assert browser.get(MINT).status_code == 200
    sessions.end_all(developer)
    return browser


def sign_in(browser: Client, user: User, answer: Any) -> Any:
    """Sign in on the page that `answer` leads to, and go on to where that leads."""
    there = answer["Location"]
    back = parse_qs(urlsplit(there).query)["next"][0]
    form = {"login": user.email, "password": PASSWORD, "next": back}
    return browser.post("/account/login/", form, follow=True)


def test_a_form_is_on_its_page_again_after_sign_in(developer: User, expired: Client) -> None:
    page = text(sign_in(expired, developer, expired.post(MINT, TYPED)))
    assert 'value="ci-deploy"' in page
    assert drafts.RESTORED in page
    assert 'value="dashboard_keys:read" checked' in page
    assert not AccessToken.objects.exists()


def test_it_is_there_once(developer: User, expired: Client) -> None:
    sign_in(expired, developer, expired.post(MINT, TYPED))
    assert 'value="ci-deploy"' not in text(expired.get(MINT))


def test_another_page_takes_nothing_of_it(developer: User, expired: Client) -> None:
    sent = expired.post("/account/profile/", {"name": "Dev Eloper"})
    assert sent["Location"] == "/account/login/?next=/account/profile/"
    expired.post("/account/login/", {"login": developer.email, "password": PASSWORD})
    assert "Dev Eloper" not in text(expired.get(MINT))
    assert 'value="Dev Eloper"' in text(expired.get("/account/profile/"))


def test_another_user_of_the_browser_does_not_see_it(developer: User, admin: User, expired: Client) -> None:
    page = text(sign_in(expired, admin, expired.post(MINT, TYPED)))
    assert 'value="ci-deploy"' not in page and drafts.RESTORED not in page
    assert 'value="ci-deploy"' not in text(expired.get(MINT))
    assert not expired.cookies[drafts.COOKIE].value


def test_nor_do_they_with_the_cookie_at_hand(developer: User, admin: User, expired: Client) -> None:
    answer = expired.post(MINT, TYPED)
    kept = answer.cookies[drafts.COOKIE].value
    sign_in(expired, admin, answer)
    expired.cookies[drafts.COOKIE] = kept
    assert 'value="ci-deploy"' not in text(expired.get(MINT))


def test_an_older_page_of_another_user_sends_no_form(developer: User, admin: User, expired: Client) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = expired.cookies
    of_developer = browser.cookies["csrftoken"].value
    expired.post("/account/login/", {"login": admin.email, "password": PASSWORD})
    expired.get(MINT)
    sessions.end_all(admin)
    answer = browser.post(MINT, TYPED | {"csrfmiddlewaretoken": of_developer})
    assert (answer.status_code, drafts.COOKIE in answer.cookies) == (403, False)


def test_a_form_of_nobody_known_is_not_kept(client: Client, db: None) -> None:
    answer = client.post(MINT, TYPED)
    assert (answer.status_code, drafts.COOKIE in answer.cookies) == (302, False)


def test_keys_that_were_pasted_are_cut(app: Any, expired: Client) -> None:
    made = minted(app)
    answer = expired.post(f"{MINT}?q={(key := made.plaintext.take())}", {"name": f"for {key}"})
    assert key not in answer["Location"]
    draft = signing.loads(answer.cookies[drafts.COOKIE].value, salt=drafts.COOKIE)
    assert parse_qs(draft["form"])["name"] == [f"for {made.key.prefix}[redacted]"]


def test_secrets_and_tokens_of_forms_are_not_kept(expired: Client) -> None:
    secrets = {"password": "open sesame", "csrfmiddlewaretoken": "a" * 64, "code": "123456"}
    answer = expired.post(MINT, TYPED | secrets)
    draft = signing.loads(answer.cookies[drafts.COOKIE].value, salt=drafts.COOKIE)
    assert sorted(name for name in parse_qs(draft["form"])) == ["expires", "name", "permissions", "reach"]
    assert "csrf" not in answer["Location"]


@pytest.mark.parametrize("value", ["", "nonsense", "eyJwYXRoIjoiLyJ9:1abc:forged"])
def test_a_cookie_of_somebody_else_is_nothing(developer: User, signed_in: Any, value: str) -> None:
    browser = signed_in(developer)
    browser.cookies[drafts.COOKIE] = value
    assert browser.get(MINT).status_code == 200


def test_a_form_too_long_for_a_cookie_is_not_kept(expired: Client) -> None:
    long = {"name": "".join(chr(0x4E00 + n) for n in range(3_000))}
    answer = expired.post(MINT, long)
    assert (answer.status_code, drafts.COOKIE in answer.cookies) == (302, False)
