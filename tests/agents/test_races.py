"""What happens when people change apps and agents at the same moment: real threads on PostgreSQL."""

from collections import Counter
from functools import partial
from uuid import UUID

import pytest

from agents import callers, lifecycle
from agents.callers import Claim
from agents.models import Agent, App, CallerLabel
from audit.actors import shell
from audit.models import Event
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_double_click_creates_one_app() -> None:
    ends = at_once([lambda: lifecycle.create_app(shell(), "ledger")] * 4)
    assert ends == Counter(done=1, AppNameTaken=3)
    assert (App.objects.count(), Event.objects.count()) == (1, 1)


def test_a_double_click_creates_one_agent(app: App) -> None:
    ends = at_once([lambda: lifecycle.create_agent(shell(), App.objects.get(), "refunds")] * 4)
    assert (ends, Agent.objects.count()) == (Counter(done=1, AgentNameTaken=3), 1)


def test_of_two_who_save_the_same_page_one_is_told(app: App) -> None:
    pages = [App.objects.get() for _ in range(2)]
    seen = app.etag
    ends = at_once(
        [
            lambda: lifecycle.update_app(shell(), pages[0], seen=seen, max_keys=50),
            lambda: lifecycle.update_app(shell(), pages[1], seen=seen, max_keys=70),
        ]
    )
    assert ends == Counter(done=1, StalePage=1)


def test_of_two_who_change_one_version_of_an_agent_one_is_told(agent: Agent) -> None:
    pages = [Agent.objects.get() for _ in range(2)]
    ends = at_once(
        partial(lifecycle.update_agent, shell(), page, scopes={"google": [name]}, expected_version=1)
        for page, name in zip(pages, "ab", strict=True)
    )
    assert ends == Counter(done=1, AgentConcurrentUpdate=1)
    assert Agent.objects.get().version == 2


@pytest.mark.parametrize("round", range(3))
def test_a_label_that_twenty_say_at_once_has_one_id(app: App, round: int) -> None:
    ids: list[UUID | None] = []

    def resolve() -> None:
        caller, _ = callers.resolve(Claim("worker", "service"), app.id, None, speaks_for_agents=False)
        ids.append(caller.id)

    assert at_once([resolve] * 20) == Counter(done=20)
    assert set(ids) == {CallerLabel.objects.get().id}


def test_an_agent_created_while_its_app_is_archived_is_before_it_or_not_at_all(app: App) -> None:
    page = App.objects.get()
    ends = at_once(
        [
            lambda: lifecycle.create_agent(shell(), App.objects.get(), "refunds"),
            lambda: lifecycle.archive_app(shell(), page),
        ]
    )
    actions = list(Event.objects.order_by("id").values_list("action", flat=True))
    assert ends["done"] + ends["AppArchived"] == 2
    assert Agent.objects.exists() == ("agent.create" in actions)
