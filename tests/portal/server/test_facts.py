"""What a caller writes is not taken for what a proxy states, whatever the spelling; nothing that came is left out."""

import json
import re

import pytest

from portal.server import wsgi_environ
from tests.portal.server.conftest import Front

pytestmark = pytest.mark.one_engine
PROXY = b"X-Forwarded-For: 198.51.100.1"
"""What the trusted proxy says: who really calls."""
UNDERSCORED = (
    b"X_Forwarded_For",
    b"X-Forwarded_For",
    b"X_Forwarded-For",
    b"x_forwarded_for",
    b"X__Forwarded_For",
)


def test_a_name_with_an_underscore_counts_as_nothing_for_the_address(front: Front) -> None:
    for name in UNDERSCORED:
        claim = name + b": 203.0.113.7"
        for lines in ((PROXY, claim), (claim, PROXY), (claim, PROXY, claim)):
            assert front.verify("elsewhere", *lines).error == "ip_not_allowed", lines
            assert front.last_call()["ip"] == "198.51.100.1", lines


def test_a_name_with_an_underscore_carries_no_key(front: Front) -> None:
    key = front.keys["plain"].encode()
    for name in (b"x_api_key", b"X_API_KEY", b"x-api_key", b"x_api-key"):
        assert front.say(name + b": " + key).error == "missing_api_key", name


def test_an_idempotency_key_that_is_sent_twice_is_told_from_one_with_a_comma() -> None:
    for told, expected in (((b"a, b",), "a, b"), ((b"a", b"b"), "a\nb"), ((b"", b""), "\n")):
        headers = [(b"idempotency-key", value) for value in told]
        made = wsgi_environ.make("POST", b"/", headers, peer=None, server=None)
        assert made["HTTP_IDEMPOTENCY_KEY"] == expected


def test_what_is_set_in_the_environment_of_the_process_is_no_header(front: Front) -> None:
    assert front.say().error == "missing_api_key"
    assert front.last_call()["ip"] == "127.0.0.1"


def test_an_address_that_cannot_be_read_is_no_address(front: Front) -> None:
    for value in (
        b"\xe9",
        b"203.0.113.7\xe9",
        b"",
        b"unknown",
        b"203.0.113.7 203.0.113.8",
        b"127.0.0.1, \xff",
        b",",
    ):
        for key in ("here", "elsewhere"):
            facts = front.verify(key, b"X-Forwarded-For: " + value)
            assert (facts.status, facts.error) == (403, "ip_not_allowed"), value
        assert front.last_call()["ip"] == "", value


def test_addresses_said_in_several_headers_are_read_as_one_list(front: Front) -> None:
    assert (
        front.verify("elsewhere", b"X-Forwarded-For: 198.51.100.1", b"X-Forwarded-For: 203.0.113.7").status
        == 200
    )
    facts = front.verify("elsewhere", b"X-Forwarded-For: 203.0.113.7", b"X-Forwarded-For: 198.51.100.1")
    assert facts.error == "ip_not_allowed"


def test_a_range_of_mapped_addresses_trusts_the_proxy_it_means(front: Front) -> None:
    assert front.verify("plain", PROXY).status == 200
    assert front.last_call()["ip"] == "198.51.100.1"


def test_bytes_beyond_ascii_are_kept_as_they_came(front: Front) -> None:
    for sent, kept in (
        (b"scraper \xe9", r"scraper \xe9"),
        ("scraper é".encode(), "scraper é"),
        (b"\xff", r"\xff"),
    ):
        front.verify("plain", b"User-Agent: " + sent)
        assert front.last_call()["user_agent"] == kept


def test_a_key_that_cannot_be_read_is_not_a_missing_one(front: Front) -> None:
    for value in (b"caf\xe9", front.keys["plain"].encode() + b"\xe9", b"\x80"):
        assert front.say(b"x-api-key: " + value).error == "invalid_key", value


def test_two_keys_are_none(front: Front) -> None:
    facts = front.verify("plain", b"x-api-key: " + front.keys["here"].encode())
    assert facts.error == "invalid_key"


def test_a_key_in_an_address_is_noticed_beside_bytes_beyond_ascii(front: Front) -> None:
    key = front.keys["plain"].encode()
    for name in (b"X-Original-URI", b"X-Forwarded-Uri"):
        assert front.verify("plain", name + b": /api?x=\xe9&key=" + key).error == "key_in_url", name
    assert front.say(request=b"GET /verify?x=%E9&key=" + key + b" HTTP/1.1").error == "key_in_url"


def test_a_key_in_an_address_is_noticed_however_it_is_encoded(front: Front) -> None:
    key = front.keys["plain"]
    for written in (f"%a{key}", f"%{key}", f"%61{key[1:]}", f"%2561{key[1:]}", key.replace("_", "%255F")):
        for target in (f"/verify?x={written}", f"/verify?scope={written}", f"/verify?{written}=1"):
            facts = front.verify("plain", request=f"GET {target} HTTP/1.1".encode())
            assert facts.error == "key_in_url", target
        assert front.last_call()["detail"].count(key[22:]) == 0


def test_head_is_answered_like_get_without_its_body(front: Front) -> None:
    get = front.verify("plain")
    head = front.verify("plain", request=b"HEAD /verify HTTP/1.1")
    assert (head.status, head.body) == (200, b"")
    assert head.headers.keys() == get.headers.keys()
    assert head.headers["content-length"] == str(len(get.body))


def test_a_hundred_headers_are_not_too_many_and_too_many_are_on_record(front: Front) -> None:
    lines = [b"X-Filler-%d: 1" % number for number in range(300)]
    assert front.verify("plain", *lines[:101]).status == 200
    before = front.calls()
    facts = front.verify("plain", *lines)
    assert (facts.status, facts.error, front.calls()) == (431, "headers_too_large", before + 1)
    assert front.last_call()["code"] == "headers_too_large"


def test_headers_without_end_are_refused(front: Front) -> None:
    with front.connect() as there:
        there.sendall(b"GET /verify HTTP/1.1\r\nX-Long: " + b"x" * 600_000)
        assert there.recv(65536).startswith(b"HTTP/1.1 431 ")


def test_what_is_no_http_is_refused_in_json(front: Front) -> None:
    for raw in (
        b"\x16\x03\x01",
        b"GET /verify\r\n",
        b"GET / HTTP/1.1\r\nHost x\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        with front.connect() as there:
            there.sendall(raw + b"\r\n")
            told = there.recv(65536)
        assert told.startswith(b"HTTP/1.1 400 "), raw
        assert json.loads(told.partition(b"\r\n\r\n")[2])["error"] == "bad_request", raw


def test_other_spellings_of_the_address_are_judged_alike(front: Front) -> None:
    for target in (
        b"/verify",
        b"/verify?",
        b"/%76erify",
        b"http://elsewhere.example/verify",
        b"/verify?scope=agents:read",
    ):
        facts = front.verify("plain", request=b"GET " + target + b" HTTP/1.1")
        assert (facts.status, json.loads(facts.body)["allowed"]) == (200, True), target
        assert front.last_call()["path"] == "/verify", target


def test_requests_on_one_connection_are_answered_in_their_order(front: Front) -> None:
    key = b"x-api-key: " + front.keys["plain"].encode()
    asked = [
        b"GET /verify HTTP/1.1\r\nHost: localhost\r\n" + key + b"\r\n\r\n",
        b"GET /verify HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ]
    page = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    with front.connect() as there:
        there.sendall(asked[0] + asked[1] + page + b"\r\n" + asked[0] + page + b"Connection: close\r\n\r\n")
        raw = b""
        while part := there.recv(65536):
            raw += part
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", raw)]
    assert statuses == [200, 401, 200, 200, 200]


def test_a_request_with_two_meanings_is_refused(front: Front) -> None:
    both = (b"Content-Length: 4", b"Transfer-Encoding: chunked")
    for lines in (
        both,
        both[::-1],
        (b"Content-Length: 4", b"Content-Length: 5"),
        (b"Transfer-Encoding : chunked",),
    ):
        assert (
            front.verify("plain", *lines, request=b"POST /verify HTTP/1.1", body=b"0\r\n\r\n").status == 400
        ), lines


def test_a_question_that_cannot_be_read_is_on_record(front: Front) -> None:
    for target in (b"/verify?" + b"scope=a:read&" * 1200, b"/verify?scope=%FF", b"/verify?signature=perhaps"):
        before = front.calls()
        facts = front.verify("plain", request=b"GET " + target + b" HTTP/1.1")
        assert facts.status in (400, 422), target[:30]
        assert front.calls() == before + 1, target[:30]
        assert front.last_call()["request_id"] == facts.headers["x-request-id"], target[:30]
