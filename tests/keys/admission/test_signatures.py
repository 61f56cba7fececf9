"""Signatures: the worked vectors, the published client's own signing, and every way to get one wrong."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import httpx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from keys.admission import call_errors, request_target, signatures
from keys.admission.signatures import HEADERS, IDENTITY, Request, Signature
from tests.keys.laws import law
from tests.keys.published import (
    ACTOR_ID,
    AGENTS_KEY,
    KEY,
    MOMENT,
    NONCE,
    SIGNED_TOO,
    Wire,
    key_of,
    signed,
    with_headers,
)

NOW = datetime.fromtimestamp(MOMENT, UTC)
RULE = "eyJydWxlX3R5cGUiOiJqc29uX21hdGNoIiwicnVsZV9ib2R5Ijp7IndoZW4iOnsibWV0aG9kIjoiUE9TVCJ9LCJlZmZlY3QiOiJkZW55In19"
WHO = {
    "X-Alter-Caller": "billing worker",
    "X-Alter-Caller-Type": "service",
    "X-Alter-Actor-ID": ACTOR_ID,
    "X-Alter-Context": r'{"agent":"writer","run_id":"run_\u00e9"}',
}
DERIVE = b'{"scopes":["agents:read"],"expires_in":900,"name":"ci job","metadata":{"k":"v"}}'
RENAME = rb'{"display_name":"Zo\u00eb","scopes":{"google":["gmail.readonly"]}}'
FIRST_FORM_OF_3 = "38bec15fb371e6e37ef23f775fc0e185dcce19e092e460a91401130d9b091d26"


# ── the worked vectors (docs/sdk.md, Signing) ────────────────────────────────────────────────────

LIST = signed(
    "GET",
    "/sdk/agents?include_revoked=false&limit=2&offset=0",
    b"",
    "4c30822b37e60443134b0fa5af99d827e613a322b88417a5ec225df0f7eb68bf",
)
DERIVED = signed(
    "POST",
    "/sdk/keys/derive",
    DERIVE,
    "80972412bcaad3f9bc9cf4c82ed71fd062b1286972d04aa41387ffce634e300d",
    **{"X-Alter-Scope-Constraints": "keys:derive,agents:read"},
)
SECOND_FORM = "91f5acc2c673b8bfbcc1b3b9baa0abe8e3533077efd27bcefc3a1e886867fed0"
CHANGED = signed(
    "PATCH",
    "/sdk/agents/a%20b%2F%C3%A9?grace_seconds=0&expected_version=3",
    RENAME,
    SECOND_FORM,
    **{**WHO, "X-Alter-Signature-V2": SECOND_FORM},
)
RULED = signed(
    "GET",
    "/sdk/agents/11111111-2222-4333-8444-555555555555",
    b"",
    "ba86be8b2a4b4e404e86b34df5b5dbdb3683f3c43b878cdad5159a2764dfea0d",
    **{"X-Alter-Scope-Constraints": "agents:read", "X-Alter-Request-Rule": RULE},
)
AWKWARD = signed(
    "GET",
    "/sdk/agents?name=a+b%2Bc%26d%3D%C3%A9",
    b"",
    "99e6a0ef4687d9b659072e82af7f842b01c721f070e6b1feff63f2134a418ec7",
)
VECTORS = {
    "a list": (LIST, KEY),
    "narrowed, with a body": (DERIVED, KEY),
    "second form": (CHANGED, AGENTS_KEY),
    "with a rule": (RULED, KEY),
    "an awkward query": (AWKWARD, KEY),
}


@pytest.mark.parametrize("request_, key", VECTORS.values(), ids=VECTORS.keys())
def test_a_worked_vector_is_taken(request_: Request, key: str) -> None:
    signature = signatures.read(request_, key)

    assert (signature.missing, signature.malformed, signature.body_matches, signature.matches) == (
        (),
        "",
        True,
        True,
    )
    assert signatures.fault(signature, NOW, required=True) is None


@pytest.mark.parametrize(
    "key, signs_with",
    [
        (KEY, "7b6bfca3ac54199dc00ae50fced7b22bbf25eeb39676a1dc11c7ea8072a7cef5"),
        (AGENTS_KEY, "846dc162c8ee56f03ecf99122c4de8f084c1745728e0c8462bcccf7ccf64b18f"),
    ],
)
def test_a_key_signs_with_what_is_made_of_it(key: str, signs_with: str) -> None:
    assert signatures.signing_key(key).hex() == signs_with


@pytest.mark.parametrize(
    "request_, first, last",
    [
        (LIST, "GET\n/sdk/agents?include_revoked=false&limit=2&offset=0\n1800000000\n", "\n"),
        (DERIVED, "POST\n/sdk/keys/derive\n1800000000\n", "\nkeys:derive,agents:read"),
        (CHANGED, "PATCH\n/sdk/agents/a b/é?expected_version=3&grace_seconds=0\n1800000000\n", "\n"),
    ],
    ids=["a list", "narrowed", "decoded path, sorted query"],
)
def test_the_text_that_is_signed_in_the_first_form(request_: Request, first: str, last: str) -> None:
    content = hashlib.sha256(request_.body or b"").hexdigest()

    assert signatures.signed_text(request_) == f"{first}{NONCE}\n{content}{last}"


def test_the_first_form_does_not_cover_the_headers_that_name_a_caller() -> None:
    stripped = {"X_Alter_Signature": FIRST_FORM_OF_3, "X_Alter_Signature_V2": FIRST_FORM_OF_3}

    signature = signatures.read(with_headers(CHANGED, **stripped), AGENTS_KEY)

    assert (signature.matches, signature.first_form_matches) == (False, True)


# ── every way to get one wrong ──────────────────────────────────────────────────────────────────────


def refused(request: Request, *, key: str = KEY, now: datetime = NOW, required: bool = True) -> type | None:
    """What kind of refusal `request` meets; None if it passes."""
    fault = signatures.fault(signatures.read(request, key), now, required=required)
    return type(fault) if fault else None


def unsigned(request: Request) -> Request:
    return replace(request, headers={k: v for k, v in request.headers.items() if k not in HEADERS})


def test_an_unsigned_call_is_told_what_is_missing() -> None:
    fault = signatures.fault(signatures.read(unsigned(LIST), KEY), NOW, required=True)

    assert isinstance(fault, call_errors.SignatureRequired)
    assert fault.details == {"missing": list(HEADERS)}


def test_an_unsigned_call_passes_where_none_need_be_signed() -> None:
    assert refused(unsigned(LIST), required=False) is None


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("name", HEADERS)
def test_half_a_signature_is_none(name: str, required: bool) -> None:
    signature = signatures.read(with_headers(LIST, **{name: None}), KEY)

    fault = signatures.fault(signature, NOW, required=required)

    assert isinstance(fault, call_errors.SignatureRequired)
    assert fault.details == {"missing": [name]}


MALFORMED = [
    ("X-Alter-Timestamp", "18e8"),
    ("X-Alter-Timestamp", "-1800000000"),
    ("X-Alter-Timestamp", "1800000000.0"),
    ("X-Alter-Timestamp", "1" * 13),
    ("X-Alter-Timestamp", "١٨٠٠٠٠٠٠٠٠"),
    ("X-Alter-Timestamp", "1800000000\n"),
    ("X-Alter-Nonce", "0" * 15),
    ("X-Alter-Nonce", "0" * 129),
    ("X-Alter-Nonce", "0" * 31 + "="),
    ("X-Alter-Nonce", "0" * 31 + "é"),
    ("X-Alter-Content-SHA256", "e3b0"),
    ("X-Alter-Content-SHA256", hashlib.sha256(b"").hexdigest().upper()),
    ("X-Alter-Content-SHA256", "é" * 64),
    ("X-Alter-Signature", LIST.headers["X-Alter-Signature"].upper()),
    ("X-Alter-Signature", LIST.headers["X-Alter-Signature"] + "00"),
    ("X-Alter-Signature", "g" * 64),
]


@pytest.mark.parametrize("name, value", MALFORMED)
def test_a_malformed_header_is_named(name: str, value: str) -> None:
    signature = signatures.read(with_headers(LIST, **{name: value}), KEY)

    fault = signatures.fault(signature, NOW, required=True)

    assert isinstance(fault, call_errors.InvalidSignature)
    assert fault.message == f"The header {name} is malformed."


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_clock_may_be_off_by_five_minutes(seconds: int) -> None:
    assert refused(LIST, now=NOW + timedelta(seconds=seconds)) is None


@pytest.mark.parametrize("seconds", [-301, 301, 10**9])
def test_a_clock_may_not_be_off_by_more(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)

    fault = signatures.fault(signatures.read(LIST, KEY), now, required=True)

    assert isinstance(fault, call_errors.TimestampOutOfRange)
    assert fault.details == {"server_time": MOMENT + seconds}


@pytest.mark.parametrize("moment", ["0", "999999999999"])
def test_no_moment_is_too_far_to_be_compared(moment: str) -> None:
    assert refused(with_headers(LIST, X_Alter_Timestamp=moment)) is call_errors.TimestampOutOfRange


@pytest.mark.parametrize("body", [b"", DERIVE + b" ", DERIVE.replace(b"900", b"901")])
def test_another_body_is_refused(body: bytes) -> None:
    assert refused(replace(DERIVED, body=body)) is call_errors.ContentHashMismatch


def test_another_body_with_its_own_hash_is_refused() -> None:
    forged = with_headers(
        replace(DERIVED, body=b"{}"), X_Alter_Content_SHA256=hashlib.sha256(b"{}").hexdigest()
    )

    assert refused(forged) is call_errors.InvalidSignature


def test_another_key_does_not_sign_for_this_one() -> None:
    assert refused(LIST, key=AGENTS_KEY) is call_errors.InvalidSignature


def test_a_nonce_used_before_is_refused() -> None:
    signature = replace(signatures.read(LIST, KEY), replayed=True)

    assert isinstance(signatures.fault(signature, NOW, required=True), call_errors.NonceReplayed)


WRONG: dict[str, Callable[[Request], Request]] = {
    "without its second header": lambda r: with_headers(r, X_Alter_Signature_V2=None),
    "with another second header": lambda r: with_headers(r, X_Alter_Signature_V2="0" * 64),
    "with a second header that is no text": lambda r: with_headers(r, X_Alter_Signature_V2="\udce9\u00e9"),
    "with a first form in the second header": lambda r: with_headers(r, X_Alter_Signature_V2=FIRST_FORM_OF_3),
    "stripped of who called": lambda r: with_headers(r, **dict.fromkeys(WHO), X_Alter_Signature_V2=None),
    "stripped of who called, second header kept": lambda r: with_headers(r, **dict.fromkeys(WHO)),
}


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_the_second_form_stands_whole_or_not_at_all(
    wrong: Callable[[Request], Request], required: bool
) -> None:
    assert refused(wrong(CHANGED), key=AGENTS_KEY, required=required) is call_errors.InvalidSignature


@pytest.mark.parametrize("second", [None, LIST.headers["X-Alter-Signature"]])
def test_a_second_header_that_repeats_the_first_form_changes_nothing(second: str | None) -> None:
    assert refused(with_headers(LIST, X_Alter_Signature_V2=second)) is None


@pytest.mark.parametrize("name", IDENTITY.values())
@pytest.mark.parametrize("second", [None, LIST.headers["X-Alter-Signature"]])
def test_a_caller_that_is_not_signed_for_is_refused(name: str, second: str | None) -> None:
    told = with_headers(LIST, **{name: WHO[name]}, X_Alter_Signature_V2=second)

    assert refused(told) is call_errors.InvalidSignature


def test_an_old_clients_caller_is_passed_over_where_signing_is_optional() -> None:
    old = with_headers(LIST, X_Alter_Caller="billing worker", X_Alter_Caller_Type="service")

    assert refused(old, required=False) is None
    assert not signatures.read(old, KEY).covers_identity


def test_an_empty_header_is_signed_as_none() -> None:
    assert refused(with_headers(LIST, **dict.fromkeys([*WHO, "X-Alter-Scope-Constraints"], ""))) is None


FAULTS: list[tuple[dict[str, Any], type[Refusal]]] = [
    ({"missing": HEADERS[:1]}, call_errors.SignatureRequired),
    ({"malformed": HEADERS[1]}, call_errors.InvalidSignature),
    ({"moment": 0}, call_errors.TimestampOutOfRange),
    ({"body_matches": False}, call_errors.ContentHashMismatch),
    ({"matches": False}, call_errors.InvalidSignature),
    ({"replayed": True}, call_errors.NonceReplayed),
]


@pytest.mark.parametrize("first", range(len(FAULTS)))
def test_the_first_fault_is_the_one_that_is_told(first: int) -> None:
    sound = Signature(moment=MOMENT, nonce=NONCE, body_matches=True, matches=True)
    columns = {name: value for fault, _ in reversed(FAULTS[first:]) for name, value in fault.items()}

    fault = signatures.fault(replace(sound, **columns), NOW, required=True)

    assert type(fault) is FAULTS[first][1]


# ── the canonical target ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "query, signed",
    [
        ("", ""),
        ("&", "?"),
        ("b=1&a=2&a=1", "?a=1&a=2&b=1"),
        ("a", "?a="),
        ("=", "?="),
        ("a=1;b=2", "?a=1%3Bb%3D2"),
        ("a=%20+", "?a=++"),
        ("a=%ff", "?a=%FF"),
        ("a=~.-_*", "?a=~.-_%2A"),
        ("é=1&z=1", "?z=1&%C3%A9=1"),
    ],
)
def test_a_query_is_sorted_and_written_anew(query: str, signed: str) -> None:
    assert request_target.canonical("/sdk/agents", query) == f"/sdk/agents{signed}"


SIGNS = "&&==++;%?/#abé \u2028\U0001f511"
queries = st.one_of(
    st.text(max_size=30),
    st.text(SIGNS, max_size=30),
    st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5).map(urlencode),
    st.lists(st.sampled_from(["%", "%4", "%41", "%c3%a9", "%ff", "&", "=", "+", "a"]), max_size=12).map(
        "".join
    ),
)
# The client signs "." and ".." as they are, and then resolves them: its own mistake, which we answer with 401.
ids = st.text(max_size=20).filter(lambda text: text not in (".", ".."))
paths = ids.map(lambda text: "/sdk/agents/" + quote(text, safe=""))


@law
@given(paths, queries)
def test_our_target_is_the_clients(path: str, query: str) -> None:
    pairs = sorted(parse_qsl(query, keep_blank_values=True, separator="&"))
    theirs = unquote(path) + (f"?{urlencode(pairs)}" if query else "")
    assume(
        "%EF%BF%BD" not in theirs
    )  # bytes that are no UTF-8, which the client cannot send (test_targets.py)

    assert request_target.canonical(unquote(path), query) == theirs


# ── the published client's own signing ──────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """The client; no request of it leaves this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALTER_BASE_URL", "http://127.0.0.1:1")
        wire = Wire()
        patch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", wire.answer)
        wire.sent("full", "GET", "/sdk/scopes")
        yield wire


kinds, methods = st.sampled_from(["plain", "narrowed", "full"]), st.sampled_from(["GET", "POST", "PATCH"])
pairs = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5)
bodies = st.one_of(st.none(), st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=3))
runs = st.text("abcXYZ019-é\u4e2d", min_size=1, max_size=20)


@law
@given(kinds, methods, paths, pairs, bodies, runs)
def test_what_the_client_sends_is_taken(
    wire: Wire, kind: str, method: str, path: str, pairs: list[tuple[str, str]], body: Any, run: str
) -> None:
    request = wire.sent(kind, method, f"{path}?{urlencode(pairs)}", body, run)

    signature = signatures.read(request, key_of(kind))

    assert signatures.fault(signature, datetime.now(UTC), required=True) is None
    assert signature.covers_identity


def test_the_fullest_request_has_everything_that_can_be_signed(wire: Wire) -> None:
    request = wire.sent("full", "POST", "/sdk/keys/derive?a=1", {"name": "ci job"})

    assert {*HEADERS, *IDENTITY.values(), *SIGNED_TOO} <= set(request.headers)


@pytest.mark.parametrize("id", [".", ".."])
def test_an_id_that_the_client_resolves_after_signing_is_not_taken(wire: Wire, id: str) -> None:
    assert not signatures.read(wire.sent("plain", "GET", f"/sdk/agents/{id}"), KEY).matches


TAMPERED: dict[str, Callable[[Request], Request]] = {
    "the method": lambda r: replace(r, method="PUT"),
    "the path": lambda r: replace(r, path=r.path + "/keys"),
    "the query": lambda r: replace(r, query=r.query + "&force=true"),
    "the timestamp": lambda r: with_headers(r, X_Alter_Timestamp=f"9{r.headers['X-Alter-Timestamp'][1:]}"),
    "the nonce": lambda r: with_headers(r, X_Alter_Nonce="f" * 32),
    "the hash": lambda r: with_headers(r, X_Alter_Content_SHA256=hashlib.sha256(b"other").hexdigest()),
    "constraints, broadened": lambda r: with_headers(r, X_Alter_Scope_Constraints="agents:read,agents:admin"),
    "who called, gone": lambda r: with_headers(r, **dict.fromkeys(WHO), X_Alter_Signature_V2=None),
    "who called, swapped": lambda r: with_headers(
        r, X_Alter_Caller=r.headers["X-Alter-Caller-Type"], X_Alter_Caller_Type=r.headers["X-Alter-Caller"]
    ),
    **{f"{name}, other": partial(with_headers, **{name: "other"}) for name in (*WHO, *SIGNED_TOO)},
    **{f"{name}, gone": partial(with_headers, **{name: None}) for name in (*WHO, *SIGNED_TOO)},
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
@settings(law, max_examples=10)
@given(method=methods, path=paths, pairs=pairs, body=bodies)
def test_what_was_signed_cannot_be_changed(
    wire: Wire,
    tamper: Callable[[Request], Request],
    method: str,
    path: str,
    pairs: list[tuple[str, str]],
    body: Any,
) -> None:
    request = wire.sent("full", method, f"{path}?{urlencode(pairs)}", body)

    assert not signatures.read(tamper(request), AGENTS_KEY).matches


@settings(law, max_examples=25)
@given(body=bodies, other=st.binary(max_size=40))
def test_the_body_cannot_be_changed(wire: Wire, body: Any, other: bytes) -> None:
    request = wire.sent("plain", "POST", "/sdk/keys/derive", body)

    assert signatures.read(replace(request, body=other), KEY).body_matches == (request.body == other)
