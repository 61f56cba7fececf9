"""/api/v1/openapi.json keeps its word: made-up calls get no answer that it does not describe, and never a 5xx."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from pytest_django import Settings
from schemathesis import GenerationMode, checks, openapi
from schemathesis.config import SchemathesisConfig

from agents.models import App, CallerLabel
from audit.models import Event
from portal import api
from tests.api.program import Program
from tests.factories import AgentFactory, minted

NO_TOKENS = SchemathesisConfig.from_dict(
    {
        "generation": {"with-security-parameters": False},
        # 413 is a "no" too: some made-up bodies are too long.
        "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
    }
)
DOCUMENT: Any = openapi.from_dict(json.loads(json.dumps(api.openapi())), config=NO_TOKENS)
OPERATIONS: list[Any] = [found.ok() for found in DOCUMENT.get_all_operations()]
SOUND = [(GenerationMode.POSITIVE, operation) for operation in OPERATIONS]
UNSOUND = [(GenerationMode.NEGATIVE, one) for one in OPERATIONS if list(one.query) or list(one.body)]
CHECKS: Any = checks.CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    ]
)
FEW = settings(
    max_examples=4,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
"""The same few at each run; the values that matter most are in test_bad_input.py."""

pytestmark = pytest.mark.postgres
"""Once is enough for made-up requests, and wrong values are tried on both engines by test_bad_input.py."""


@pytest.fixture
def known(app: App) -> dict[str, str]:
    """What the addresses name, so that a call gets beyond them."""
    label = CallerLabel.objects.create(app=app, label="worker", type="service")
    return {
        "app_id": str(app.id),
        "key_id": str(minted(app).key.id),
        "agent_id": str(AgentFactory.create(app=app).id),
        "caller_id": str(label.id),
        "entry_id": str(Event.objects.latest("id").id),
    }


def answer_to(case: Any, program: Program) -> httpx.Response:
    """The portal's answer to a made-up call, as schemathesis wants to look at it."""
    asked: Any = requests.Request(**case.as_transport_kwargs(base_url="http://localhost")).prepare()
    where, body = urlsplit(asked.url), asked.body
    path = where.path.removeprefix("/api/v1") + (f"?{where.query}" if where.query else "")
    sent = body.encode() if isinstance(body, str) else body
    told = {
        name: value for name, value in asked.headers.items() if name in ("Content-Type", "Idempotency-Key")
    }
    answer = program.send(asked.method, path, sent, **{n: _text(value) for n, value in told.items()})
    content = b"".join(answer) if answer.streaming else answer.content
    request = httpx.Request(asked.method, asked.url, content=sent)
    made = httpx.Response(answer.status_code, headers=list(answer.items()), content=content, request=request)
    made.elapsed = timedelta()
    return made


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


@pytest.mark.parametrize(
    ("mode", "operation"), SOUND + UNSOUND, ids=lambda one: getattr(one, "label", None) or one.value
)
def test_no_answer_is_one_that_the_document_does_not_describe(
    mode: GenerationMode, operation: Any, known: dict[str, str], by_admin: Program, settings: Settings
) -> None:
    settings.API_RATE_LIMIT_RPM = 100_000
    named = {one.name: known[one.name] for one in operation.path_parameters}

    @FEW
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=named))
    def ask(case: Any) -> None:
        with transaction.atomic():
            answer = answer_to(case, by_admin)
            transaction.set_rollback(True)
        case.validate_response(answer, checks=CHECKS)

    ask()
