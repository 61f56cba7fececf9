"""What the door leaves behind: one row a call, whatever comes in, at a known price, or no answer at all."""

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from agents.models import Agent, App
from audit.actors import shell
from audit.models import Call
from core.clock import at
from keys import lifecycle
from keys.admission.verdict import MAX_FACT_VALUES
from keys.models import RateBucket
from keys.networks import parse_networks
from tests.factories import minted
from tests.keys.asking import UNKNOWN, again, ask, call, error, opened, through
from tests.keys.family import derived, parent_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def secret(app: App) -> str:
    """The plaintext of a key that may read grants."""
    return minted(app).plaintext.take()


@pytest.fixture
def proxied(settings: Settings) -> None:
    """Trust two proxies."""
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1/32"), ipaddress.ip_network("192.0.2.0/24")]


# ── the record ──────────────────────────────────────────────────────────────────────────────────────


def test_a_yes_is_on_record_with_all_that_names_its_key(app: App, agent: Agent) -> None:
    key, secret = opened(minted(app, agent=agent, name="worker"))
    with at(NOON):
        ask(secret, REMOTE_ADDR="203.0.113.9", headers={"user-agent": "curl/8"})

    row = call()
    assert (row.key_id, row.key_prefix, row.key_name) == (key.id, key.prefix, "worker")
    assert (row.app_id, row.agent_id, row.agent_name) == (app.id, agent.id, "refund-agent")
    assert (row.at, row.via, row.ip, row.user_agent) == (NOON, "door", "203.0.113.9", "curl/8")
    assert (row.status, row.allowed, row.code, row.check_failed) == (200, True, "", "")


def test_a_no_to_a_known_key_is_on_record_with_the_check_that_failed(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.revoke(shell(), key)
    ask(secret)

    row = call()
    assert (row.key_id, row.key_prefix, row.app_id) == (key.id, key.prefix, app.id)
    assert (row.status, row.allowed, row.code, row.check_failed) == (401, False, "invalid_key", "not revoked")


def test_what_the_failed_check_found_is_on_record_as_data(app: App) -> None:
    slow = minted(app, rate_limit_rpm=1).plaintext.take()
    here = minted(app, networks=parse_networks(["203.0.113.0/24"])).plaintext.take()
    with at(NOON):
        ask(minted(app, name="scopes").plaintext.take(), "grants:write", "keys:read")
        ask(here, REMOTE_ADDR="198.51.100.7")
        ask(slow), ask(slow)
    facts = dict(Call.objects.filter(allowed=False).values_list("check_failed", "facts"))
    assert facts == {
        "scope": {"missing": ["grants:write", "keys:read"]},
        "address": {"allowed_networks": ["203.0.113.0/24"]},
        "throttle": {"limit": 1, "retry_after": 60},
    }


def test_a_yes_and_a_no_without_more_to_say_have_no_facts(secret: str) -> None:
    ask(secret)
    ask(UNKNOWN)
    assert set(Call.objects.values_list("facts", flat=True)) == {None}


def test_a_list_among_the_facts_is_bounded(app: App) -> None:
    ranges = parse_networks(f"10.{n}.1.0/24" for n in range(30))
    ask(minted(app, networks=ranges).plaintext.take(), REMOTE_ADDR="198.51.100.7")
    assert len((call().facts or {})["allowed_networks"]) == MAX_FACT_VALUES


def test_a_no_to_an_unknown_key_is_on_record_by_its_prefix(app: App) -> None:
    ask(UNKNOWN)

    row = call()
    assert (row.key_id, row.app_id, row.key_prefix, row.check_failed) == (None, None, UNKNOWN[:22], "known")


def test_a_no_to_a_mistyped_key_is_on_record_as_such(app: App) -> None:
    ask(UNKNOWN[:-1])

    assert (call().check_failed, call().detail) == ("format", "malformed: shape or checksum")


def test_every_call_is_one_row(secret: str) -> None:
    for presented in (secret, secret, UNKNOWN, "", "hunter2"):
        ask(presented)

    assert Call.objects.count() == 5


@pytest.mark.parametrize("pair", ["original", "forwarded"])
def test_the_call_a_gateway_asks_about_is_the_one_on_record(secret: str, pair: str) -> None:
    through(secret, method="DELETE", target="/v1/refunds/7?token=s3cret#top", pair=pair)

    assert (call().method, call().path) == ("DELETE", "/v1/refunds/7")


@pytest.mark.parametrize(
    "uri, path",
    [
        ("/plain", "/plain"),
        ("https://api.example.com/v1/x?y=1", "/v1/x"),
        ("//v1/refunds?x=1", "//v1/refunds"),
        ("/a;b=c/d?e", "/a;b=c/d"),
        ("/%2e%2e/x?y", "/%2e%2e/x"),
        ("http://[broken/x?api_key=s3cret", "/x"),
        ("/" + "x" * 600, "/" + "x" * 499),
        (f"/keys/{UNKNOWN}/show", f"/keys/{UNKNOWN[:22]}[redacted]/show"),
    ],
)
def test_a_path_is_recorded_without_query_host_or_key(secret: str, uri: str, path: str) -> None:
    through(secret, target=uri)

    assert call().path == path


HOSTILE = [
    "\0",
    "a\0b",
    "\x01\x1b[31m\x7f",
    "é" * 400,
    "\xff\xfe\x80",
    "A" * 10_240,
    "' OR 1=1 --",
    "\u202e".encode().decode("latin-1"),
]


@pytest.mark.parametrize(
    "header",
    [
        "HTTP_USER_AGENT",
        "HTTP_X_REQUEST_ID",
        "HTTP_X_ORIGINAL_METHOD",
        "HTTP_X_ORIGINAL_URI",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_METHOD",
        "HTTP_X_FORWARDED_URI",
        "HTTP_HOST",
        "HTTP_AUTHORIZATION",
        "REMOTE_ADDR",
    ],
)
@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_hostile_header_breaks_nothing_and_is_recorded_cleanly(
    secret: str, proxied: None, header: str, value: str
) -> None:
    environment: dict[str, Any] = {header: value}
    assert ask(secret, **environment).status_code == 200

    row = call()
    kept = row.user_agent + row.request_id + row.method + row.path + row.ip
    assert not set(kept) & set(map(chr, [*range(32), *range(127, 160)]))


@pytest.mark.parametrize("value", [*HOSTILE, "alter_key_app_\0\0", "alter_key_app_" + "é" * 36], ids=ascii)
def test_a_hostile_key_is_refused_and_recorded_cleanly(app: App, value: str) -> None:
    answer = ask(HTTP_X_API_KEY=value)

    assert answer.status_code == 401
    assert call().key_prefix in ("", "alter_key_app_")


@pytest.mark.parametrize(
    "query", ["scope=%00", "%00=%00", "scope=%ff", "=&&&=", "scope=" + "a" * 20_000, "\xe9"]
)
def test_a_hostile_query_breaks_nothing(secret: str, query: str) -> None:
    assert ask(secret, QUERY_STRING=query).status_code in (200, 422)


# ── faults ──────────────────────────────────────────────────────────────────────────────────────────


def failing(statement: str, error: type[DatabaseError]) -> Any:
    """Within this block the database is lost at `statement`."""

    def lost(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if statement in sql:
            raise error("server closed the connection unexpectedly")
        return execute(sql, *rest)

    return connection.execute_wrapper(lost)


@pytest.mark.parametrize(
    "statement",
    ["own.pepper", "SELECT bucket", "INSERT INTO audit_call"],
    ids=["look up", "charge", "record"],
)
def test_without_the_database_there_is_no_yes(secret: str, statement: str) -> None:
    with failing(statement, OperationalError):
        answer = ask(secret)

    assert (error(answer), answer["Retry-After"]) == ((503, "unavailable"), "2")
    assert not [name for name in answer.headers if name.startswith("X-Alter")]


def test_a_call_that_could_not_be_recorded_was_not_charged(secret: str) -> None:
    with failing("INSERT INTO audit_call", OperationalError):
        ask(secret)

    assert not RateBucket.objects.exists()


def test_a_no_that_cannot_be_recorded_is_not_told_either(app: App) -> None:
    with failing("INSERT INTO audit_call", OperationalError):
        assert error(ask(UNKNOWN)) == (503, "unavailable")


def test_our_own_mistake_is_no_yes_either(secret: str) -> None:
    client = Client(raise_request_exception=False)
    with failing("INSERT INTO audit_call", DatabaseError):
        answer = client.get("/verify", headers={"x-api-key": secret})

    assert error(answer) == (500, "internal_error")


# ── the price ───────────────────────────────────────────────────────────────────────────────────────


def statements(queries: CaptureQueriesContext) -> list[str]:
    """The first words of what was asked of the database, without the brackets of transactions."""
    said = [query["sql"].split(" times: ")[-1].replace('"', "").split() for query in queries.captured_queries]
    brackets = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return [" ".join(words[: 3 if words[0] == "INSERT" else 1]) for words in said if words[0] not in brackets]


READ, CHARGE, WRITE = "SELECT", ["SELECT", "INSERT INTO keys_ratebucket"], "INSERT INTO audit_call"


@pytest.mark.parametrize("whose", ["app", "agent", "derived", "agent's derived"])
def test_a_yes_is_one_read_a_charge_and_one_write(app: App, agent: Agent, whose: str) -> None:
    made = parent_of(app, agent=agent if "agent" in whose else None)
    if "derived" in whose:
        made = derived(made.key)
    secret = made.plaintext.take()
    ask(secret, "grants:read")

    with CaptureQueriesContext(connection) as queries:
        ask(secret, "grants:read")

    assert statements(queries) == [READ, *CHARGE, WRITE]


def test_a_no_to_a_known_key_is_one_read_and_one_write(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.revoke(shell(), key)

    with CaptureQueriesContext(connection) as queries:
        ask(secret)

    assert statements(queries) == [READ, WRITE]


@pytest.mark.parametrize("presented", ["", "hunter2", UNKNOWN[:-1]])
def test_what_is_no_key_is_one_write(app: App, presented: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        ask(presented)

    assert statements(queries) == [WRITE]


def test_a_call_changes_nothing_of_its_key(app: App) -> None:
    key, secret = opened(minted(app))
    before = again(key).__dict__ | {"_state": None}
    ask(secret)

    assert again(key).__dict__ | {"_state": None} == before
