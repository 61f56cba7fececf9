"""The configurations in docs/gateways, as real gateways carry them out."""

import json

import httpx2
import pytest

from agents.models import Agent, App
from audit.actors import shell
from audit.models import Call
from core.clock import now
from core.durations import parse_duration
from core.ids import new_id
from keys.gateways.lifecycle import retire
from keys.lifecycle import deprecate
from keys.models import Gateway as KnownGateway
from keys.networks import parse_networks
from tests.factories import minted
from tests.gateways.gateway import Answer, Gateway
from tests.keys.asking import UNKNOWN, opened
from tests.keys.signing import signed

OPTIONS = b"OPTIONS /api/last/7 HTTP/1.1"
CHARGED = {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}
LEAVING = {"x-alter-key-deprecated", "deprecation", "sunset"}
pytestmark = pytest.mark.one_engine
"""A gateway speaks HTTP with the portal: what is behind /verify, tests/keys asks of both engines."""
ELSEWHERE = parse_networks(["203.0.113.0/24"])


def ask(front: Gateway, secret: str = "", path: str = "/api/last/7", **headers: str) -> httpx2.Response:
    """The gateway's answer to a call with `secret`; `headers` are named with _ for -."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if secret:
        sent["x-api-key"] = secret
    return httpx2.get(front.url + path, headers=sent, timeout=20)


def heard(answer: Answer) -> set[str]:
    """The names of what a caller hears of their key. Fails where one is said twice."""
    names = {"x-request-id", "x-refusal-code", "retry-after", *CHARGED, *LEAVING}
    assert not [name for name in names - {"sunset"} if "," in answer.headers.get(name, "")]
    return names & answer.headers.keys()


def on_record() -> tuple[str, str, int, str]:
    """Method, path, status and refusal of the one call on record."""
    call = Call.objects.get()
    return call.method, call.path, call.status, call.code


@pytest.fixture
def secret(app: App) -> str:
    return opened(minted(app))[1]


def test_a_good_key_passes_and_the_service_is_told_whose_it_is(front: Gateway, app: App) -> None:
    key, secret = opened(minted(app))
    body = ask(front, secret).json()
    assert (body["x-alter-key-id"], body["x-alter-key-prefix"]) == (str(key.id), key.prefix)
    assert (body["x-alter-app-id"], body["x-alter-scopes"]) == (str(app.id), "grants:read")


def test_an_agents_key_tells_its_agent(front: Gateway, app: App, agent: Agent) -> None:
    secret = opened(minted(app, agent=agent))[1]
    assert ask(front, secret).json()["x-alter-agent-id"] == str(agent.id)


def test_the_service_is_told_of_no_agent_where_there_is_none(front: Gateway, secret: str) -> None:
    assert "x-alter-agent-id" not in ask(front, secret).json()


def test_the_service_never_sees_the_key(front: Gateway, secret: str) -> None:
    answer = ask(front, secret)
    assert answer.status_code == 200
    assert secret not in answer.text


def test_what_a_caller_claims_to_be_does_not_arrive(front: Gateway, secret: str) -> None:
    claims = dict.fromkeys(("x_alter_key_id", "x_alter_agent_id", "x_alter_scopes"), "a lie")
    assert "a lie" not in ask(front, secret, **claims).text


def test_the_record_says_what_was_called_not_verify(front: Gateway, secret: str) -> None:
    ask(front, secret, "/api/last/7?q=1")
    assert on_record() == ("GET", "/api/last/7", 200, "")


@pytest.mark.parametrize(
    ("presented", "refused"), [("", "missing_api_key"), (UNKNOWN, "invalid_key"), ("junk", "invalid_key")]
)
def test_who_has_no_good_key_is_turned_away(front: Gateway, presented: str, refused: str, app: App) -> None:
    assert ask(front, presented).status_code == 401
    assert Call.objects.get().code == refused


def test_a_key_without_the_scope_is_turned_away(front: Gateway, app: App) -> None:
    assert ask(front, opened(minted(app, scopes="spans:emit"))[1]).status_code == 403
    assert Call.objects.get().code == "insufficient_scope"


def test_a_fenced_key_is_judged_by_the_callers_true_address(front: Gateway, app: App) -> None:
    secret = opened(minted(app, networks=ELSEWHERE))[1]
    assert ask(front, secret, x_forwarded_for="203.0.113.77").status_code == 403
    assert Call.objects.get().code == "ip_not_allowed"


def test_a_caller_who_is_too_fast_is_told_when_to_come_back(front: Gateway, app: App) -> None:
    secret = opened(minted(app, rate_limit_rpm=1))[1]
    assert ask(front, secret).status_code == 200
    answer = ask(front, secret)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_caller_hears_that_the_key_is_on_its_way_out(front: Gateway, app: App) -> None:
    key, secret = opened(minted(app))
    assert "x-alter-key-deprecated" not in ask(front, secret).headers
    deprecate(shell(), key)
    assert ask(front, secret).headers["x-alter-key-deprecated"] == "true"


def test_callers_hear_of_their_key_the_same_from_every_gateway(front: Gateway, app: App) -> None:
    """Whatever the service says, which says some of it, too."""
    key, secret = opened(minted(app, rate_limit_rpm=3, expires_at=now() + parse_duration("30d")))
    line = f"x-api-key: {secret}".encode()
    assert heard(front.send(line)) == {"x-request-id", *CHARGED}
    deprecate(shell(), key)
    for start in (b"GET /api/x HTTP/1.1", b"GET /api/broken HTTP/1.1"):
        answer = front.send(line, start=start)
        assert heard(answer) == {"x-request-id", *CHARGED, *LEAVING}
        assert answer.headers["x-request-id"] == str(Call.objects.order_by("-id")[:1].get().request_id)
    assert heard(front.send(line)) == {"x-request-id", "x-refusal-code", "retry-after", *CHARGED, *LEAVING}


def test_the_door_names_the_key_that_was_refused_to_the_log(front: Gateway, app: App) -> None:
    key, secret = opened(minted(app, scopes="spans:emit"))
    assert ask(front, secret).status_code == 403
    assert key.prefix not in ask(front, UNKNOWN).text
    if front.name != "caddy":  # its format names nothing that the door says
        assert f"key={key.prefix}" in front.logged()


def test_the_services_own_failure_goes_through(front: Gateway, secret: str) -> None:
    assert ask(front, secret, "/api/broken").status_code == 500


def test_the_access_log_holds_no_key(front: Gateway, secret: str) -> None:
    ask(front, secret)
    logged = front.logged()
    assert "/api/last/7" in logged
    assert secret not in logged
    assert secret[-20:] not in logged


def test_a_key_in_an_address_is_refused_and_cut_out_of_the_log(front: Gateway, secret: str) -> None:
    assert ask(front, "", f"/api/last/7?key={secret}").status_code == 400
    assert Call.objects.get().code == "key_in_url"
    assert "/api/last/7" in front.logged()
    assert secret not in front.logged()


def test_nobody_passes_while_the_portal_is_gone(running: Gateway) -> None:
    """The session's server is up, but without a database to answer from."""
    assert ask(running, UNKNOWN).status_code >= 500


def test_a_signed_call_passes_once(front: Gateway, secret: str) -> None:
    headers = signed(secret, "/api/last/7?page=2")
    told = [ask(front, secret, "/api/last/7?page=2", **headers).status_code for _ in range(2)]
    assert told == [200, 401]


def test_a_gateway_that_is_unknown_passes_nobody(front: Gateway, secret: str) -> None:
    """Loudly: it is the set-up that is at fault, and no caller's key."""
    retire(shell(), KnownGateway.objects.get())
    answer = ask(front, secret)
    assert answer.status_code not in (200, 401, 403)
    assert Call.objects.get().code == "gateway_unknown"


def test_a_key_with_more_scopes_than_a_header_holds_passes(front: Gateway, app: App) -> None:
    scopes = [f"agents:read:{new_id()}" for _ in range(80)]
    secret = opened(minted(app, scopes=",".join(scopes)))[1]
    wanted = opened(minted(app, scopes="grants:read," + ",".join(scopes[:79])))[1]
    assert ask(front, secret).status_code == 403
    answer = ask(front, wanted)
    assert answer.status_code == 200
    assert "x-alter-scopes" not in answer.json()


def test_a_browsers_question_before_a_call_reaches_the_service_without_a_key(
    front: Gateway, secret: str
) -> None:
    preflight = (b"Origin: https://example.com", b"Access-Control-Request-Method: PUT")
    claims = (b"X-Alter-Scopes: lie", b"X_Alter_Scopes: lie", b"X-Original-URI: lie", b"X-Alter-Gateway: lie")
    answer = front.send(*preflight, *claims, f"x-api-key: {secret}".encode(), start=OPTIONS)
    assert (answer.status, Call.objects.count()) == (200, 0)
    assert "lie" not in str(answer.seen)
    assert secret not in str(answer.seen)
    empty = [line.partition(b" ")[0] for line in preflight]
    for lines in (
        (),
        preflight[:1],
        preflight[1:],
        empty,
        (empty[0], preflight[1]),
        (preflight[0], empty[1]),
    ):
        assert front.send(*lines, start=OPTIONS).status == 401, lines
        assert front.send(*preflight, start=OPTIONS.replace(b"OPTIONS", b"GET")).status == 401


def test_a_head_is_asked_about_as_a_head(front: Gateway, secret: str) -> None:
    answer = front.send(f"x-api-key: {secret}".encode(), start=b"HEAD /api/last/7 HTTP/1.1")
    assert (answer.status, answer.headers["x-served-by"]) == (200, "the service")
    assert on_record() == ("HEAD", "/api/last/7", 200, "")


def test_a_browsers_question_hands_on_no_authorization(front: Gateway, secret: str) -> None:
    preflight = (b"Origin: https://example.com", b"Access-Control-Request-Method: PUT")
    own = b"Authorization: Bearer the-services-own"
    for key in ((), (f"x-api-key: {secret}".encode(),)):
        assert "authorization" not in front.send(*preflight, *key, own, start=OPTIONS).seen


def test_a_call_that_the_portal_cannot_read_is_told_so(front: Gateway, secret: str) -> None:
    """It is refused before it is judged, by the gateway or by the portal's parser: there is no code then."""
    answer = front.send(f"x-api-key: {secret}".encode(), b"X-Harmless: a\x01b")
    assert answer.status == 400 or answer.seen["x-harmless"]
    assert b'"error":""' not in answer.body
    if front.name == "nginx":
        assert json.loads(answer.body)["error"] == "bad_request"


def test_authorization_reaches_the_service_unless_there_is_a_key_in_it(front: Gateway, secret: str) -> None:
    bearer, key = f"Authorization: Bearer {secret}".encode(), f"x-api-key: {secret}".encode()
    assert "authorization" not in front.send(bearer).seen
    own = b"Authorization: Bearer the-services-own"
    assert front.send(key, own).seen["authorization"] == "Bearer the-services-own"
    for start in (b"Bearer ", b"BEARER x", b""):
        seen = front.send(key, b"authorization: " + start + secret.upper().encode()).seen
        assert "authorization" not in seen, start
    for lines in ((key, own, bearer), (key, bearer, own), (key, b"authorization: basic " + secret.encode())):
        answer = front.send(*lines)
        assert answer.status >= 400 or secret not in str(answer.seen), lines
