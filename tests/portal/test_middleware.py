"""What every response carries, and what no stranger is believed."""

import ipaddress

import pytest
from django.test import Client
from pytest_django import Settings

from agents.models import App
from audit.models import Event
from portal.models import User
from tests.factories import PASSWORD, minted

PEER = "198.51.100.9"
CLAIMS = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize("page", ["/account/login/", "/nowhere/", "/healthz", "/join/wrong/"])
class TestEveryAnswer:
    """Pages, refusals and programs' answers alike."""

    def test_is_kept_by_no_cache(self, db: None, client: Client, page: str) -> None:
        assert "no-store" in client.get(page)["Cache-Control"]

    def test_is_what_it_says_it_is(self, db: None, client: Client, page: str) -> None:
        assert client.get(page)["X-Content-Type-Options"] == "nosniff"

    def test_cannot_be_framed(self, db: None, client: Client, page: str) -> None:
        assert client.get(page)["X-Frame-Options"] == "DENY"

    def test_varies_with_htmx(self, db: None, client: Client, page: str) -> None:
        assert "HX-Request" in client.get(page)["Vary"]

    def test_has_an_id_of_its_own(self, db: None, client: Client, page: str) -> None:
        assert client.get(page)["X-Request-Id"] != client.get(page)["X-Request-Id"]

    def test_runs_no_script_but_ours(self, db: None, client: Client, page: str) -> None:
        policy = client.get(page)["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert not {"unsafe", "nonce", "http", "*"} & set(policy.replace("-", " ").replace("'", " ").split())


def test_a_callers_request_id_is_given_back(db: None, client: Client) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "trace-7"})
    assert answer["X-Request-Id"] == "trace-7"


def test_a_request_id_cannot_break_a_header(db: None, client: Client) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "a\r\nSet-Cookie: x=1" + "b" * 100})
    assert answer["X-Request-Id"] == ("a Set-Cookie: x=1" + "b" * 100)[:64]


def sign_in(client: Client) -> Event:
    """Come in from PEER, which claims to forward for another."""
    form = {"login": "admin@example.com", "password": PASSWORD}
    client.post("/account/login/", form, headers=CLAIMS, REMOTE_ADDR=PEER)
    return Event.objects.filter(action="sign-in.pass").latest("at")


def test_a_strangers_forwarded_address_is_forgotten(admin: User, client: Client) -> None:
    assert sign_in(client).ip == PEER


def test_our_own_proxys_forwarded_address_is_kept(admin: User, client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("198.51.100.0/24")]
    assert sign_in(client).ip == "203.0.113.7"


def test_a_stranger_cannot_say_that_he_came_by_https(db: None, client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client.get("/account/login/", headers=CLAIMS, REMOTE_ADDR=PEER).status_code == 301


def test_an_unknown_host_is_refused(db: None, client: Client) -> None:
    answer = client.get("/account/login/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert b"Invalid request." in answer.content


def test_the_door_sets_no_cookie(app: App, client: Client) -> None:
    answer = client.get("/verify", headers={"x-api-key": minted(app).plaintext.take()})
    assert (answer.status_code, dict(answer.cookies)) == (200, {})


@pytest.mark.django_db
def test_an_ipv6_address_is_a_host_however_it_is_spelled(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["[fd00:10::5]"]
    for asked, status in {
        "[FD00:10:0::5]:8341": 200,
        "[fd00:10::5]": 200,
        "[fd00:10::6]": 400,
        "[fd00:10::5": 400,
    }.items():
        assert Client(HTTP_HOST=asked).get("/account/login/").status_code == status, asked
