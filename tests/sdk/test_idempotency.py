"""agents.create(idempotency_key=...): asked again, nothing new is made (docs/sdk.md)."""

from collections.abc import Callable
from typing import Any

import pytest
from alter_sdk import AgentNameExistsError, BackendError
from alter_sdk.exceptions import (
    IdempotencyKeyAgentInactiveError,
    IdempotencyKeyAgentRevokedError,
    IdempotencyKeyBodyMismatchError,
)

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from keys import lifecycle
from keys.models import ApiKey
from tests.factories import minted
from tests.sdk import raw
from tests.sdk.conftest import As, Connect, Run

Refused = Callable[..., Any]
WISH: dict[str, Any] = {"name": "bot", "scopes": {"google": ["mail.read"]}, "metadata": {"a": 1, "b": 2}}


def create(client: Any, once: str = "once", **changed: Any) -> Any:
    """Ask `client` to create the agent of WISH, changed."""
    return client.agents.create(**{**WISH, **changed}, idempotency_key=once)


def test_asked_again_the_same_agent_comes_back(as_app: As, run: Run) -> None:
    client = as_app()
    first, second = run(create(client)), run(create(client))
    assert second.model_dump(exclude={"api_key"}) == first.model_dump(exclude={"api_key"})
    assert Agent.objects.count() == 1


def test_asked_again_there_is_no_plaintext(as_app: As, run: Run) -> None:
    client = as_app()
    assert run(create(client)).api_key.startswith("alter_key_agent_")
    assert run(create(client)).api_key is None


def test_asked_again_nothing_is_made(as_app: As, run: Run) -> None:
    client = as_app()
    run(create(client))
    before = Event.objects.count(), ApiKey.objects.count()
    run(create(client))
    assert (Event.objects.count(), ApiKey.objects.count()) == before


def test_a_repetition_is_200_and_the_first_is_201(app: App) -> None:
    secret = minted(app, scopes="agents:write").plaintext.take()
    answers = [raw.call(secret, "POST", "/sdk/agents", WISH, Idempotency_Key="once") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]


def test_the_order_of_names_in_a_body_means_nothing(app: App) -> None:
    secret = minted(app, scopes="agents:write").plaintext.take()
    raw.call(secret, "POST", "/sdk/agents", WISH, Idempotency_Key="once")
    turned = dict(reversed(WISH.items())) | {"metadata": {"b": 2, "a": 1}}
    assert raw.call(secret, "POST", "/sdk/agents", turned, Idempotency_Key="once").status_code == 200


@pytest.mark.parametrize(
    "changed",
    [{"name": "bot-2"}, {"type": "service"}, {"scopes": {}}, {"metadata": {}}, {"display_name": "Bot"}],
    ids=lambda changed: next(iter(changed)),
)
def test_another_wish_is_a_mistake(as_app: As, run: Run, refused: Refused, changed: dict[str, Any]) -> None:
    client = as_app()
    run(create(client))
    refused(IdempotencyKeyBodyMismatchError, create(client, **changed))
    assert Agent.objects.count() == 1


def test_the_mistake_is_told_before_the_agents_state(as_app: As, run: Run, refused: Refused) -> None:
    client = as_app()
    made = run(create(client))
    run(client.agents.delete(str(made.id)))
    refused(IdempotencyKeyBodyMismatchError, create(client, type="service"))


def test_a_suspended_agent_is_not_given_out_again(as_app: As, run: Run, refused: Refused) -> None:
    client = as_app()
    made = run(create(client))
    run(client.agents.suspend(str(made.id)))
    refused(IdempotencyKeyAgentInactiveError, create(client))


def test_a_revoked_agent_is_not_given_out_again(as_app: As, run: Run, refused: Refused) -> None:
    client = as_app()
    lifecycle.revoke_agent(shell(), Agent.objects.get(id=run(create(client)).id))
    refused(IdempotencyKeyAgentRevokedError, create(client))


def test_a_changed_agent_comes_back_as_it_is_now(as_app: As, run: Run) -> None:
    client = as_app()
    made = run(create(client))
    run(client.agents.update(str(made.id), display_name="Bot"))
    assert run(create(client)).display_name == "Bot"


def test_another_idempotency_key_is_another_wish(as_app: As, run: Run, refused: Refused) -> None:
    client = as_app()
    run(create(client))
    refused(AgentNameExistsError, create(client, once="twice"))


def test_apps_do_not_share_idempotency_keys(as_app: As, connect: Connect, run: Run, other_app: App) -> None:
    run(create(as_app()))
    stranger = connect(minted(other_app, scopes="agents:write").plaintext.take())
    assert run(create(stranger)).api_key


def test_two_keys_of_an_app_share_them(as_app: As, run: Run) -> None:
    first, second = run(create(as_app())), run(create(as_app()))
    assert (first.id, second.api_key) == (second.id, None)


def test_a_refused_wish_may_be_mended_under_its_key(as_app: As, run: Run, refused: Refused) -> None:
    client = as_app()
    refused(BackendError, create(client, name="NOT A NAME"), "validation_error")
    assert run(create(client)).api_key


@pytest.mark.parametrize("once", ["", " ", "one\none"])
def test_what_says_nothing_or_two_things_is_refused(app: App, once: str) -> None:
    secret = minted(app, scopes="agents:write").plaintext.take()
    response = raw.call(secret, "POST", "/sdk/agents", WISH, Idempotency_Key=once)
    assert (response.status_code, response.json()["fields"][0]["field"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize("once", ["a" * 1000, "\xe9", "'; --"])
def test_any_idempotency_key_is_taken(app: App, once: str) -> None:
    secret = minted(app, scopes="agents:write").plaintext.take()
    assert raw.call(secret, "POST", "/sdk/agents", WISH, Idempotency_Key=once).status_code == 201


def test_an_archived_app_tells_again_what_it_created(as_app: As, run: Run, app: App) -> None:
    client = as_app()
    first = run(create(client))
    agents_lifecycle.archive_app(shell(), app)
    assert run(create(client)).id == first.id
