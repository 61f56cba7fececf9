"""/api/v1/openapi.json keeps its word: made-up calls get no answer that it does not describe, and never a 5xx."""

import json
import os
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as some
from pytest_django import Settings
from schemathesis import GenerationMode

from agents.models import App, CallerLabel
from audit.actors import shell
from audit.models import Event
from portal.accounts.lifecycle import invite
from portal.api import management
from portal.models import Notification, User
from tests.api.program import Program
from tests.api.test_bad_input import of_the_portal
from tests.factories import AgentFactory, member, minted
from tests.keys.catalogue.catalogues import ORDERS, published
from tests.made_up import all_checks, as_text, cases, few, looked_at, name_of

pytestmark = pytest.mark.postgres
"""Once is enough for made-up requests, and wrong values are tried on both engines by test_bad_input.py."""
CASES = max(4, int(os.environ.get("PORTAL_TEST_FUZZ", "0")) // 50)
"""How many of each kind are made up; `make fuzz` makes more."""


@pytest.fixture
def known(app: App, admin: User, by_admin: Program) -> dict[str, str]:
    """What the addresses name, so that a call gets beyond them."""
    notification = Notification.objects.create(
        user=admin, kind="account", dedupe_key="one", title="Told", path="/"
    )
    published(app, ORDERS | {"preset": True})
    label = CallerLabel.objects.create(app=app, label="worker", type="service")
    return {
        "app_id": str(app.id),
        "key_id": str(minted(app).key.id),
        "agent_id": str(AgentFactory.create(app=app).id),
        "caller_id": str(label.id),
        "member_id": str(member("developer", app).memberships.get().id),
        "invitation_id": str(invite(shell(), "", "support", app).invitation.id),
        "entry_id": str(Event.objects.latest("id").id),
        "kind": "call",
        "scope": "orders:write",
        "resource": "orders",
        "template": "ci",
        "version": "2",
        **{name: str(known) for name, known in of_the_portal(by_admin, app).items()},
        "notification_id": str(notification.id),
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
    answer = program.send(asked.method, path, sent, **{n: as_text(value) for n, value in told.items()})
    return looked_at(answer, asked, sent)


@pytest.mark.parametrize(
    ("mode", "operation"), cases(json.loads(json.dumps(management.openapi()))), ids=name_of
)
def test_no_answer_is_one_that_the_document_does_not_describe(
    mode: GenerationMode,
    operation: Any,
    known: dict[str, str],
    by_admin: Program,
    by_developer: Program,
    by_support: Program,
    settings: Settings,
) -> None:
    settings.API_RATE_LIMIT_RPM = 100_000

    @few(CASES)  # the values that matter most are in test_bad_input.py
    @given(
        operation.as_strategy(generation_mode=mode),
        some.integers(0, 3),
        some.sampled_from([by_admin, by_admin, by_developer, by_support]),
    )
    def ask(case: Any, there: int, program: Program) -> None:
        if there:  # else ids are any text
            case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
        with transaction.atomic():
            answer = answer_to(case, program)
            transaction.set_rollback(True)
        case.validate_response(answer, checks=all_checks())

    ask()
