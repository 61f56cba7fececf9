"""Programs that call at the same moment: real threads on PostgreSQL."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from agents.models import Agent, App
from audit.models import Call
from keys.models import ApiKey
from tests.factories import minted
from tests.keys.asking import opened
from tests.sdk import raw
from tests.threads import Act, at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def told(calls: list[Act]) -> Counter[tuple[int, str]]:
    """The answers to `calls`, made at once: how many came of each status and code."""
    answers: list[tuple[int, str]] = []

    def make(call: Act) -> None:
        answer: Any = call()
        answers.append((answer.status_code, answer.json().get("error", "")))

    assert at_once([partial(make, call) for call in calls]) == {"done": len(calls)}
    return Counter(answers)


def test_of_fifty_who_send_one_signed_call_one_passes(app: App) -> None:
    key, secret = opened(minted(app))
    headers = raw.sign(secret, "GET", "/sdk/scopes")

    ends = told([lambda: raw.send("GET", "/sdk/scopes", headers=headers)] * 50)

    assert ends == {(200, ""): 1, (401, "nonce_replayed"): 49}
    assert Call.objects.filter(key_id=key.id, allowed=True).count() == 1


def test_of_twenty_who_revoke_an_agents_two_keys_all_leave_one(app: App, agent: Agent) -> None:
    secret = minted(app, scopes="agents:admin").plaintext.take()
    keys = [minted(app, agent=agent).key for _ in range(2)]
    address = f"/sdk/agents/{agent.id}/keys"

    ends = told([partial(raw.call, secret, "DELETE", f"{address}/{keys[n % 2].id}") for n in range(20)])

    assert agent.keys.active().count() == 1
    assert ends == {(200, ""): 10, (409, "last_active_key"): 10}


def test_of_twenty_who_create_an_agent_under_one_idempotency_key_one_does(app: App) -> None:
    secret = minted(app, scopes="agents:write").plaintext.take()
    wish = {"name": "bot", "scopes": {}}

    ends = told([lambda: raw.call(secret, "POST", "/sdk/agents", wish, Idempotency_Key="once")] * 20)

    assert ends == {(201, ""): 1, (200, ""): 19}
    assert (Agent.objects.count(), ApiKey.objects.filter(agent__name="bot").count()) == (1, 1)


def test_of_ten_who_create_an_agent_of_one_name_one_does(app: App) -> None:
    secret = minted(app, scopes="agents:write").plaintext.take()

    ends = told([lambda: raw.call(secret, "POST", "/sdk/agents", {"name": "bot"})] * 10)

    assert ends == {(201, ""): 1, (409, "agent_name_exists"): 9}
    assert ApiKey.objects.filter(kind="agent").count() == 1


def test_no_derived_key_outlives_a_parent_revoked_meanwhile(app: App) -> None:
    parent, secret = opened(minted(app, scopes="keys:derive,grants:read"))
    admin = minted(app, scopes="keys:admin,keys:derive,grants:read").plaintext.take()
    wish = {"scopes": ["grants:read"], "expires_in": 60}

    ends = told(
        [
            *[lambda: raw.call(secret, "POST", "/sdk/keys/derive", wish)] * 8,
            lambda: raw.call(admin, "DELETE", f"/sdk/keys/{parent.id}"),
        ]
    )

    assert set(ends) <= {(200, ""), (201, ""), (401, "invalid_key"), (409, "key_revoked")}
    assert not ApiKey.objects.filter(parent=parent, revoked_at=None).exists()


def test_one_new_label_has_one_id_for_all_who_say_it_first(app: App) -> None:
    secret = minted(app).plaintext.take()
    ids: list[str] = []

    def call() -> Any:
        answer = raw.call(
            secret, "GET", "/sdk/scopes", X_Alter_Caller="worker", X_Alter_Caller_Type="service"
        )
        ids.append(answer["X-Alter-Actor-ID"])
        return answer

    assert told([call] * 10) == {(200, ""): 10}
    assert len(set(ids)) == 1


def test_one_span_sent_by_many_is_counted_once(app: App) -> None:
    secret = minted(app, scopes="spans:emit").plaintext.take()
    spans = [
        {"trace_id": "t", "name": "n", "span_id": str(n), "start_time": "2026-06-01T12:00:00Z"}
        for n in range(5)
    ]
    accepted: list[int] = []

    def call(order: int) -> Any:
        answer = raw.call(secret, "POST", "/sdk/spans", {"spans": spans[::order]})
        accepted.append(answer.json()["accepted"])
        return answer

    assert told([partial(call, n) for n in (1, -1) * 5]) == {(200, ""): 10}
    assert sum(accepted) == 5


def test_of_ten_who_change_one_version_of_an_agents_scopes_one_does(app: App, agent: Agent) -> None:
    secret = minted(app, scopes="agents:write").plaintext.take()
    target = f"/sdk/agents/{agent.id}?expected_version=1"

    ends = told(
        [partial(raw.call, secret, "PATCH", target, {"scopes": {"google": [f"mail.{n}"]}}) for n in range(10)]
    )

    assert ends == {(200, ""): 1, (409, "agent_concurrent_update"): 9}
    assert Agent.objects.get(id=agent.id).version == 2
