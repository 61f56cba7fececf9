"""What a program may ask for at /authorize/: an answer to this machine alone, proven by S256, for known permissions."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from core.errors import BadRequest
from portal.permissions import READING_AND_WRITING
from portal.roles import EVERYTHING
from portal.tokens.authorize_request import parse_request

SENT = {
    "client": "alter on laptop",
    "scopes": "dashboard_keys:read,dashboard_audit:read",
    "redirect_uri": "http://127.0.0.1:49152/callback",
    "state": "a state",
    "code_challenge": "A" * 43,
    "code_challenge_method": "S256",
}


@pytest.mark.parametrize(
    ("redirect_uri", "origin"),
    [
        ("http://127.0.0.1:49152/callback", "http://127.0.0.1:49152"),
        ("http://localhost:1/", "http://localhost:1"),
        ("http://[::1]:65535/a/b", "http://[::1]:65535"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_answer_goes_to_this_machine(redirect_uri: str, origin: str) -> None:
    assert parse_request({**SENT, "redirect_uri": redirect_uri}).origin == origin


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "",
        "/callback",
        "http://127.0.0.1/callback",
        "https://127.0.0.1:8080/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:08/",
        "http://127.0.0.1:8080@example.com/",
        "http://user@127.0.0.1:8080/",
        "http://127.0.0.1.example.com:8080/",
        "http://localhost.example.com:8080/",
        "http://127.0.0.2:8080/",
        "http://0.0.0.0:8080/",
        "http://example.com:8080/",
        "http://127.0.0.1:8080/?next=http://example.com",
        "http://127.0.0.1:8080/#x",
        "http://127.0.0.1:8080/\r\nSet-Cookie: a=b",
        "http://127.0.0.1:8080/callback\n",
        "http://127.0.0.1:8080\\example.com/",
        "http://127.0.0.1:٨٠٨٠/",
        "javascript:alert(1)//http://127.0.0.1:8080/",
        "HTTP://127.0.0.1:8080/",
    ],
)
def test_it_goes_nowhere_else(redirect_uri: str) -> None:
    with pytest.raises(BadRequest, match="Invalid redirect_uri"):
        parse_request({**SENT, "redirect_uri": redirect_uri})


@pytest.mark.parametrize("state", ["x", "a&b=c+d %2F#?;~", "A" * 500])
def test_the_state_comes_back_untouched(state: str) -> None:
    back = parse_request({**SENT, "state": state}).redirect_url(code="abc")
    assert parse_qsl(urlsplit(back).query) == [("code", "abc"), ("state", state)]


@pytest.mark.parametrize("state", ["", "a\nb", "é", "A" * 501])
def test_a_state_that_could_not_come_back_untouched_is_refused(state: str) -> None:
    with pytest.raises(BadRequest, match="Invalid state"):
        parse_request({**SENT, "state": state})


@pytest.mark.parametrize("method", ["plain", "s256", ""])
def test_no_method_but_s256_is_taken(method: str) -> None:
    with pytest.raises(BadRequest, match="S256"):
        parse_request({**SENT, "code_challenge_method": method})


@pytest.mark.parametrize("challenge", ["", "A" * 42, "A" * 44, "A" * 42 + "="])
def test_a_challenge_must_be_one(challenge: str) -> None:
    with pytest.raises(BadRequest, match="challenge"):
        parse_request({**SENT, "code_challenge": challenge})


@pytest.mark.parametrize("client", ["", "a" * 81, "a\u202eb", "alter_pat_" + "A" * 40])
def test_a_program_must_have_a_name_that_can_be_shown(client: str) -> None:
    with pytest.raises(BadRequest, match="name"):
        parse_request({**SENT, "client": client})


def test_unknown_scopes_are_named() -> None:
    with pytest.raises(BadRequest, match="'grants:read', 'dashboard_keys:own' are not permissions"):
        parse_request({**SENT, "scopes": "dashboard_keys:read,grants:read,dashboard_keys:own"})


@pytest.mark.parametrize(
    ("scopes", "permissions"),
    [
        ("", READING_AND_WRITING),
        (" , ", READING_AND_WRITING),
        ("all", EVERYTHING),
        ("dashboard_keys:read dashboard_apps:delete", ["dashboard_apps:delete", "dashboard_keys:read"]),
    ],
)
def test_what_is_not_said_is_all_reading_and_writing(scopes: str, permissions: list[str]) -> None:
    assert parse_request({**SENT, "scopes": scopes}).permissions == permissions


def test_the_forms_fields_say_the_same_wish_again() -> None:
    asked = parse_request({**SENT, "scopes": "all"})
    assert parse_request(asked.fields()) == asked
