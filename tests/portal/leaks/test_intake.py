"""Reports from outside: signed by a scanner, or by whoever holds the secret; and rules for scanners."""

import base64
import json
import re
import tomllib
from functools import partial
from typing import Any

import httpx2
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from agents.lifecycle import update_app
from agents.models import App
from audit.actors import shell
from keys import plaintext
from portal.leaks import rules, signatures
from portal.models import LeakReport, User
from tests.factories import issued, minted
from tests.keys.asking import UNKNOWN, again
from tests.portal.pages import queries_of, text

OURS = ec.generate_private_key(ec.SECP256R1())
ANOTHERS = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The partner's keys, as its address tells them; and each time they were asked for."""
    asked = list[str]()
    pem = OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def get(url: str, **_: Any) -> httpx2.Response:
        asked.append(url)
        told = {"public_keys": [{"key_identifier": "one", "key": pem, "is_current": True}]}
        return httpx2.Response(200, json=told, request=httpx2.Request("GET", url))

    monkeypatch.setattr(httpx2, "get", get)
    return asked


def send(
    client: Client, told: Any, key: Any = OURS, identifier: str = "one", body: bytes | None = None
) -> Any:
    sent = json.dumps(told).encode()
    signature = base64.b64encode(key.sign(sent, ec.ECDSA(SHA256()))).decode()
    headers = {"Github-Public-Key-Identifier": identifier, "Github-Public-Key-Signature": signature}
    return client.post("/leaks/scanner", body or sent, content_type="application/json", headers=headers)


def found(secret: str) -> list[dict[str, str]]:
    return [{"token": secret, "type": "alter_key", "url": "https://git.example.com/a", "source": "content"}]


def test_a_signed_report_is_dealt_with_at_once(app: App, client: Client) -> None:
    update_app(shell(), app, on_leaked_app_key="revoke")
    made = minted(app)
    secret = made.plaintext.take()
    answer = send(client, found(secret))
    assert again(made.key).status == "revoked"
    assert answer.json() == [
        {"token_hash": plaintext.sha256(secret).hex(), "token_type": "alter_key", "label": "true_positive"}
    ]
    assert secret not in text(answer)


@pytest.mark.parametrize("secret", [UNKNOWN, "ghp_something_else", ""])
def test_what_is_not_ours_is_a_false_positive(db: None, client: Client, secret: str) -> None:
    assert send(client, found(secret)).json()[0]["label"] == "false_positive"


@pytest.mark.parametrize(
    "fault",
    [{"key": ANOTHERS}, {"identifier": "two"}, {"body": b"[]"}],
    ids=["another key", "an unknown name", "another body"],
)
def test_every_fault_of_a_signature_is_answered_alike(
    app: App, client: Client, fault: dict[str, Any]
) -> None:
    made = minted(app)
    answer = send(client, found(made.plaintext.take()), **fault)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_signed")
    assert not LeakReport.objects.exists()


def test_an_unsigned_report_is_not_read(app: App, client: Client) -> None:
    answer = client.post("/leaks/scanner", b"[]", content_type="application/json")
    assert answer.status_code == 401


def test_the_published_keys_are_asked_for_once_an_hour(
    db: None, client: Client, published: list[str]
) -> None:
    for _ in range(3):
        send(client, [])
    assert len(published) == 1
    cache.delete(signatures.ASKED)
    send(client, [], identifier="new")
    assert len(published) == 2


@pytest.mark.parametrize("told", [{}, "x", [1], [{}] * 1001])
def test_what_is_no_list_of_findings_is_refused(db: None, client: Client, told: Any) -> None:
    assert send(client, told).status_code == 422


def test_the_operator_may_close_it(db: None, client: Client, settings: Settings) -> None:
    settings.LEAK_INTAKE = False
    assert [client.get("/leaks/report/").status_code, send(client, []).status_code] == [404, 404]


# ── whoever holds it ────────────────────────────────────────────────────────────────────────────────


def _post(client: Client, pages: list[Any], secret: str) -> None:
    pages.append(client.post("/leaks/report/", {"secret": secret}))


def test_known_and_unknown_are_answered_alike(app: App, client: Client) -> None:
    secrets = [minted(app).plaintext.take(), UNKNOWN]
    pages, counts = list[Any](), list[int]()
    for secret in secrets:
        with_form = queries_of(partial(_post, client, pages, secret))
        counts.append(len(with_form))
    told = [re.sub(r'value="[^"]+"', "", text(page)) for page in pages]
    assert (told[0], pages[0].status_code) == (told[1], pages[1].status_code)
    assert counts[0] == counts[1]
    assert "Thank you" in told[0]


def test_a_report_waits_for_the_clock_and_holds_no_key(app: App, client: Client) -> None:
    made = minted(app)
    secret = made.plaintext.take()
    client.post("/leaks/report/", {"secret": secret, "found_at": "a wiki"})
    one = LeakReport.objects.get()
    assert (bytes(one.hashed or b""), one.handled_at) == (plaintext.sha256(secret), None)


def test_what_was_pasted_is_never_given_back(db: None, client: Client) -> None:
    mistyped = UNKNOWN[:-1] + ("a" if UNKNOWN[-1] != "a" else "b")
    answer = client.post("/leaks/report/", {"secret": mistyped})
    assert answer.status_code == 422
    assert mistyped[20:] not in text(answer)


@pytest.mark.parametrize("body", [{"sha256": "ab" * 32}, {"key": UNKNOWN, "found_at": "a chat"}])
def test_a_program_reports_by_hash_or_whole(db: None, client: Client, body: Any) -> None:
    answer = client.post("/leaks/report.json", body, content_type="application/json")
    assert (answer.status_code, answer.json()) == (202, {"status": "taken"})


@pytest.mark.parametrize("body", [{}, {"sha256": "xyz"}, {"key": "junk"}, {"sha256": "ab"}, []])
def test_what_names_nothing_is_refused(db: None, client: Client, body: Any) -> None:
    answer = client.post("/leaks/report.json", json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_report")


def test_reports_that_come_too_fast_are_told_to_wait(db: None, client: Client) -> None:
    sent = [
        client.post("/leaks/report.json", {"sha256": "ab" * 32}, content_type="application/json").status_code
        for _ in range(40)
    ]
    assert sent[-1] == 429


# ── rules for scanners ──────────────────────────────────────────────────────────────────────────────


def secrets_of_every_kind(app: App, developer: User) -> dict[str, str]:
    return {kind: plaintext.generate(kind).take() for kind in plaintext.KINDS} | {
        "token": issued(developer).plaintext.take()
    }


def test_gitleaks_rules_are_toml_and_match_each_kind(app: App, developer: User, client: Client) -> None:
    told = tomllib.loads(text(client.get("/leaks/rules/gitleaks.toml")))
    for kind, secret in secrets_of_every_kind(app, developer).items():
        rule = next(rule for rule in told["rules"] if rule["id"] == f"alter-{kind}")
        assert re.search(rule["regex"], f'KEY="{secret}"')
        assert not re.search(rule["regex"], secret[:-1])
        assert rule["keywords"][0] in secret


def test_trufflehog_detectors_are_yaml_and_match_each_kind(app: App, developer: User, client: Client) -> None:
    told = yaml.safe_load(text(client.get("/leaks/rules/trufflehog.yaml")))
    for secret in secrets_of_every_kind(app, developer).values():
        hits = [one for one in told["detectors"] if re.search(one["regex"]["secret"], f"x {secret} y")]
        assert len(hits) == 1
        assert hits[0]["keywords"][0] in secret


def test_the_rules_use_nothing_that_re2_cannot_read() -> None:
    assert all(not re.search(r"\(\?[=!<]|\\[1-9]", pattern) for pattern in rules.patterns().values())
