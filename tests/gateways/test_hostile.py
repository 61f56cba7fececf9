"""What callers send to make a gateway or the portal believe them, byte for byte, through every gateway."""

from itertools import product

import pytest

from agents.models import Agent, App
from audit.models import Call
from keys.gateways.config_files import KINDS, read
from keys.networks import parse_networks
from tests.factories import minted
from tests.gateways.conftest import SECRET
from tests.gateways.gateway import Answer, Gateway
from tests.keys.asking import opened
from tests.keys.signing import signed

pytestmark = pytest.mark.one_engine

CLAIMS = {
    "X-Alter-Key-Id": "lie",
    "X-Alter-Key-Prefix": "lie",
    "X-Alter-Key-Deprecated": "lie",
    "X-Alter-App-Id": "lie",
    "X-Alter-Agent-Id": "lie",
    "X-Alter-Scopes": "lie",
    "X-Alter-Gateway": SECRET,
    "X-Original-Method": "LIE",
    "X-Original-URI": "/lie",
    "X-Forwarded-Method": "LIE",
    "X-Forwarded-Uri": "/lie",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Host": "lie.example",
    "Forwarded": "for=203.0.113.7",
    **dict.fromkeys(
        (
            *(
                "X-Alter-Key-Name",
                "X-Alter-Key-Scopes",
                "X-Forwarded",
                "X-Forwarded-User",
                "X-Forwarded-Email",
            ),
            *("X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token"),
            *("X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert", "X-Forwarded-Tls-Client-Cert-Info"),
            *("X-Forwarded-Prefix", "X-Original-URL", "X-Original-Host", "X-Original-For"),
            *("X-Original-Forwarded-For", "X-Rewrite-URL", "X-HTTP-Method", "X-HTTP-Method-Override"),
            *("X-Method-Override", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "Client-IP"),
            *("True-Client-IP", "CF-Connecting-IP", "Fastly-Client-IP", "Forwarded-For"),
        ),
        "lie",
    ),
}
"""What callers may not say of themselves, nor of what they call."""
ELSEWHERE = r"^[^?#]*(\x5c|(/|%(25)*(2f|5c))([.]|%(25)*2e){1,2}([;/?#]|%(25)*(2f|5c|3b)|$))"
"""What an address looks like that a service may read as another, whatever case its letters have."""
SEPARATORS = "_.!#$%&'*+^`|~"
"""All that the name of a header may hold besides letters, digits and -."""
PREFLIGHT = (b"Origin: https://example.com", b"Access-Control-Request-Method: PUT")
OPTIONS = b"OPTIONS /api/last/7 HTTP/1.1"
LIES = ("lie", "LIE", "203.0.113.7", SECRET)


def spellings(name: str) -> list[bytes]:
    """A header's name as others may read it, too."""
    words = name.split("-")
    mixed = ["_".join([words[0], "-".join(words[1:])]), "_".join(["-".join(words[:-1]), words[-1]])]
    plain = [name, name.lower(), name.upper()]
    replaced = [name.replace("-", character) for character in SEPARATORS]
    return [one.encode() for one in dict.fromkeys([*plain, *(replaced + mixed if len(words) > 1 else [])])]


def told(answer: Answer) -> str:
    """The address, method and path on record, of the last call."""
    call = Call.objects.order_by("-id")[:1].get()
    return f"{call.ip} {call.method} {call.path}"


@pytest.fixture
def key(app: App) -> bytes:
    return b"x-api-key: " + opened(minted(app))[1].encode()


def test_what_a_caller_claims_is_believed_by_nobody(front: Gateway, key: bytes) -> None:
    """In any spelling, before and after the true ones, once and twice; and in a browser's question, too."""
    for name, lie in CLAIMS.items():
        lines = [spelling + b": " + lie.encode() for spelling in spellings(name)]
        answer = front.send(key, *lines, *lines[-1:])
        assert (answer.status, told(answer)) == (200, "127.0.0.1 GET /api/last/7"), name
        assert not [one for one in LIES if one in str(answer.seen)], name
        assert not [one for one in LIES if one in str(front.send(*PREFLIGHT, *lines, start=OPTIONS).seen)], (
            name
        )


@pytest.mark.parametrize(
    "line", (b"Connection", b"Keep-Alive", b"TE", b"Trailer", b"Upgrade", b"Proxy-Connection")
)
def test_what_a_caller_says_of_its_connection_takes_nothing_off(
    front: Gateway, app: App, agent: Agent, line: bytes
) -> None:
    """Names in Connection are those of headers that a proxy must not hand on."""
    secret = opened(minted(app, agent=agent))[1].encode()
    own = b"Authorization: Bearer the-services-own"
    plain = front.send(b"x-api-key: " + secret, own).seen
    for value in (
        b"X-Alter-Agent-Id",
        b"close, x-alter-key-id, X-Alter-App-Id,x-alter-scopes, x-request-id, X-Forwarded-For",
        b"X-Alter-Key-Prefix, Authorization, X-Api-Key, X-Alter-Gateway, X-Original-URI, X-Forwarded-Uri",
        b"upgrade",
    ):
        seen = front.send(b"x-api-key: " + secret, own, line + b": " + value, line + b": websocket").seen
        assert {**seen, "x-request-id": ""} == {**plain, "x-request-id": ""}, value
        assert seen["x-request-id"] != plain["x-request-id"]


def test_no_spelling_of_a_header_makes_a_fenced_key_pass(front: Gateway, app: App) -> None:
    key = b"x-api-key: " + opened(minted(app, networks=parse_networks(["203.0.113.0/24"])))[1].encode()
    for spelling in spellings("X-Forwarded-For"):
        for value in (
            b"203.0.113.7",
            b"203.0.113.7, 127.0.0.1",
            b"198.51.100.1\r\n\t203.0.113.7",
            b"203.0.113.7\xe9",
        ):
            assert front.send(key, spelling + b": " + value).status in (400, 403), (spelling, value)


def test_bytes_beyond_ascii_hide_nothing(front: Gateway, key: bytes) -> None:
    for line in (
        b"X-Forwarded-For: \xe9",
        b"X-Original-URI: /lie?x=\xe9",
        b"X-Forwarded-Uri: \xe9",
        b"X-Alter-Gateway: \xe9",
    ):
        answer = front.send(key, line)
        assert (answer.status, told(answer)) == (200, "127.0.0.1 GET /api/last/7"), line
    answer = front.send(key, start=b"GET /api/caf\xe9?x=\xe9 HTTP/1.1")
    assert answer.status == 400 or told(answer) == "127.0.0.1 GET /api/caf%E9"


def test_no_path_leads_elsewhere_than_it_begins(front: Gateway, key: bytes) -> None:
    """Through the service's eyes, which may decode first and take a backslash for a slash."""
    edges = ("/", "%2f", "%2F", "\\", "%5c", "%5C", "%252f")
    dots = ("..", "%2e%2e", ".%2E", "%2e.", ".", "%2e", "%252e.")
    ways = [f"/api/x{before}{dot}{after}admin" for before, dot, after in product(edges, dots, edges)]
    ways += [
        f"/api{edge}{dot}{end}"
        for edge, dot, end in product(edges, dots, ("", "?x", ";/x", ";a=1/x", "%3b/x"))
    ]
    ways += [
        "/api/../x",
        "/api/..\\admin",
        "/api/x\\..\\..\\admin",
        "/api/x%2f..%2fy",
        "/api/a/../../x",
        "/api/x\\y",
    ]
    for place, path in enumerate(ways):
        line = b"OPTIONS " if place % 7 == 0 or place < 40 else b"GET "
        answer = front.send(
            *(PREFLIGHT if line == b"OPTIONS " else (key,)), start=line + path.encode() + b" HTTP/1.1"
        )
        assert (answer.status, answer.headers.get("x-served-by")) == (400, None), path
        assert (
            b"service"
            not in front.send(key, start=b"GET http://api.example.com" + path.encode() + b" HTTP/1.1").body
        )
    assert not Call.objects.exists()


def test_a_dot_that_leads_nowhere_else_passes(front: Gateway, key: bytes) -> None:
    for path in (
        "/api/.well-known/x",
        "/api/a..b/c",
        "/api/x./y",
        "/api/...",
        "/api/x.y",
        "/api/x?at=/../y",
        "/api/x?\\",
    ):
        assert front.send(key, start=f"GET {path} HTTP/1.1".encode()).seen, path


def test_what_is_not_protected_is_not_there(front: Gateway, key: bytes) -> None:
    for path in ("/", "/elsewhere", "/apis/x", "/apix"):
        assert front.send(key, start=f"GET {path} HTTP/1.1".encode()).status == 404, path


def test_every_file_looks_for_a_way_out_with_the_same_expression() -> None:
    for kind, files in KINDS.items():
        assert ELSEWHERE in read(files.shipped), kind


def test_a_folded_line_hides_nothing(front: Gateway, key: bytes) -> None:
    answer = front.send(key, b"X-Harmless: 1\r\n X-Original-URI: /lie\r\n\tX-Forwarded-For: 203.0.113.7")
    assert answer.status == 400 or told(answer) == "127.0.0.1 GET /api/last/7"


def test_a_key_by_another_name_is_no_key(front: Gateway, key: bytes) -> None:
    for name in (b"x_api_key", b"X_API-KEY", b"x-api_key"):
        assert front.send(key.replace(b"x-api-key", name)).status == 401, name
        answer = front.send(key, key.replace(b"x-api-key", name))
        assert key[11:].decode() not in str(answer.seen), name


def test_a_signature_for_one_call_does_not_pass_another(front: Gateway, key: bytes) -> None:
    secret = key[11:].decode()
    for start in ("X-Original", "X-Forwarded"):
        claims = {f"{start}-Method": "GET", f"{start}-URI": "/api/harmless", "X-Alter-Gateway": SECRET}
        lines = [
            f"{name}: {value}".encode()
            for name, value in {**signed(secret, "/api/harmless"), **claims}.items()
        ]
        answer = front.send(key, *lines, start=b"DELETE /api/secret HTTP/1.1")
        assert (answer.status, told(answer)) == (401, "127.0.0.1 DELETE /api/secret"), start


def test_a_gateways_secret_is_never_on_record(front: Gateway, key: bytes) -> None:
    front.send(
        key,
        *(name + b": " + SECRET.encode() for name in (b"User-Agent", b"X-Request-Id", b"X-Alter-Gateway")),
    )
    row = Call.objects.values().get()
    assert row["user_agent"].startswith("alter_gateway_")
    assert SECRET[-20:] not in str(row)


def test_a_gateways_secret_is_not_in_its_log(front: Gateway, key: bytes) -> None:
    front.send(key, b"X-Alter-Gateway: " + SECRET.encode())
    assert SECRET not in front.logged()
