"""resolve_identity(): whom a call speaks for, in a portal that keeps no directory of end users."""

from collections.abc import Callable
from typing import Any

from alter_sdk import BackendError

from agents.models import Agent, App
from tests.factories import minted
from tests.keys.family import derived
from tests.sdk import raw
from tests.sdk.conftest import As, Connect, Run

Refused = Callable[..., Any]


def test_an_apps_key_speaks_for_its_app_alone(as_app: As, run: Run, app: App) -> None:
    identity = run(as_app("grants:read").resolve_identity())
    assert identity.model_dump(exclude_defaults=True) == {"app_id": str(app.id)}


def test_an_agents_key_speaks_for_its_agent(as_agent: As, run: Run, agent: Agent) -> None:
    identity = run(as_agent().resolve_identity())
    assert (identity.app_id, identity.agent_id) == (str(agent.app_id), str(agent.id))


def test_a_derived_key_speaks_for_its_parents_agent(connect: Connect, run: Run, agent: Agent) -> None:
    parent = minted(agent.app, agent=agent, scopes="keys:derive,grants:read").key
    client = connect(derived(parent).plaintext.take())
    assert run(client.resolve_identity()).agent_id == str(agent.id)


def test_an_apps_key_may_speak_for_one_of_its_agents(as_app: As, run: Run, agent: Agent) -> None:
    client = as_app("grants:read").get_agent(str(agent.id))
    assert run(client.resolve_identity()).agent_id == str(agent.id)


def test_a_caller_that_names_itself_is_told_its_id(as_app: As, run: Run) -> None:
    client = as_app("grants:read", caller="billing worker")
    identity = run(client.resolve_identity())
    assert identity.actor_id and identity.actor_id == client.actor_id


def test_the_trace_a_call_belongs_to_comes_back(as_agent: As, run: Run) -> None:
    client = as_agent()

    async def within_a_trace() -> Any:
        async with client.trace(run_id="run-1", thread_id="thread-1"):
            return await client.resolve_identity()

    assert run(within_a_trace()).trace.model_dump() == {"run_id": "run-1", "thread_id": "thread-1"}


def test_a_profile_may_be_asked_for_and_there_is_none(as_app: As, run: Run) -> None:
    assert run(as_app("grants:read").resolve_identity(include_profile=True)).email is None


def test_an_end_user_is_nobody_here(as_app: As, refused: Refused) -> None:
    ask = as_app("grants:read").resolve_identity(user_token="eyJhbGciOi")
    refused(BackendError, ask, "no_user_directory")


def test_an_end_users_id_is_nobodys_here(app: App) -> None:
    secret = minted(app).plaintext.take()
    answer = raw.call(secret, "POST", "/sdk/identity/resolve", {"app_user_id": "user-1"})
    assert raw.error(answer) == (400, "no_user_directory")
