"""What happens when a program asks twice at the same moment: real threads on PostgreSQL."""

from collections import Counter
from typing import Any

import pytest

from agents.models import App
from audit.models import Event, Webhook
from portal.models import AccessToken, IdempotencyRecord, Invitation
from tests.api.program import Program
from tests.threads import Act, at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WISHES: dict[str, dict[str, Any]] = {
    "/tokens": {"name": "job", "permissions": ["dashboard_keys:read"]},
    "/webhooks": {"name": "siem", "url": "https://siem.example.com/in"},
    "/invitations": {"email": "new@example.com", "role": "support"},
}


def asking(program: Program, path: str, answers: list[Any]) -> Act:
    return lambda: answers.append(program.post(path, WISHES[path], Idempotency_Key="one"))


def test_of_equal_requests_at_once_one_makes_something(app: App, by_admin: Program) -> None:
    for path in WISHES:
        answers: list[Any] = []
        assert at_once([asking(by_admin, path, answers)] * 4) == Counter(done=4), path
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201], path
        assert len({answer.json()["id"] for answer in answers}) == 1, path
    made = (AccessToken.objects.filter(name="job"), Webhook.objects.all(), Invitation.objects.all())
    assert [rows.count() for rows in made] == [1, 1, 1]
    assert IdempotencyRecord.objects.count() == 3
    assert Event.objects.filter(action="webhook.create").count() == 1
