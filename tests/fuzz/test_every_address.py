"""Every address of the map, pages and APIs, with nonsense in its path, its query and its body, as everyone.

A few hundred requests in the suite; `make fuzz` makes more of them, with another seed each time.
"""

import os
import re
from random import Random
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from agents.models import Agent, App
from core.errors import Internal
from keys.models import ApiKey
from portal.api import management, runtime_routes
from portal.models import User
from tests.access import asked
from tests.access.places import browser_of, everyone, everything
from tests.api.program import Program
from tests.factories import issued, minted, taken_back
from tests.fuzz import nonsense
from tests.sdk import raw

CASES = int(os.environ.get("PORTAL_TEST_FUZZ", "0")) or 120
"""How many requests are made of each of the three kinds."""
SEED = int(os.environ.get("PORTAL_TEST_FUZZ_SEED", "1"))
METHODS = ("GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ALMIGHTY = "agents:admin,keys:admin,keys:derive,grants:read,spans:emit"
ROLES = ("developer", "support", "admin", "admin of all", "outsider", "no role")
LEFT_OUT = ("account/logout/", "users/<user_id>/deactivate/", "users/<user_id>/sign-out/")
"""What signs the one who asks out, so that the rest would be asked by nobody."""


@pytest.fixture
def known(app: App, agent: Agent, developer: User, settings: Settings) -> dict[str, Any]:
    settings.API_RATE_LIMIT_RPM = 1_000_000
    settings.RATE_LIMIT_RPM = 100_000
    return everything(app, agent, developer)


def filled(dice: Random, path: str, known: dict[str, Any]) -> str:
    """An address with things that exist in some places, and nonsense in others."""
    kept = 0.8 if dice.random() < 0.7 else 0.0

    def put(name: re.Match[str]) -> str:
        return str(known.get(name[1], "x")) if dice.random() < kept else nonsense.segment(dice)

    return "/" + asked.PARAMETER.sub(put, "" if path == asked.HOME else path)


def field_names(openapi: dict[str, Any]) -> tuple[str, ...]:
    """The names of fields and parameters of a document."""
    schemas = openapi["components"]["schemas"].values()
    found = {name for schema in schemas for name in schema.get("properties", {})}
    asked_for = [p for place in openapi["paths"].values() for op in place.values() for p in op["parameters"]]
    return tuple(sorted(found | {one["name"] for one in asked_for if one["in"] == "query"}))


def require_answer(answer: Any, case: Any) -> None:
    """An answer, which is no mistake of ours."""
    content = b"".join(answer) if answer.streaming else answer.content
    assert answer.status_code < 500 and Internal.code.encode() not in content, case


def test_no_page_answers_with_a_mistake_of_ours(
    known: dict[str, Any], app: App, developer: User, support: User, outsider: User, admin: User
) -> None:
    dice, pages = Random(SEED), sorted(set(asked.pages()) - set(LEFT_OUT))
    people = everyone(app, developer, support, outsider, admin)
    browsers = {who: browser_of(user) for who, user in people.items()}
    names = (
        "key",
        "keys",
        "scopes",
        "expires",
        "expires_custom",
        "email",
        "role",
        "app",
        "from",
        "token",
        "typed",
    )
    for number in range(CASES):
        who, method, path = dice.choice(list(browsers)), dice.choice(METHODS), pages[number % len(pages)]
        where = filled(dice, path, known)
        asks = nonsense.query(dice, names)
        sent = nonsense.form(dice, names) if method == "POST" else None
        headers = {"HX-Request": "true"} if dice.random() < 0.2 else {}
        with taken_back():
            answer = (
                browsers[who].post(f"{where}?{asks}", sent, headers=headers)
                if method == "POST"
                else browsers[who].generic(method, f"{where}?{asks}", headers=headers)
            )
        require_answer(answer, (who, method, where, asks, sent))


def test_no_operation_of_the_management_api_does(
    known: dict[str, Any], app: App, developer: User, support: User, outsider: User, admin: User
) -> None:
    dice, lines = Random(SEED), sorted(management.NEEDS)
    people = everyone(app, developer, support, outsider, admin)
    programs = [
        Program(issued(user).plaintext.take()) for who, user in people.items() if user and who in ROLES
    ]
    names = field_names(management.openapi())
    for number in range(CASES):
        path = lines[number % len(lines)]
        method = dice.choice([*management.NEEDS[path], dice.choice(METHODS)])
        where, asks = filled(dice, path, known).removeprefix("/api/v1"), nonsense.query(dice, names)
        sent = None if method in ("GET", "HEAD") else nonsense.body(dice, names)
        with taken_back():
            answer = dice.choice(programs).send(method, f"{where}?{asks}", sent)
        require_answer(answer, (method, where, asks, sent))


def test_no_operation_of_the_runtime_api_does_nor_does_verify(known: dict[str, Any], app: App) -> None:
    dice, lines = Random(SEED), [*sorted(runtime_routes.NEEDS), "verify"]
    secrets = [minted(app, scopes=ALMIGHTY).plaintext.take()]
    secrets.append(
        minted(app, agent=ApiKey.objects.get(id=known["key_id"]).agent, scopes=ALMIGHTY).plaintext.take()
    )
    names = field_names(runtime_routes.openapi())
    for number in range(CASES):
        path = lines[number % len(lines)]
        method = dice.choice([*runtime_routes.NEEDS.get(path, METHODS), dice.choice(METHODS)])
        where, asks = filled(dice, path, known), nonsense.query(dice, (*names, "scope", "signature"))
        sent, secret = b"" if method in ("GET", "HEAD") else nonsense.body(dice, names), dice.choice(secrets)
        target = f"{where}?{asks}" if asks else where
        with taken_back():
            answer = (
                Client(raise_request_exception=False).generic(method, target, headers={"x-api-key": secret})
                if path == "verify"
                else raw.send(method, target, sent, raw.sign(secret, method, target, sent))
            )
        require_answer(answer, (method, target, sent))
