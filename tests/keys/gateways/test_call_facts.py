"""What the door believes of what a gateway says: of one that proved itself, in its one pair of headers."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from agents.models import App
from audit.models import Call
from keyformat.grammar import checksum
from keys.gateways import call_facts
from keys.gateways.call_facts import PAIRS
from keys.plaintext import generate
from tests.factories import minted, taken_back
from tests.keys.asking import ask, call, error, known_gateway_of, opened, through
from tests.keys.signing import signed

pytestmark = pytest.mark.django_db
LIES = {
    "X-Original-Method": "DELETE",
    "X-Original-URI": "/lie",
    "X-Forwarded-Method": "DELETE",
    "X-Forwarded-Uri": "/lie",
}


@pytest.fixture
def secret(app: App) -> str:
    return opened(minted(app))[1]


def told() -> tuple[str, str]:
    return call().method, call().path


def test_without_a_gateway_nobody_is_believed(secret: str, settings: Settings) -> None:
    """A trusted proxy's word on the caller's address is no more than that."""
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1/32")]
    assert ask(secret, headers=LIES).status_code == 200
    assert told() == ("GET", "/verify")


def test_a_gateway_is_believed_in_its_own_pair_alone(secret: str) -> None:
    for pair, other in (("original", "forwarded"), ("forwarded", "original")):
        with taken_back():
            lies = {name: LIES[name] for name in PAIRS[other]}
            assert (
                through(secret, method="PUT", target="/orders/7", pair=pair, headers=lies).status_code == 200
            )
            assert told() == ("PUT", "/orders/7"), pair


def test_a_signature_is_held_to_what_was_called_not_to_what_its_caller_says(secret: str) -> None:
    claims = {"X-Original-Method": "GET", "X-Original-URI": "/harmless"}
    for extra in ({}, {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/harmless"}):
        with taken_back():
            headers = {**signed(secret, "/harmless"), **claims, **extra}
            assert error(ask(secret, headers=headers)) == (401, "invalid_signature")
            forwarded = {**headers, "X-Forwarded-Method": "DELETE", "X-Forwarded-Uri": "/secret"}
            forwarded["X-Alter-Gateway"] = known_gateway_of("forwarded")
            assert error(ask(secret, headers=forwarded)) == (401, "invalid_signature")
    assert ask(secret, headers=signed(secret, "/verify?")).status_code == 200


def test_a_gateway_that_leaves_out_or_doubles_what_was_called_is_told(secret: str) -> None:
    good = {"X-Original-Method": "GET", "X-Original-URI": "/orders"}
    wrong: list[dict[str, str]] = [
        *({name: value for name, value in good.items() if name != left_out} for left_out in good),
        {},
        {**good, "X-Original-Method": ""},
        {**good, "X-Original-URI": ""},
        {**good, "X-Original-Method": "GET, DELETE"},
        {**good, "X-Original-Method": "GET,DELETE"},
        {**good, "X-Original-Method": "GET DELETE"},
        {**good, "X-Original-URI": "/orders, /secret"},
        {**good, "X-Original-URI": "orders"},
        {**good, "X-Original-URI": "/orders\t/x"},
        {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/orders"},
    ]
    presented = known_gateway_of("original")
    for headers in wrong:
        with taken_back():
            answer = ask(secret, headers={**headers, "X-Alter-Gateway": presented})
            assert error(answer) == (400, "gateway_incomplete"), headers
            assert "X-Original-Method and X-Original-URI" in answer.json()["message"]
            assert (call().code, *told()) == ("gateway_incomplete", "GET", "/verify")


def test_a_secret_that_is_none_is_refused_not_ignored(secret: str) -> None:
    known = known_gateway_of("original")
    body = known[:-7] + ("a" if known[-7] != "a" else "b")
    wrong = ("", "x", known[:-1], body + known[-6:], body + checksum(body), f"{known}, {known}", secret)
    for presented in (*wrong, generate("gateway").take(), "\xe9", "alter_gateway_" + "é" * 40):
        with taken_back():
            answer = ask(secret, headers={**LIES, "X-Alter-Gateway": presented})
            assert error(answer) == (400, "gateway_unknown"), presented
            assert answer.headers["X-Refusal-Code"] == "gateway_unknown"
            assert (call().code, *told()) == ("gateway_unknown", "GET", "/verify")


def test_bytes_beyond_ascii_are_kept_as_an_address_writes_them(secret: str) -> None:
    """The layer below hands on Latin-1 characters, one for each byte."""
    through(secret, target="/caf\xe9?x=\xff")
    assert told() == ("GET", "/caf%E9")


def test_a_secret_in_any_address_is_refused_whoever_says_so(secret: str) -> None:
    for found in (secret, generate("gateway").take(), generate("token").take()):
        for name in ("X-Original-URI", "X-Forwarded-Uri"):
            with taken_back():
                assert error(ask(secret, headers={name: f"/x?k={found}"})) == (400, "key_in_url")
        with taken_back():
            assert error(ask(secret, query=f"k={found}")) == (400, "key_in_url")
            assert error(through(secret, target=f"/x?k={found}")) == (400, "key_in_url")
            assert found[-20:] not in str(list(Call.objects.values()))


def test_a_gateways_secret_is_not_on_record_wherever_it_is_sent(secret: str) -> None:
    known = known_gateway_of("original")
    ask(secret, headers={"User-Agent": known, "X-Request-Id": known, "X-Api-Key": known})
    through(method=known[:20], target=f"/{known}", headers={"User-Agent": f"curl {known}"})
    assert known[-20:] not in str(list(Call.objects.values()))


@pytest.mark.one_engine
@given(st.dictionaries(st.sampled_from(sorted(LIES)), st.text(max_size=12)))
def test_no_headers_of_a_stranger_change_what_was_called(headers: dict[str, str]) -> None:
    meta: dict[str, Any] = {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()
    }
    assert call_facts.read({**meta, "REQUEST_METHOD": "GET"}) == call_facts.CallFacts("GET")
