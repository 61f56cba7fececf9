"""Whatever an identity provider answers: it is no fault of ours, and what is wrong with it is said."""

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from agents.models import App
from audit.models import Event
from portal.auth import provider_client
from portal.auth.openid_claims import OpenID
from portal.models import User
from tests.portal.auth.identity_provider import CLIENT, SECRET, IdentityProvider, sign_in
from tests.portal.pages import text

DISCOVERY = "/.well-known/openid-configuration"
START = "/account/oidc/sso/login/?process=login"
ODD: list[Any] = [None, "", "yes", 1, 1.5, True, [], ["a"], {}, {"a": {"b": 1}}, 10**30]


def why() -> str:
    return str(Event.objects.filter(action="sign-in.fail").latest("at").facts["why"])


def told(answer: Any, status: int = 403) -> str:
    """What record and page say alike of an answer that lets nobody in."""
    assert answer.status_code == status
    assert why() in text(answer)
    assert not User.objects.exists()
    return why()


def test_a_discovery_document_of_another_kind(provider: IdentityProvider, app: App) -> None:
    document = provider.answer(DISCOVERY)
    for body, says in (
        (b"<html>maintenance</html>", "is an HTML page"),
        (b"", "is empty"),
        (b"[]", "is an empty list, not an object"),
        (b'"text"', "is the text “text”, not an object"),
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"{}", "the discovery document’s authorization_endpoint is missing"),
        (b" " * 2_000_000, "is too large"),
    ):
        provider.instead = {DISCOVERY: (200, body)}
        assert says in told(Client().post(START)), body[:20]
    odd_ones: list[Any] = [None, 7, [], {}, ""]
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "issuer"):
        for odd in odd_ones:
            provider.instead = {DISCOVERY: (200, json.dumps(document | {name: odd}).encode())}
            assert f"the discovery document’s {name} is" in told(Client().post(START)), odd
    provider.instead = {DISCOVERY: (503, b"{}")}
    assert "responded 503" in told(Client().post(START), 502)


def test_a_document_or_an_id_token_of_another_issuer(provider: IdentityProvider, app: App) -> None:
    document, issuer = provider.answer(DISCOVERY), provider.issuer
    for odd in ("https://evil.example.com", f"{issuer}/tenant", f"{issuer}//", issuer.upper(), f" {issuer}"):
        provider.instead = {DISCOVERY: (200, json.dumps(document | {"issuer": odd}).encode())}
        assert "and not PORTAL_OIDC_ISSUER" in told(Client().post(START)), odd
        provider.instead, provider.lies = {}, {"iss": odd}
        assert "the ID token is invalid" in told(sign_in(Client())), odd
    provider.lies = {"iss": f"{issuer}/"}
    assert "the ID token is invalid" in told(sign_in(Client())), "the token names it exactly"
    provider.instead = {DISCOVERY: (200, json.dumps(document | {"issuer": f"{issuer}/"}).encode())}
    assert sign_in(Client()).status_code == 302, "an issuer with a slash at its end"


def test_token_answers_of_another_kind(provider: IdentityProvider, app: App) -> None:
    for status, body, says in (
        (200, b"<html>", "is an HTML page"),
        (200, b"[]", "is an empty list"),
        (200, b'["access_token"]', "is a list"),
        (200, b"{}", "the token response lacks access_token"),
        (200, b"access_token=a&id_token=b", "is not JSON"),
        (400, b'{"error": "invalid_client"}', "responded 400, invalid_client"),
        (400, b'{"error": ["x"]}', "responded 400"),
    ):
        provider.instead = {"/token": (status, body)}
        assert says in told(sign_in(Client())), body
    for odd in ODD:
        right = provider.token({})
        for name in ("access_token", "id_token"):
            provider.instead = {"/token": (200, json.dumps(right | {name: odd}).encode())}
            is_unread = name == "access_token" and odd == "yes"  # any text may be one
            says = "nonce" if is_unread else f"{name} in the" if name == "access_token" else "ID token"
            assert says in told(sign_in(Client())), (name, odd)
    provider.instead = {"/token": (200, json.dumps(provider.token({}) | {"expires_in": "soon"}).encode())}
    assert "nonce" in told(sign_in(Client())), "what is not needed is not read"


def test_claims_of_any_kind_are_no_fault_of_ours(provider: IdentityProvider, app: App) -> None:
    right = dict(provider.claims)
    texts = ["a\0b", "\ud800", "x" * 5000, "\u202e", float("nan"), float("inf")]
    for names in (("name", "picture", "auth_time", "jti"), ("groups", "exp")):
        for odd in [*ODD, *texts]:
            provider.claims = right | dict.fromkeys(names, odd)  # in userinfo and in the ID token
            assert sign_in(Client(raise_request_exception=False)).status_code in (302, 403), (names, odd)


def test_a_role_is_missing_with_the_claim_that_is_missing(provider: IdentityProvider, app: App) -> None:
    for odd, says in (
        (None, "is missing"),
        ({"payments": {}}, "is an object"),
        ([], "is an empty list"),
        (True, "is true"),
    ):
        provider.claims["groups"] = odd
        assert f"the claim groups {says}" in told(sign_in(Client())), odd
    provider.claims["groups"] = "marketing"
    assert told(sign_in(Client())) == "no account, and no role from the identity provider"


def test_a_role_that_ends_for_a_claim_that_is_missing_says_so(provider: IdentityProvider, app: App) -> None:
    sign_in(Client())
    del provider.claims["groups"]
    sign_in(Client())
    assert Event.objects.get(action="member.end").reason == (
        "The identity provider no longer grants this role: the claim groups is missing."
    )


def test_userinfo_and_id_token_vouch_together() -> None:
    def vouched(userinfo: dict[str, Any] | None, id_token: dict[str, Any]) -> list[tuple[str, bool]]:
        found = OpenID.extract_email_addresses(
            OpenID.__new__(OpenID), {"userinfo": userinfo, "id_token": id_token}
        )
        return [(one.email, one.verified) for one in found]

    true, false = (
        {"email": "a@example.com", "email_verified": True},
        {"email": "a@example.com", "email_verified": "no"},
    )
    assert vouched({"email": "a@example.com"}, true) == vouched(None, true) == [("a@example.com", True)]
    assert vouched({"email": None, "email_verified": None}, true) == [("a@example.com", True)]
    assert vouched(true, false) == vouched(false, true) == [("a@example.com", False)]
    assert vouched({"email": "b@example.com"}, true) == [("b@example.com", False)], (
        "another address is not it"
    )
    assert vouched({}, {}) == []


def test_an_id_token_holds_only_by_the_providers_own_key(provider: IdentityProvider, app: App) -> None:
    def answered(token: str) -> Any:
        provider.instead = {"/token": (200, json.dumps(provider.token({}) | {"id_token": token}).encode())}
        return sign_in(Client())

    now = int(time.time())
    said = {"iss": provider.issuer, "aud": CLIENT, "exp": now + 300, "sub": "4711"}
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = provider.key.public_key()
    assert "not signed with a key published by the provider" in told(
        answered(jwt.encode(said, stranger, "RS256", headers={"kid": "one"}))
    )
    assert "not signed with a key" in told(
        answered(jwt.encode(said, provider.key, "RS256", headers={"kid": "two"}))
    )
    assert "signature algorithm (alg) is the text “none”" in told(answered(jwt.encode(said, "", "none")))
    assert "is invalid" in told(answered(jwt.encode(said, str(public.public_numbers().n), "HS256")))
    assert "nonce" in told(answered(jwt.encode(said, SECRET, "HS256"))), "signed with the client's secret"
    assert "nonce" in told(answered(jwt.encode(said, provider.key, "PS256"))), "without a kid"
    for keys in (
        b"[]",
        b"{}",
        b'{"keys": 7}',
        b'{"keys": [7, {}, {"kty": "RSA"}, {"kty": "oct", "k": "aHVzaA"}]}',
    ):
        provider.instead = {"/jwks": (200, keys)}
        assert told(sign_in(Client())), keys


def test_a_provider_that_is_down_or_slow_is_a_sentence(
    provider: IdentityProvider, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_client, "TIMEOUT", 0.2)
    for path in ("/token", "/jwks", "/userinfo"):
        provider.instead = {path: None}
        before = time.monotonic()
        assert f"the endpoint {path} did not respond within 0.2 seconds" in told(sign_in(Client()), 502)
        assert time.monotonic() - before < 3
    document = provider.answer(DISCOVERY) | {"token_endpoint": "http://127.0.0.1:9/token"}
    provider.instead = {DISCOVERY: (200, json.dumps(document).encode())}
    assert "the endpoint /token is unreachable (" in told(sign_in(Client()), 502)


def test_what_the_browser_brings_back_is_on_record(
    provider: IdentityProvider, app: App, client: Client
) -> None:
    back = "/account/oidc/sso/login/callback/"
    client.get(back, {"code": "a", "state": "made-up"})
    assert "does not match this browser’s request" in why()
    state = dict(pair.split("=") for pair in client.post(START)["Location"].split("?")[1].split("&"))["state"]
    client.get(back, {"error": "access_denied", "state": state})
    assert why() == "the identity provider said access_denied"
