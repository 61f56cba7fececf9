"""Signed calls, by hand: what was changed, repeated, held back or forged does not pass (docs/sdk.md, Signing)."""

import base64
import time
from typing import Any

import pytest

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Call
from keys import lifecycle
from keys.models import Nonce
from tests.factories import minted
from tests.keys.asking import UNKNOWN, opened
from tests.sdk import raw

NONCE = "000102030405060708090a0b0c0d0e0f"
BODY = raw.packed({"display_name": "Zoë"})
RULE = base64.urlsafe_b64encode(b'{"rule_type":"a","rule_body":{}}').rstrip(b"=").decode()
CALLER = {"X-Alter-Caller": "billing worker", "X-Alter-Caller-Type": "service"}
IDENTITY = {**CALLER, "X-Alter-Context": '{"run_id":"run_\\u00e9"}'}
EVERYTHING = {"X-Alter-Scope-Constraints": "agents:write", "X-Alter-Request-Rule": RULE, **IDENTITY}
SIGNATURE = ("X-Alter-Timestamp", "X-Alter-Nonce", "X-Alter-Content-SHA256", "X-Alter-Signature")


@pytest.fixture
def secret(app: App) -> str:
    """A key of an app that asks for signatures."""
    return minted(app, scopes="agents:write,keys:derive").plaintext.take()


@pytest.fixture
def lax(app: App) -> str:
    """A key of an app that does not ask for signatures."""
    agents_lifecycle.update_app(shell(), app, signing=App.Signing.OPTIONAL)
    return minted(app, scopes="agents:write").plaintext.take()


def ask(headers: raw.Headers, target: str = "/sdk/scopes") -> Any:
    """The answer to a GET with these headers."""
    return raw.send("GET", target, headers=headers)


def without(headers: raw.Headers, *names: str) -> raw.Headers:
    return {name: value for name, value in headers.items() if name not in names}


# ── what is signed cannot be changed ────────────────────────────────────────────────────────────────


def patched(secret: str, agent: Agent) -> tuple[str, raw.Headers]:
    """The address and the headers of a signed change that says everything a call can say."""
    target = f"/sdk/agents/{agent.id}?grace_seconds=0&expected_version=1"
    return target, raw.sign(secret, "PATCH", target, BODY, EVERYTHING)


def test_a_call_with_everything_passes(secret: str, agent: Agent) -> None:
    target = f"/sdk/agents/{agent.id}?expected_version=1"
    headers = raw.sign(secret, "PATCH", target, BODY, EVERYTHING)
    assert raw.send("PATCH", target, BODY, headers).status_code == 200


def test_another_method_does_not_pass(secret: str, agent: Agent) -> None:
    target, headers = patched(secret, agent)
    assert raw.error(raw.send("DELETE", target, BODY, headers)) == (401, "invalid_signature")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("agents", "Agents"),
        ("/sdk/agents", "/sdk//agents"),
        ("=1", "=2"),
        ("grace_seconds=0&", ""),
        ("grace_seconds", "grace_second"),
        ("version=1", "version=1&force=true"),
        ("version=1", "version=1&"),
        ("version=1", "version=1#"),
    ],
)
def test_another_address_does_not_pass(secret: str, agent: Agent, old: str, new: str) -> None:
    target, headers = patched(secret, agent)
    answer = raw.send("PATCH", target.replace(old, new), BODY, headers)
    if new in ("version=1&", "version=1#"):  # the same query, written in another way
        assert raw.error(answer) == (422, "validation_error")
    else:
        assert raw.error(answer) == (401, "invalid_signature")


@pytest.mark.parametrize("body", [BODY + b" ", BODY.replace(b"Zo", b"zo"), b"{}", b""])
def test_another_body_does_not_pass(secret: str, agent: Agent, body: bytes) -> None:
    target, headers = patched(secret, agent)
    assert raw.error(raw.send("PATCH", target, body, headers)) == (401, "content_hash_mismatch")


@pytest.mark.parametrize("name", [*EVERYTHING, *SIGNATURE, "X-Alter-Signature-V2"])
def test_a_header_that_was_taken_away_is_missed(secret: str, agent: Agent, name: str) -> None:
    target, headers = patched(secret, agent)
    answer = raw.send("PATCH", target, BODY, without(headers, name))
    assert raw.error(answer) == (401, "signature_required" if name in SIGNATURE else "invalid_signature")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Alter-Nonce", NONCE),
        ("X-Alter-Signature", "0" * 64),
        ("X-Alter-Signature-V2", "0" * 64),
        ("X-Alter-Signature-V2", "\xe9"),
        ("X-Alter-Scope-Constraints", "agents:write,keys:derive"),
        ("X-Alter-Request-Rule", RULE + "A"),
        ("X-Alter-Caller", "billing worker 2"),
        ("X-Alter-Caller-Type", "agent"),
        ("X-Alter-Context", "{}"),
        ("X-Alter-Actor-ID", "0b9c5a3e-1f52-4c5e-9a41-0d1f2e3c4b5a"),
    ],
)
def test_a_header_that_was_changed_or_added_does_not_pass(
    secret: str, agent: Agent, name: str, value: str
) -> None:
    target, headers = patched(secret, agent)
    answer = raw.send("PATCH", target, BODY, {**headers, name: value})
    assert raw.error(answer) == (401, "invalid_signature")


def test_a_call_cannot_be_moved_in_time(secret: str, agent: Agent) -> None:
    target, headers = patched(secret, agent)
    earlier = {**headers, "X-Alter-Timestamp": str(int(headers["X-Alter-Timestamp"]) - 1)}
    assert raw.error(raw.send("PATCH", target, BODY, earlier)) == (401, "invalid_signature")


@pytest.mark.parametrize("name", ["X-Alter-Scope-Constraints", "X-Alter-Request-Rule"])
def test_a_constraint_that_was_added_does_not_pass(secret: str, name: str) -> None:
    headers = raw.sign(secret, "GET", "/sdk/scopes") | {name: EVERYTHING[name]}
    assert raw.error(ask(headers)) == (401, "invalid_signature")


def test_a_refused_call_changed_nothing(secret: str, agent: Agent) -> None:
    target, headers = patched(secret, agent)
    raw.send("PATCH", target, BODY, headers | {"X-Alter-Signature": "0" * 64})
    assert Agent.objects.get(id=agent.id).version == 1


@pytest.mark.parametrize(
    "target",
    [
        "/sdk/agents?",
        "/sdk/agents?&",
        "/sdk/agents?name=a+b%2Bc%26d%3D%C3%A9",
        "/sdk/agents?name=~-._",
        "/sdk/%61gents",
    ],
)
def test_an_odd_address_passes_if_it_is_signed(secret: str, target: str) -> None:
    assert raw.call(secret, "GET", target).status_code == 200


@pytest.mark.parametrize("query", ["limit=2&limit=1", "name=%20&name=~-._", "b=&a"])
def test_what_a_query_cannot_say_is_told_once_its_signature_held(secret: str, query: str) -> None:
    assert raw.call(secret, "GET", f"/sdk/agents?{query}").status_code == 422


def test_the_pairs_of_a_query_may_come_in_any_order(secret: str) -> None:
    headers = raw.sign(secret, "GET", "/sdk/agents?limit=2&offset=0")
    assert ask(headers, "/sdk/agents?offset=0&limit=2").status_code == 200


# ── when ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("off", [-295, 295])
def test_a_clock_may_be_off_a_little(secret: str, off: int) -> None:
    headers = raw.sign(secret, "GET", "/sdk/scopes", moment=int(time.time()) + off)
    assert ask(headers).status_code == 200


@pytest.mark.parametrize("off", [-302, 302, -86_400, 10**11])
def test_a_call_from_another_time_does_not_pass(secret: str, off: int) -> None:
    headers = raw.sign(secret, "GET", "/sdk/scopes", moment=int(time.time()) + off)
    answer = ask(headers)
    assert raw.error(answer) == (401, "timestamp_out_of_range")
    assert abs(answer.json()["server_time"] - time.time()) < 5


def test_a_stale_call_does_not_use_up_its_nonce(secret: str) -> None:
    ask(raw.sign(secret, "GET", "/sdk/scopes", moment=1, nonce=NONCE))
    assert ask(raw.sign(secret, "GET", "/sdk/scopes", nonce=NONCE)).status_code == 200


# ── once ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_call_passes_once(secret: str) -> None:
    headers = raw.sign(secret, "GET", "/sdk/scopes")
    assert ask(headers).status_code == 200
    assert raw.error(ask(headers)) == (401, "nonce_replayed")


def test_a_nonce_passes_once_for_whatever_call(secret: str) -> None:
    ask(raw.sign(secret, "GET", "/sdk/scopes", nonce=NONCE))
    again = raw.sign(secret, "GET", "/sdk/agents", nonce=NONCE)
    assert raw.error(ask(again, "/sdk/agents")) == (401, "nonce_replayed")


def test_a_nonce_passes_once_for_each_key(secret: str, app: App) -> None:
    other = minted(app).plaintext.take()
    answers = [ask(raw.sign(key, "GET", "/sdk/scopes", nonce=NONCE)) for key in (secret, other)]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_refused_call_uses_up_its_nonce(secret: str) -> None:
    headers = raw.sign(secret, "GET", "/sdk/agents/none")
    assert raw.error(ask(headers, "/sdk/agents/none")) == (404, "agent_not_found")
    assert raw.error(ask(headers, "/sdk/agents/none")) == (401, "nonce_replayed")


def test_a_forged_call_does_not_use_up_a_nonce(secret: str) -> None:
    forged = raw.sign(secret, "GET", "/sdk/scopes", nonce=NONCE) | {"X-Alter-Signature": "0" * 64}
    ask(forged)
    assert not Nonce.objects.exists()


def test_a_repeated_call_costs_nothing(app: App) -> None:
    secret = minted(app, rate_limit_rpm=2).plaintext.take()
    headers = raw.sign(secret, "GET", "/sdk/scopes")
    for _ in range(3):
        ask(headers)
    assert raw.call(secret, "GET", "/sdk/scopes").status_code == 200


# ── shapes ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Alter-Timestamp", "now"),
        ("X-Alter-Timestamp", "-1"),
        ("X-Alter-Timestamp", "1.5"),
        ("X-Alter-Timestamp", "1" * 13),
        ("X-Alter-Timestamp", "\xb2"),
        ("X-Alter-Nonce", "short"),
        ("X-Alter-Nonce", "a" * 129),
        ("X-Alter-Nonce", "not url safe, not at all"),
        ("X-Alter-Content-SHA256", "0" * 63),
        ("X-Alter-Content-SHA256", "g" * 64),
        ("X-Alter-Signature", "0" * 65),
        ("X-Alter-Signature", "\xe9" * 64),
    ],
)
def test_a_value_of_the_wrong_shape_is_named(secret: str, name: str, value: str) -> None:
    answer = ask(raw.sign(secret, "GET", "/sdk/scopes") | {name: value})
    assert raw.error(answer) == (401, "invalid_signature")
    assert name in answer.json()["message"]


@pytest.mark.parametrize("name", ["X-Alter-Content-SHA256", "X-Alter-Signature"])
def test_hex_is_lower_case(secret: str, name: str) -> None:
    headers = raw.sign(secret, "GET", "/sdk/scopes")
    answer = ask(headers | {name: headers[name].upper()})
    assert raw.error(answer) == (401, "invalid_signature")


@pytest.mark.parametrize("nonce", ["a" * 16, "A-_9" * 32])
def test_the_shortest_and_the_longest_nonce_pass(secret: str, nonce: str) -> None:
    assert ask(raw.sign(secret, "GET", "/sdk/scopes", nonce=nonce)).status_code == 200


@pytest.mark.parametrize("missing", [SIGNATURE, SIGNATURE[:1], SIGNATURE[1:]])
def test_an_unsigned_call_is_told_how_to_sign(secret: str, missing: tuple[str, ...]) -> None:
    answer = ask(without(raw.sign(secret, "GET", "/sdk/scopes"), *missing))
    assert raw.error(answer) == (401, "signature_required")
    assert answer.json()["missing"] == list(missing)
    assert "alter-sdk" in answer.json()["hint"]


def test_an_empty_header_is_a_missing_one(secret: str) -> None:
    answer = ask(raw.sign(secret, "GET", "/sdk/scopes") | {"X-Alter-Signature": ""})
    assert raw.error(answer) == (401, "signature_required")


# ── whose ───────────────────────────────────────────────────────────────────────────────────────────


def test_another_keys_signature_does_not_pass(secret: str, app: App) -> None:
    headers = raw.sign(minted(app).plaintext.take(), "GET", "/sdk/scopes") | {"x-api-key": secret}
    assert raw.error(ask(headers)) == (401, "invalid_signature")


@pytest.mark.parametrize(
    ("presented", "code"),
    [
        ("", "missing_api_key"),
        (UNKNOWN, "invalid_key"),
        (UNKNOWN[:-1], "invalid_key"),
        ("alter_key_" + "-" * 40, "invalid_key"),
        ("b\xf6se", "invalid_key"),
        ("a" * 5000, "invalid_key"),
    ],
)
def test_a_key_that_is_none_does_not_pass(db: None, presented: str, code: str) -> None:
    headers = raw.sign(UNKNOWN, "GET", "/sdk/scopes") | {"x-api-key": presented}
    assert raw.error(ask(headers)) == (401, code)


def test_a_forged_call_is_not_told_whether_its_key_still_works(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.revoke(shell(), key)
    forged = raw.sign(secret, "GET", "/sdk/scopes") | {"X-Alter-Signature": "0" * 64}
    assert raw.error(ask(forged)) == (401, "invalid_signature")


# ── identity ────────────────────────────────────────────────────────────────────────────────────────


def test_a_call_stripped_of_its_caller_does_not_pass(secret: str) -> None:
    headers = raw.sign(secret, "GET", "/sdk/scopes", headers=CALLER)
    assert raw.error(ask(without(headers, *CALLER, "X-Alter-Signature-V2"))) == (401, "invalid_signature")


def test_a_caller_that_is_not_signed_is_refused(secret: str) -> None:
    headers = raw.sign(secret, "GET", "/sdk/scopes", headers=CALLER, second_form=False)
    assert raw.error(ask(headers)) == (401, "invalid_signature")


def test_a_first_form_with_the_second_beside_it_is_refused(secret: str) -> None:
    now = int(time.time())
    first, second = (
        raw.sign(secret, "GET", "/sdk/scopes", headers=CALLER, nonce=NONCE, moment=now, second_form=form)
        for form in (False, True)
    )
    headers = second | {"X-Alter-Signature": first["X-Alter-Signature"]}
    assert raw.error(ask(headers)) == (401, "invalid_signature")


def test_a_second_signature_without_a_caller_must_match_too(secret: str) -> None:
    headers = raw.sign(secret, "GET", "/sdk/scopes")
    assert ask(headers | {"X-Alter-Signature-V2": headers["X-Alter-Signature"]}).status_code == 200


# ── an app that does not ask for signatures ─────────────────────────────────────────────────────────


def test_an_unsigned_call_passes_where_it_may(lax: str) -> None:
    assert ask({"x-api-key": lax}).status_code == 200


def test_a_caller_in_an_unsigned_call_is_not_believed(lax: str) -> None:
    answer = ask({"x-api-key": lax, **IDENTITY})
    call = Call.objects.get()
    assert (answer.status_code, "X-Alter-Actor-ID" in answer) == (200, False)
    assert (call.caller, call.caller_type, call.caller_id, call.context) == ("", "", None, {})


def test_a_caller_that_an_old_client_did_not_sign_is_not_believed(lax: str) -> None:
    headers = raw.sign(lax, "GET", "/sdk/scopes", headers=IDENTITY, second_form=False)
    answer = ask(headers)
    call = Call.objects.get()
    assert (answer.status_code, "X-Alter-Actor-ID" in answer) == (200, False)
    assert (call.caller, call.caller_id, call.context) == ("", None, {})


def test_an_agent_named_in_an_unsigned_call_is_not_acted_for(lax: str, agent: Agent) -> None:
    answer = ask({"x-api-key": lax, "X-Alter-Caller": str(agent.id)}, "/sdk/agents/me")
    assert raw.error(answer) == (403, "me_requires_agent_key")


def test_a_signed_caller_is_believed_there_too(lax: str) -> None:
    assert "X-Alter-Actor-ID" in ask(raw.sign(lax, "GET", "/sdk/scopes", headers=CALLER))


@pytest.mark.parametrize("name", SIGNATURE)
def test_half_a_signature_passes_nowhere(lax: str, name: str) -> None:
    headers = raw.sign(lax, "GET", "/sdk/scopes")
    assert raw.error(ask(without(headers, name))) == (401, "signature_required")


def test_a_wrong_signature_passes_nowhere(lax: str) -> None:
    headers = raw.sign(lax, "GET", "/sdk/scopes") | {"X-Alter-Signature": "0" * 64}
    assert raw.error(ask(headers)) == (401, "invalid_signature")


def test_a_repeated_call_passes_nowhere(lax: str) -> None:
    headers = raw.sign(lax, "GET", "/sdk/scopes")
    ask(headers)
    assert raw.error(ask(headers)) == (401, "nonce_replayed")


def test_an_unsigned_call_may_be_narrowed(lax: str) -> None:
    headers = {"x-api-key": lax, "X-Alter-Scope-Constraints": "agents:read"}
    answer = raw.send("POST", "/sdk/agents", raw.packed({"name": "bot"}), headers)
    assert raw.error(answer) == (403, "insufficient_scope")
