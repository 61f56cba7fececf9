"""A header's value is what was sent but for the spaces and tabs around it: no other character is whitespace in HTTP."""

import ipaddress

import pytest
from django.test import Client
from pytest_django import Settings

from agents.models import App
from keys.admission import runtime_auth
from portal.models import User
from tests.factories import issued, minted
from tests.keys.asking import ask, error, known_gateway_of, opened, through
from tests.sdk import raw

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]
NO_WHITESPACE = ("\xa0", "\x85", "\x1c", "\x0b", "\x0c")
"""What str.strip() takes off all the same."""
WHITESPACE = (" ", "\t", " \t ")


def test_a_key_with_anything_around_it_is_another(app: App) -> None:
    secret = opened(minted(app))[1]
    for character in NO_WHITESPACE:
        for told in (f"{secret}{character}", f"{character}{secret}"):
            assert error(ask(HTTP_X_API_KEY=told)) == (401, "invalid_key"), repr(character)
            assert error(ask(HTTP_AUTHORIZATION=f"Bearer {told}")) == (401, "invalid_key"), repr(character)
            assert not runtime_auth.is_known({"HTTP_X_API_KEY": told})
            headers = raw.sign(secret, "GET", "/sdk/scopes") | {"x-api-key": told}
            assert error(raw.send("GET", "/sdk/scopes", b"", headers)) == (401, "invalid_key"), repr(
                character
            )
    for character in WHITESPACE:
        assert ask(HTTP_X_API_KEY=f"{character}{secret}{character}").status_code == 200
        assert ask(HTTP_AUTHORIZATION=f"Bearer {character}{secret}{character}").status_code == 200


def test_an_access_token_with_anything_around_it_is_another(developer: User) -> None:
    token = issued(developer).plaintext.take()
    for character in NO_WHITESPACE:
        for told in (
            f"Bearer {token}{character}",
            f"Bearer {character}{token}",
            f"{character}Bearer {token}",
        ):
            answer = Client().get("/api/v1/apps", HTTP_AUTHORIZATION=told)
            assert answer.status_code == 401, repr(told)
    assert Client().get("/api/v1/apps", HTTP_AUTHORIZATION=f" Bearer  {token}\t").status_code == 200


def test_a_gateways_secret_with_anything_around_it_is_another() -> None:
    secret = known_gateway_of("original")
    for character in NO_WHITESPACE:
        assert error(through(headers={"X-Alter-Gateway": f"{secret}{character}"}))[1] == "gateway_unknown", (
            repr(character)
        )
    assert error(through(headers={"X-Alter-Gateway": f"{secret} "}))[1] == "missing_api_key"


def test_an_address_with_anything_around_it_opens_no_fence(app: App, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("192.0.2.1/32")]
    secret = opened(minted(app, networks=["203.0.113.0/24"]))[1]
    for told in (
        *(f"203.0.113.5{char}" for char in NO_WHITESPACE),
        "203.0.113.5%1",
        "::ffff:203.0.113.5%eth0",
    ):
        answer = ask(secret, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=told)
        assert error(answer) == (403, "ip_not_allowed"), repr(told)
    for character in WHITESPACE:
        answer = ask(
            secret, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=f"{character}203.0.113.5{character}"
        )
        assert answer.status_code == 200, repr(character)
