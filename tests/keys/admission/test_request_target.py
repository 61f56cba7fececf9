"""Two targets have the same canonical text only where the protocol says that they are the same (section 2.4)."""

import hmac
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from django.test import Client
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agents.models import App
from keys.admission import request_target, signatures
from tests.factories import minted
from tests.keys.asking import error, opened, through
from tests.keys.laws import law
from tests.sdk import raw

PIECES = st.sampled_from(
    [
        "a",
        "b",
        "/",
        ".",
        "%",
        "%FE",
        "%FF",
        "%fe",
        "\xfe",
        "\xff",
        "%C3%A9",
        "\xc3\xa9",
        "%EF%BF%BD",
        "%2F",
        "%3F",
        "?",
    ]
    + [
        "&",
        "=",
        "%26",
        "%3D",
        "+",
        "%20",
        "%2B",
        "%25",
        "%25FE",
        "%0A",
        "%00",
        ";",
        "#",
        "%ED%B0%80",
        "%E",
        "%zz",
    ]
)
RAW = st.lists(PIECES, max_size=6).map(lambda pieces: "/" + "".join(pieces))


def meaning(sent: str) -> tuple[bytes, tuple[tuple[bytes, bytes], ...] | None]:
    """What a target says: the bytes of its path, and the sorted pairs of its query."""
    path, _, query = sent.partition("?")
    pairs = [one.partition("=") for one in query.split("&") if one]
    told = sorted((_form(name), _form(value)) for name, _, value in pairs)
    return unquote_to_bytes(path.encode("latin-1")), tuple(told) if query else None


def _form(text: str) -> bytes:
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1"))


@pytest.mark.one_engine
@law
@given(RAW, RAW)
@example("/%FE", "/%FF")
@example("/?a=%FE", "/?a=%FF")
@example("/%FE", "/%EF%BF%BD")
@example("/%25FE", "/%FE")
@example("/a%3Fb=", "/a?b=")
@example("/?a=\xfe", "/?a=%C3%BE")
def test_different_targets_are_signed_differently(one: str, other: str) -> None:
    first, second = request_target.parse(one), request_target.parse(other)
    assume(not first.ambiguous and not second.ambiguous)
    alike = _text(first) == _text(second)
    assert alike == (meaning(one) == meaning(other))


def _text(target: request_target.Target) -> bytes:
    request = signatures.Request("GET", target.path, target.query, None, {})
    return signatures.signed_text(request).encode(errors="surrogateescape")


@pytest.mark.one_engine
@law
@given(RAW)
def test_a_server_that_tells_what_was_sent_and_one_that_does_not_agree(sent: str) -> None:
    path, _, query = sent.partition("?")
    decoded = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")
    told = request_target.from_environ({"PATH_INFO": decoded, "QUERY_STRING": query})
    whole = request_target.from_environ({"RAW_URI": sent, "PATH_INFO": "/elsewhere"})
    assert (told.path, told.query) == (whole.path, whole.query)


@pytest.fixture
def secret(app: App) -> str:
    return opened(minted(app, scopes="grants:write"))[1]


CHANGED = [
    ("/a/%FE", "/a/%FF"),
    ("/a?q=%FE", "/a?q=%FF"),
    ("/a/%FE", "/a/%EF%BF%BD"),
    ("/a/%FE", "/a/%25FE"),
    ("/a?q=%FE", "/a?q=\xff"),
    ("/a?q=", "/a%3Fq="),
    ("/a%25zz", "/a%zz"),
]
"""What was signed, and what is asked for with it."""


@pytest.mark.django_db
@pytest.mark.one_engine
def test_no_signature_passes_at_the_door_for_another_target(secret: str) -> None:
    for mine, theirs in CHANGED:
        answer = through(secret, target=theirs, headers=_signing(secret, mine))
        assert error(answer) == (401, "invalid_signature"), (mine, theirs)


SAME_TEXT = [
    ("/a/b", "/a%2fb"),
    ("/a/b", "/a%2Fb"),
    ("/a/../b", "/a/%2e%2E/b"),
    ("/a/../b", "/a/../b"),
    ("/a/.", "/a/%2e"),
    ("/a/..;x/b", "/a/..;x/b"),
    ("/a%5Cb", "/a\\b"),
    ("/a%5cb", "/a%5cb"),
    ("/a%23b", "/a#b"),
    ("/a%23b", "/a%23b"),
    ("/a?q=%23b", "/a?q=#b"),
    ("/a%00b", "/a%00b"),
    ("/a%0Ab", "/a%0ab"),
    ("/a%7F", "/a%7f"),
    ("/a?x=1", "/a%3Fx=1"),
]
"""What was signed, and what is asked for, which has the same canonical text: gateways and services differ over it."""


@pytest.mark.django_db
@pytest.mark.one_engine
def test_no_signature_at_the_door_fits_a_path_that_is_read_in_two_ways(secret: str) -> None:
    for mine, theirs in SAME_TEXT:
        answer = through(secret, target=theirs, headers=_signing(secret, mine))
        assert error(answer) == (401, "invalid_signature"), (mine, theirs)
        assert through(secret, target=theirs).status_code == 200, theirs  # unsigned, as before


@pytest.mark.django_db
@pytest.mark.one_engine
def test_what_the_protocol_calls_the_same_target_is_the_same(secret: str) -> None:
    """The whole list that docs/verify.md gives."""
    for mine, theirs in [
        ("/a/%7Eb", "/a/~b"),
        ("/a?q=%7E", "/a?q=~"),
        ("/a?q=+", "/a?q=%20"),
        ("/a?b=1&a=2", "/a?a=2&b=1"),
        ("/a?a=2&a=1", "/a?a=1&a=2"),
        ("/a?q=", "/a?q"),
        ("/a", "/a?"),
        ("/a?q=1", "/a?q=1&"),
        ("/a?q=1&r=2", "/a?&q=1&&r=2"),
        ("/a", "https://elsewhere.example/a"),
        ("/a%2Fb", "/a/b"),  # the text that is signed does not tell: nobody should sign these
        ("/a%3Fx=1", "/a?x=1"),
    ]:
        answer = through(secret, target=theirs, headers=_signing(secret, mine))
        assert answer.status_code == 200, (mine, theirs)


@pytest.mark.django_db
@pytest.mark.one_engine
def test_a_method_is_the_one_that_was_signed_letter_by_letter(secret: str) -> None:
    for method in ("get", "Get"):
        answer = through(secret, method=method, target="/a", headers=_signing(secret, "/a"))
        assert error(answer) == (401, "invalid_signature"), method
    told = _by_hand(secret, "/sdk/scopes")
    answer = Client().generic("get", "/sdk/scopes", headers=told)
    assert answer.json()["error"] == "invalid_signature"


@pytest.mark.django_db
@pytest.mark.one_engine
def test_bytes_that_are_no_text_can_be_signed(secret: str) -> None:
    target = "/a/%FE?q=%FF"
    assert through(secret, target=target, headers=_signing(secret, target)).status_code == 200


@pytest.mark.django_db
@pytest.mark.one_engine
def test_no_signature_passes_the_runtime_api_for_another_target(secret: str) -> None:
    for query, other in (("q=%FE", "q=%FF"), ("q=%EF%BF%BD", "q=%FE")):
        headers = _by_hand(secret, f"/sdk/scopes?{query}")
        sent: dict[str, Any] = {
            f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()
        }
        passes = Client().get("/sdk/scopes", QUERY_STRING=query, **sent)
        assert passes.json().get("error") != "invalid_signature", query
        headers = _by_hand(secret, f"/sdk/scopes?{query}")
        sent = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        assert (
            Client().get("/sdk/scopes", QUERY_STRING=other, **sent).json()["error"] == "invalid_signature"
        ), other


def _signing(secret: str, target: str) -> dict[str, str]:
    """The headers of a signature, without the key."""
    return {name: value for name, value in _by_hand(secret, target).items() if name != "x-api-key"}


def _by_hand(secret: str, target: str) -> dict[str, str]:
    """Signed as a program would that writes down the bytes it sends."""
    path, query = request_target.parse(target)[:2]
    headers = raw.sign(secret, "GET", "/", b"")
    names = ("X-Alter-Timestamp", "X-Alter-Nonce", "X-Alter-Content-SHA256")
    request = signatures.Request("GET", path, query, b"", {name: headers[name] for name in names})
    text = signatures.signed_text(request).encode(errors="surrogateescape")
    return headers | {"X-Alter-Signature": hmac.digest(signatures.signing_key(secret), text, "sha256").hex()}
