"""The door over HTTP: what it answers and what it refuses. Its record: test_door_record.py."""

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.http import http_date
from pytest_django import Settings

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Call
from core.clock import at
from keys import lifecycle
from keys.models import RateBucket
from keys.networks import parse_networks
from tests.factories import minted
from tests.keys.asking import UNKNOWN, ask, call, error, opened

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def secret(app: App) -> str:
    """The plaintext of a key that may read grants."""
    return minted(app).plaintext.take()


# ── yes ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_yes_says_whose_key_it_was(app: App, agent: Agent) -> None:
    key, secret = opened(minted(app, agent=agent, scopes="grants:write,agents:read"))

    answer = ask(secret)

    told = {name: value for name, value in answer.headers.items() if name.startswith("X-Alter")}
    assert answer.status_code == 200
    assert told == {
        "X-Alter-Key-Id": str(key.id),
        "X-Alter-Key-Prefix": key.prefix,
        "X-Alter-App-Id": str(app.id),
        "X-Alter-Agent-Id": str(agent.id),
        "X-Alter-Scopes": "agents:read,grants:write",
    }


def test_its_body_says_the_same(app: App) -> None:
    key, secret = opened(minted(app))

    assert ask(secret).json() == {
        "allowed": True,
        "key_id": str(key.id),
        "key_prefix": key.prefix,
        "app_id": str(app.id),
        "agent_id": None,
        "scopes": ["grants:read"],
    }


def test_an_app_key_has_no_agent_header(secret: str) -> None:
    assert "X-Alter-Agent-Id" not in ask(secret).headers


def test_every_answer_to_a_known_key_is_metered(app: App) -> None:
    secret = minted(app, rate_limit_rpm=60).plaintext.take()
    with at(NOON):
        answer = ask(secret)

    assert [answer[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")] == [
        "60",
        "59",
        str(int(NOON.timestamp()) + 1),
    ]


def test_post_is_answered_like_get(secret: str) -> None:
    assert (
        Client()
        .post("/verify", data=b"{", content_type="text/plain", headers={"x-api-key": secret})
        .json()["allowed"]
    )


def test_no_cookie_and_no_token_are_needed_and_none_is_set(secret: str) -> None:
    client = Client(enforce_csrf_checks=True)

    assert not client.post("/verify", headers={"x-api-key": secret, "origin": "https://example.com"}).cookies


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_another_method_is_refused_in_json(secret: str, method: str) -> None:
    answer = getattr(Client(), method)("/verify", headers={"x-api-key": secret})

    assert (answer.status_code, answer["Allow"], answer["Content-Type"]) == (
        405,
        "GET, HEAD, POST",
        "application/json",
    )


@pytest.mark.parametrize("host", ["evil.example.com", "checkout", "", "a b"])
def test_any_host_is_answered(secret: str, host: str) -> None:
    assert ask(secret, HTTP_HOST=host).status_code == 200


@pytest.mark.parametrize("word", ["Bearer", "bearer", "BEARER"])
def test_a_key_may_come_as_a_bearer(secret: str, word: str) -> None:
    assert ask(headers={"authorization": f"{word} {secret}"}).status_code == 200


def test_space_around_a_key_is_forgiven(secret: str) -> None:
    assert ask(f" {secret}\t").status_code == 200


def test_the_header_wins_over_the_bearer(secret: str) -> None:
    assert ask(UNKNOWN, headers={"authorization": f"Bearer {secret}"}).status_code == 401


def test_an_answer_is_never_kept(secret: str) -> None:
    assert [ask(secret)["Cache-Control"], ask()["Cache-Control"]] == ["no-store", "no-store"]


def test_the_callers_request_id_comes_back(secret: str) -> None:
    answer = ask(secret, headers={"x-request-id": "req-7"})

    assert (answer["X-Request-Id"], call().request_id) == ("req-7", "req-7")


# ── no ──────────────────────────────────────────────────────────────────────────────────────────────


def test_no_key_is_refused(app: App) -> None:
    answer = ask()

    assert (error(answer), answer["WWW-Authenticate"]) == ((401, "missing_api_key"), 'ApiKey realm="alter"')


@pytest.mark.parametrize("bearer", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer\t"])
def test_an_empty_or_other_authorization_is_no_key(app: App, bearer: str) -> None:
    assert error(ask(headers={"authorization": bearer})) == (401, "missing_api_key")


def test_a_mistyped_an_unknown_and_a_revoked_key_look_the_same(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.revoke(shell(), key)
    mistyped = secret[:-1] + ("0" if secret[-1] != "0" else "1")

    answers = [ask(presented) for presented in (mistyped, UNKNOWN, secret, "hunter2", "alter_key_app_")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    assert error(answers[0]) == (401, "invalid_key")


def test_a_refused_key_is_told_nothing_of_whose_it_is(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.revoke(shell(), key)

    assert not [name for name in ask(secret).headers if name.startswith("X-Alter")]


def test_a_key_works_until_it_expires(app: App) -> None:
    with at(NOON):
        secret = minted(app, expires_at=NOON + HOUR).plaintext.take()

    with at(NOON + HOUR - timedelta(microseconds=1)):
        assert ask(secret).status_code == 200
    with at(NOON + HOUR):
        assert error(ask(secret)) == (401, "key_expired")


def test_a_suspended_agents_keys_are_refused_until_it_is_resumed(app: App, agent: Agent) -> None:
    secret = minted(app, agent=agent).plaintext.take()

    agents_lifecycle.suspend_agent(shell(), agent)
    assert error(ask(secret)) == (401, "agent_inactive")
    agents_lifecycle.resume_agent(shell(), agent)
    assert ask(secret).status_code == 200


def test_an_archived_apps_keys_keep_working(app: App, secret: str) -> None:
    agents_lifecycle.archive_app(shell(), app)

    assert ask(secret).status_code == 200


# ── the address ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def confined(app: App) -> str:
    """The plaintext of a key that may be used from two ranges."""
    ranges = parse_networks(["203.0.113.0/24", "2001:db8:1::/48"])
    return minted(app, networks=ranges).plaintext.take()


@pytest.fixture
def proxied(settings: Settings) -> None:
    """Trust two proxies."""
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1/32"), ipaddress.ip_network("192.0.2.0/24")]


@pytest.mark.parametrize("address", ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8:1::9"])
def test_a_listed_address_passes(confined: str, address: str) -> None:
    assert ask(confined, REMOTE_ADDR=address).status_code == 200


@pytest.mark.parametrize("address", ["198.51.100.7", "2001:db8:2::9", "", "unix:"])
def test_another_address_or_none_is_refused(confined: str, address: str) -> None:
    assert error(ask(confined, REMOTE_ADDR=address)) == (403, "ip_not_allowed")


def test_what_a_stranger_says_was_forwarded_is_not_believed(confined: str) -> None:
    refused = ask(confined, REMOTE_ADDR="198.51.100.7", headers={"x-forwarded-for": "203.0.113.9"})

    assert (error(refused), call().ip) == ((403, "ip_not_allowed"), "198.51.100.7")


@pytest.mark.parametrize(
    "hops",
    [
        "203.0.113.9",
        "203.0.113.9:4711",
        "198.51.100.7, 203.0.113.9",
        "203.0.113.9, 192.0.2.8",
        "nonsense, 203.0.113.9,192.0.2.8",
    ],
)
def test_behind_trusted_proxies_the_nearest_stranger_is_the_caller(
    confined: str, proxied: None, hops: str
) -> None:
    assert ask(confined, headers={"x-forwarded-for": hops}).status_code == 200
    assert call().ip == "203.0.113.9"


@pytest.mark.parametrize(
    "hops",
    ["203.0.113.9, 198.51.100.7", "203.0.113.9, nonsense", "203.0.113.9,", "203.0.113.9, 203.0.113.9\0"],
)
def test_a_forged_or_broken_hop_does_not_open_the_door(confined: str, proxied: None, hops: str) -> None:
    assert error(ask(confined, headers={"x-forwarded-for": hops})) == (403, "ip_not_allowed")


# ── scopes ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_scope_the_key_lacks_is_refused_with_what_is_missing(app: App) -> None:
    secret = minted(app, scopes="grants:write,agents:read").plaintext.take()

    refused = ask(secret, "agents:write", "grants:read")

    assert error(refused) == (403, "insufficient_scope")
    assert {name: refused.json()[name] for name in ("required", "granted", "missing")} == {
        "required": ["agents:write", "grants:read"],
        "granted": ["agents:read", "grants:write"],
        "missing": ["agents:write"],
    }


def test_every_scope_asked_for_must_be_held(app: App) -> None:
    secret = minted(app, scopes="grants:write,agents:read").plaintext.take()

    assert ask(secret, "grants:read", "agents:read", "grants:write").status_code == 200


def test_what_was_asked_for_is_on_record(secret: str) -> None:
    ask(secret, "grants:read", "agents:write:a1")

    assert call().scopes == "agents:write:a1,grants:read"


@pytest.mark.parametrize(
    "scope", ["", "*", "grants:*", "grants:read,agents:read", "grants%3Aread%00", "%ff%fe"]
)
def test_a_malformed_scope_is_refused_and_not_taken_for_none(secret: str, scope: str) -> None:
    answer = ask(secret, scope)

    assert (error(answer), call().allowed, call().check_failed) == ((422, "invalid_scope"), False, "question")


def test_a_scope_outside_the_catalogue_is_refused(secret: str) -> None:
    assert error(ask(secret, "users:read")) == (422, "unknown_scope")


def test_too_many_scopes_are_refused(secret: str) -> None:
    assert error(ask(secret, *(f"grants:read:g{n}" for n in range(101)))) == (422, "invalid_scope")


def test_too_many_parameters_are_refused_in_json(secret: str) -> None:
    answer = ask(secret, query="&".join(f"p{n}=" for n in range(2000)))

    assert error(answer) == (400, "bad_request")


# ── a key in the address ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "query",
    [
        "api_key={}",
        "api_key={}&api_key=",
        "scope={}",
        "scope=grants:read&scope={}",
        "scope=grants:read:{}",
        "next=%20{}",
        "next=https://example.com/?key={}",
        "{}=1",
        "{}",
    ],
)
def test_a_key_in_the_address_is_refused_and_kept_nowhere(app: App, query: str) -> None:
    key, secret = opened(minted(app))

    answer = ask(query=query.format(secret))

    assert error(answer) == (400, "key_in_url")
    assert (call().key_id, call().code) == (key.id, "key_in_url")
    assert secret[22:] not in answer.content.decode() + str(Call.objects.values())


def test_a_key_in_the_address_is_refused_even_beside_one_in_the_header(secret: str) -> None:
    assert error(ask(secret, query=f"k={UNKNOWN}")) == (400, "key_in_url")


# ── the throttle ────────────────────────────────────────────────────────────────────────────────────


def test_a_spent_key_is_told_how_long_to_wait(app: App) -> None:
    secret = minted(app, rate_limit_rpm=2).plaintext.take()
    with at(NOON):
        ask(secret)
        ask(secret)
        refused = ask(secret)

    assert (error(refused), refused["Retry-After"], refused["X-RateLimit-Remaining"]) == (
        (429, "rate_limit_exceeded"),
        "30",
        "0",
    )
    body = refused.json()
    assert [body[name] for name in ("scope", "limit", "window_seconds", "retry_after")] == [
        "api_key",
        2,
        60,
        30,
    ]


def test_after_that_long_one_call_passes(app: App) -> None:
    secret = minted(app, rate_limit_rpm=2).plaintext.take()
    with at(NOON):
        statuses = [ask(secret).status_code for _ in range(3)]
    with at(NOON + timedelta(seconds=30)):
        statuses += [ask(secret).status_code for _ in range(2)]

    assert statuses == [200, 200, 429, 200, 429]


def test_a_call_refused_for_its_key_is_not_charged(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.revoke(shell(), key)
    ask(secret)

    assert not RateBucket.objects.exists()


def test_a_call_refused_for_its_address_is_not_charged(confined: str) -> None:
    answer = ask(confined, REMOTE_ADDR="198.51.100.7")

    assert (RateBucket.objects.exists(), "X-RateLimit-Limit" in answer.headers) == (False, False)


def test_a_call_refused_for_its_scope_is_charged(secret: str) -> None:
    assert int(ask(secret, "grants:admin")["X-RateLimit-Remaining"]) == 5999


# ── deprecation ─────────────────────────────────────────────────────────────────────────────────────


def warned(answer: Any) -> list[str | None]:
    return [answer.headers.get(name) for name in ("X-Alter-Key-Deprecated", "Deprecation", "Sunset")]


@pytest.fixture
def leaving(app: App) -> str:
    """The plaintext of a key deprecated at noon, with every reason there is to refuse it."""
    with at(NOON):
        key, secret = opened(
            minted(app, networks=parse_networks(["203.0.113.0/24"]), rate_limit_rpm=2, expires_at=NOON + DAY)
        )
        lifecycle.deprecate(shell(), key)
    return secret


WARNING = ["true", f"@{int(NOON.timestamp())}", http_date((NOON + DAY).timestamp())]


def test_a_yes_to_a_deprecated_key_warns(leaving: str) -> None:
    with at(NOON):
        assert warned(ask(leaving, REMOTE_ADDR="203.0.113.9")) == WARNING


@pytest.mark.parametrize(
    "asked, code",
    [
        ({"REMOTE_ADDR": "198.51.100.7"}, "ip_not_allowed"),
        ({"REMOTE_ADDR": "203.0.113.9", "query": "scope=grants:admin"}, "insufficient_scope"),
        ({"REMOTE_ADDR": "203.0.113.9", "query": "scope=*"}, "invalid_scope"),
    ],
)
def test_a_no_to_a_deprecated_key_warns_too(leaving: str, asked: dict[str, Any], code: str) -> None:
    with at(NOON):
        answer = ask(leaving, **asked)

    assert (answer.json()["error"], warned(answer)) == (code, WARNING)


def test_a_spent_deprecated_key_is_warned(leaving: str) -> None:
    with at(NOON):
        answers = [ask(leaving, REMOTE_ADDR="203.0.113.9") for _ in range(3)]

    assert (answers[-1].status_code, warned(answers[-1])) == (429, WARNING)


def test_an_expired_deprecated_key_is_warned(leaving: str) -> None:
    with at(NOON + DAY):
        answer = ask(leaving)

    assert (error(answer), warned(answer)) == ((401, "key_expired"), WARNING)


def test_a_key_without_an_end_has_no_sunset(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.deprecate(shell(), key)

    assert warned(ask(secret))[2] is None


def test_a_key_in_grace_sets_with_its_grace(app: App) -> None:
    with at(NOON):
        key, secret = opened(minted(app, expires_at=NOON + 365 * DAY))
        lifecycle.rotate(shell(), key, grace=HOUR)

        assert warned(ask(secret))[2] == http_date((NOON + HOUR).timestamp())


def test_a_key_that_is_not_deprecated_warns_of_nothing(app: App) -> None:
    secret = minted(app, expires_at=datetime.now(UTC) + DAY).plaintext.take()

    assert warned(ask(secret)) == [None, None, None]


def test_a_key_in_the_address_of_the_service_behind_the_gateway_is_told_as_exposed(app: App) -> None:
    secret = minted(app).plaintext.take()
    answer = ask(headers={"X-Original-URI": f"/grants?api_key={secret}"})
    assert error(answer) == (400, "key_in_url")
    assert secret not in call().path + call().detail
