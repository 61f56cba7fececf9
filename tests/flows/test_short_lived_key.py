"""The story of a short-lived key: an agent hands a job just what the job needs, for as long as it needs it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import Actor, Origin
from audit.models import Call, Event
from core.clock import at
from keys import lifecycle
from keys.models import ApiKey
from keys.networks import parse_networks
from portal.models import User
from tests.keys.asking import acts, ask, error, opened
from tests.scopes import parse_scopes

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OFFICE, ELSEWHERE = "203.0.113.9", "198.51.100.7"


@pytest.fixture
def agents_key(app: App, agent: Agent, developer: User, acting: Any) -> tuple[ApiKey, str]:
    """A key of the agent, for the office, that may derive."""
    scopes = parse_scopes(["keys:derive", "grants:write", "proxy:execute"])
    with at(NOON):
        return opened(
            lifecycle.mint(
                acting(developer, app),
                app,
                agent=agent,
                name="refund-agent-1",
                scopes=scopes,
                networks=parse_networks(["203.0.113.0/24"]),
                rate_limit_rpm=60,
            )
        )


def job_key(parent: ApiKey, scopes: str = "grants:read") -> tuple[ApiKey, str]:
    """What the agent hands a job: fifteen minutes of `scopes`."""
    may = frozenset({"key.derive"})
    agent = Actor("key", str(parent.id), parent.name, may, Origin("sdk"), parent.app_id)
    wanted = parse_scopes(scopes.split(","))
    return opened(lifecycle.derive(agent, parent, scopes=wanted, expires_in=15 * MINUTE, name="nightly job"))


def test_a_job_may_do_its_part_and_no_more_until_its_time_is_up(agents_key: tuple[ApiKey, str]) -> None:
    parent, _ = agents_key
    with at(NOON):
        _, secret = job_key(parent)

        assert ask(secret, "grants:read", REMOTE_ADDR=OFFICE).status_code == 200
        assert error(ask(secret, "grants:write", REMOTE_ADDR=OFFICE)) == (403, "insufficient_scope")
        assert error(ask(secret, "keys:derive", REMOTE_ADDR=OFFICE)) == (403, "insufficient_scope")
        assert error(ask(secret, "grants:read", REMOTE_ADDR=ELSEWHERE)) == (403, "ip_not_allowed")

    with at(NOON + 15 * MINUTE):
        assert error(ask(secret, REMOTE_ADDR=OFFICE)) == (401, "key_expired")


def test_every_call_of_the_job_is_the_agents_in_the_log(agents_key: tuple[ApiKey, str], agent: Agent) -> None:
    parent, _ = agents_key
    with at(NOON):
        child, secret = job_key(parent)
        ask(secret, "grants:read", REMOTE_ADDR=OFFICE)
        ask(secret, "grants:write", REMOTE_ADDR=OFFICE)

    calls = Call.objects.filter(agent_id=agent.id).order_by("id")
    assert [(call.key_id, call.key_name, call.code) for call in calls] == [
        (child.id, "nightly job", ""),
        (child.id, "nightly job", "insufficient_scope"),
    ]


def test_a_leaked_agents_key_takes_its_jobs_along(
    agents_key: tuple[ApiKey, str], app: App, agent: Agent, developer: User, support: User, acting: Any
) -> None:
    parent, parent_secret = agents_key
    with at(NOON):
        jobs = [job_key(parent) for _ in range(3)]
        scopes = parse_scopes(["grants:write"])
        lifecycle.mint(acting(developer, app), app, agent=agent, name="refund-agent-2", scopes=scopes)
        lifecycle.revoke(acting(support, app), parent, reason="leaked in a build log")

        secrets = [parent_secret, *(secret for _, secret in jobs)]
        answers = [error(ask(secret, REMOTE_ADDR=OFFICE)) for secret in secrets]

    assert answers == [(401, "key_revoked"), *[(401, "invalid_key")] * 3]
    cause = acts(parent)[-1]
    assert Event.objects.filter(cause_id=cause.id, reason="leaked in a build log").count() == 3
    assert {event.actor_label for event in Event.objects.filter(cause_id=cause.id)} == {support.label}


def test_suspending_the_agent_stops_its_jobs_and_resuming_lets_them_go_on(
    agents_key: tuple[ApiKey, str], agent: Agent, developer: User, acting: Any
) -> None:
    actor = acting(developer, agent.app)
    with at(NOON):
        _, secret = job_key(agents_key[0])
        agents_lifecycle.suspend_agent(actor, agent, "misbehaves")
        assert error(ask(secret, REMOTE_ADDR=OFFICE)) == (401, "agent_inactive")

        agents_lifecycle.resume_agent(actor, agent, "repaired")
        assert ask(secret, REMOTE_ADDR=OFFICE).status_code == 200


def test_narrowing_the_agents_key_narrows_jobs_under_way(
    agents_key: tuple[ApiKey, str], developer: User, acting: Any
) -> None:
    parent, _ = agents_key
    with at(NOON):
        _, secret = job_key(parent, "grants:write,proxy:execute")
        scopes = parse_scopes(["keys:derive", "grants:read"])
        lifecycle.narrow(acting(developer, parent.app), parent, scopes=scopes)

        assert ask(secret, REMOTE_ADDR=OFFICE)["X-Alter-Scopes"] == "grants:read"
        assert error(ask(secret, "proxy:execute", REMOTE_ADDR=OFFICE)) == (403, "insufficient_scope")


def test_jobs_share_the_agents_calls_a_minute(agents_key: tuple[ApiKey, str]) -> None:
    parent, parent_secret = agents_key
    with at(NOON):
        secrets = [parent_secret, *(job_key(parent)[1] for _ in range(3))]
        statuses = [ask(secrets[n % 4], REMOTE_ADDR=OFFICE).status_code for n in range(64)]

    assert statuses == [200] * 60 + [429] * 4
