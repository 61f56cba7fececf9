"""Rules for other scanners: they know each kind of key that the portal makes, and nothing that only looks like it."""

import math
import re
import tomllib
from collections import Counter
from typing import Any

import pytest
import yaml

from alter import rules
from alter.rules import EXAMPLES, SECRETS, Secret
from keyformat.grammar import STARTS, checksum, random_length
from keys.plaintext import generate
from tests.alter.running import alter

EVERY_SECRET = pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret.id)
RE2_LACKS = re.compile(r"\(\?[=!<]|\\[1-9]|\(\?P=|\*\+|\+\+")
"""Looking round, back references and possessive repeats, which neither scanner's engine has."""

DETECTOR_FIELDS = {"name", "keywords", "regex", "description", "entropy", "exclude_words"}
"""Of TruffleHog's message CustomRegex, those that send nothing anywhere; it takes no others than it knows."""


def entropy(text: str) -> float:
    """Shannon's, in bits a character, as both scanners count it."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def lets_pass(secret: Secret, text: str) -> bool:
    """Whether a scanner with our rules says nothing of `text`."""
    match = re.search(secret.regex, text)
    return (
        not match or entropy(match[0]) < rules.ENTROPY or any(word in match[0].lower() for word in EXAMPLES)
    )


def test_there_is_a_rule_for_each_kind_the_portal_makes() -> None:
    assert {secret.start for secret in SECRETS} == set(STARTS.values())


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("around", ["%s", 'KEY="%s"', "https://u:%s@h/", "a,%s,b", "FOO_%s", "(%s)"])
def test_a_made_key_is_found_wherever_it_stands(kind: str, around: str) -> None:
    secret = next(secret for secret in SECRETS if secret.start == STARTS[kind])
    for made in (generate(kind).take() for _ in range(20)):
        match = re.search(secret.regex, around % made)
        assert match
        assert match[0] == made
        assert entropy(made) > rules.ENTROPY


@EVERY_SECRET
@pytest.mark.parametrize("after", ["", "…", "...", "[redacted]", "*" * 40])
def test_a_prefix_is_let_pass(secret: Secret, after: str) -> None:
    assert lets_pass(secret, f"{secret.start}AbCd1234{after}")


@EVERY_SECRET
@pytest.mark.parametrize(
    "body", ["x" * 99, "YOURKEY" + "0" * 99, "0123456789abcdefghijklmnopqrstuvwxyzABCD", "EXAMPLE" * 9]
)
def test_what_an_example_shows_is_let_pass(secret: Secret, body: str) -> None:
    assert lets_pass(secret, secret.start + body[: random_length(secret.kind)])


@EVERY_SECRET
def test_what_goes_on_is_no_key(secret: Secret) -> None:
    body = secret.start + "q7" * ((random_length(secret.kind) - 6) // 2)
    assert not re.search(secret.regex, body + checksum(body) + "Z")


@EVERY_SECRET
def test_an_expression_has_nothing_that_the_scanners_engine_lacks(secret: Secret) -> None:
    assert not RE2_LACKS.search(secret.regex)


def test_gitleaks_gets_rules_as_it_reads_them() -> None:
    document = tomllib.loads(rules.gitleaks())
    assert (document["extend"], len(document["rules"])) == ({"useDefault": True}, len(SECRETS))
    for rule, secret in zip(document["rules"], SECRETS, strict=True):
        assert (rule["id"], rule["regex"], rule["keywords"]) == (secret.id, secret.regex, [secret.start])
        assert (rule["entropy"], rule["allowlists"][0]["stopwords"]) == (rules.ENTROPY, list(EXAMPLES))


def test_trufflehog_gets_detectors_as_it_reads_them() -> None:
    detectors: list[dict[str, Any]] = yaml.safe_load(rules.trufflehog())["detectors"]
    assert [
        (one["name"], one["keywords"], one["regex"], one["entropy"], one["exclude_words"])
        for one in detectors
    ] == [
        (secret.id, [secret.start], {"key": secret.regex}, rules.ENTROPY, list(EXAMPLES))
        for secret in SECRETS
    ]
    assert {field for detector in detectors for field in detector} <= DETECTOR_FIELDS


@pytest.mark.parametrize(("name", "file"), [("gitleaks", "gitleaks.toml"), ("trufflehog", "trufflehog.yaml")])
def test_the_command_prints_them(name: str, file: str) -> None:
    run = alter("scan", "--rules", name)
    assert (run.code, run.out) == (0, rules.FILES[file]())


@pytest.mark.parametrize("words", [(), ("--rules", "gitleaks", ".")])
def test_files_and_rules_do_not_go_together(words: tuple[str, ...]) -> None:
    assert alter("scan", *words).code == 2
