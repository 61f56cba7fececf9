"""What a provider answers is taken for what it is: no subject is none, and no address is vouched for by a word."""

from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.test import Client

from agents.models import App
from audit.models import Event
from portal.models import User
from tests.portal.auth.identity_provider import CLIENT, IdentityProvider, sign_in
from tests.portal.pages import text

MISSING: Any = object()


def refused(provider: IdentityProvider, claims: dict[str, Any], lies: dict[str, Any] | None = None) -> str:
    """What the record says of a sign-in with these claims that must not come in; the page says the same."""
    before = provider.claims
    said = before | claims
    provider.claims = {name: value for name, value in said.items() if value is not MISSING}
    provider.lies = lies or {}
    answer = sign_in(Client(raise_request_exception=False))
    provider.claims, provider.lies = before, {}
    assert answer.status_code == 403, (claims, lies)
    event = Event.objects.filter(action="sign-in.fail").latest("at")
    assert event.facts["why"] in text(answer)
    assert not SocialAccount.objects.exists()
    assert event.target_label == ("subject 4711" if "email" in claims else "new@example.com")
    return str(event.facts["why"])


def test_whoever_has_no_subject_is_nobody(provider: IdentityProvider, app: App) -> None:
    subjects: list[Any] = [None, "", " ", 7, True, ["4711"], {}, MISSING, "a\0b"]
    for subject in subjects:
        assert "no subject" in refused(provider, {"sub": subject}), subject
    assert "too long" in refused(provider, {"sub": "x" * 300})
    assert "subject mismatch" in refused(provider, {}, {"sub": "4712"})
    assert Event.objects.filter(action="sign-in.fail").count() == 11
    assert not User.objects.exists()


def test_an_address_is_vouched_for_by_true_and_by_nothing_else(provider: IdentityProvider, app: App) -> None:
    words: list[Any] = [
        "false",
        "no",
        "",
        "1",
        "yes",
        "True",
        "TRUE",
        " true",
        "true\u00a0",
        1,
        0,
        ["true"],
        {},
    ]
    for word in words:
        assert "email_verified is not true" in refused(provider, {"email_verified": word}), word
    assert "email_verified is missing" in refused(provider, {"email_verified": MISSING})
    odd: list[tuple[Any, str]] = [
        (MISSING, "missing"),
        (None, "missing"),
        (7, "the number 7, not an email address"),
        (["new@example.com"], "a list, not an email address"),
        ("no address", "the text “no address”, not an email address"),
    ]
    for email, says in odd:
        assert f"the claim email is {says}" in refused(provider, {"email": email}), email


def test_its_text_true_is_true(provider: IdentityProvider, app: App, client: Client) -> None:
    provider.claims["email_verified"] = "true"
    assert sign_in(client).status_code == 302
    assert client.get("/").status_code == 200


def test_an_answer_to_another_question_is_not_taken(provider: IdentityProvider, app: App) -> None:
    for nonce in ("another", "", None, 7):
        assert "nonce" in refused(provider, {}, {"nonce": nonce})


def test_a_token_for_others_or_asked_for_by_another_is_not_taken(
    provider: IdentityProvider, app: App, client: Client
) -> None:
    for aud in ([CLIENT, "other"], ["other", CLIENT], [CLIENT, ""]):
        for lies in ({}, {"azp": CLIENT}, {"azp": "other"}):
            assert "the claim aud names more" in refused(provider, {}, lies | {"aud": aud}), (aud, lies)
    odd_ones: list[Any] = ["other", "", 7, 0, False, [CLIENT], {CLIENT: 1}, f"{CLIENT} ", CLIENT.upper()]
    for azp in odd_ones:
        assert "the claim azp is" in refused(provider, {}, {"azp": azp}), azp
    right: list[dict[str, Any]] = [
        {"aud": [CLIENT]},
        {"aud": [CLIENT], "azp": CLIENT},
        {"azp": CLIENT},
        {"azp": None},
    ]
    for told in right:
        provider.lies = told
        assert sign_in(Client()).status_code == 302, told
