"""/sdk/openapi.json keeps its word: made-up calls, signed, get no answer that it does not describe."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as some
from schemathesis import GenerationMode

from agents.models import Agent, App
from keys.models import ApiKey
from portal.api import runtime_routes
from tests.factories import minted, taken_back
from tests.made_up import all_checks, as_text, cases, few, looked_at, name_of
from tests.sdk import raw

EVERYTHING = "agents:admin,keys:admin,keys:derive,grants:read,spans:emit"


@pytest.fixture
def key(agent: Agent) -> ApiKey:
    """A key of `agent`."""
    return minted(agent.app, agent=agent).key


def answer_to(case: Any, secret: str) -> httpx.Response:
    """The portal's answer to a made-up call, which is signed as it is sent."""
    asked: Any = requests.Request(**case.as_transport_kwargs(base_url="http://localhost")).prepare()
    where, body, method = urlsplit(asked.url), asked.body or b"", asked.method
    target = where.path + (f"?{where.query}" if where.query else "")
    told = {name: as_text(value) for name, value in asked.headers.items()}
    answer = raw.send(method, target, body, raw.sign(secret, method, target, body, told))
    return looked_at(answer, asked, body)


# Once is enough for made-up requests: wrong values are tried on both engines by test_bad_input.py.
@pytest.mark.postgres
@pytest.mark.parametrize(("mode", "operation"), cases(runtime_routes.openapi()), ids=name_of)
def test_no_answer_is_one_that_the_document_does_not_describe(
    app: App, key: ApiKey, mode: GenerationMode, operation: Any
) -> None:
    secret = minted(app, scopes=EVERYTHING).plaintext.take()
    known = {"agent_id": str(key.agent_id), "key_id": str(key.id)}

    @few(8)
    @given(operation.as_strategy(generation_mode=mode), some.booleans())
    def check(case: Any, there: bool) -> None:
        if there:
            case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
        with taken_back():
            response = answer_to(case, secret)
        case.validate_response(response, checks=all_checks())

    check()


def test_the_document_is_open_to_all(db: None) -> None:
    answer = raw.send("GET", "/sdk/openapi.json")
    assert (answer.status_code, answer.json()) == (200, runtime_routes.openapi())


def test_the_document_says_what_each_call_needs_to_hold() -> None:
    paths = runtime_routes.openapi()["paths"]
    assert paths["/sdk/agents"]["post"]["x-alter-scope"] == "agents:write"
