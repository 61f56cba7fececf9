"""An agent and its first key, made together and once: what a program asks for when it creates an agent."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agents import idempotency
from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import Actor
from audit.change import hold
from keys import lifecycle
from keys.catalogue.builtin import AGENT_DEFAULT
from keys.catalogue.store import catalogue_of
from keys.delegation import Authority
from keys.plaintext import Plaintext


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An agent, its first key, and that key's plaintext unless the agent had been created before."""

    agent: Agent
    key_id: UUID
    plaintext: Plaintext | None


def enrol(
    actor: Actor,
    app: App,
    agent_values: dict[str, Any],
    idempotency_key: str = "",
    within: Authority | None = None,
) -> Enrolled:
    """Create an agent as `agent_values`, the arguments of agents.lifecycle.create_agent, and mint its first key.

    The same `idempotency_key` and values again give the same agent, and no plaintext. Raises what creating and minting
    raise, IdempotencyMismatch, OnceInactive, OnceRevoked.
    """
    with hold(app):
        if (earlier := idempotency.made_before(app, idempotency_key, agent_values)) and earlier.agent:
            return Enrolled(earlier.agent, earlier.key_id, None)
        agent = agents_lifecycle.create_agent(actor, app, **agent_values)
        minted = mint_for(actor, agent, within)
        idempotency.remember(app, idempotency_key, agent_values, agent, minted.key.id)
        return Enrolled(agent, minted.key.id, minted.plaintext)


def next_step(revoke: str) -> str:
    """A sentence for whoever creates an agent again: what to do if the answer with its key was lost."""
    return (
        "The key was only in the first response. If that was lost, mint another key for the agent, or send "
        f"{revoke} and create the agent again with another Idempotency-Key."
    )


def mint_for(actor: Actor, agent: Agent, within: Authority | None = None) -> lifecycle.Minted:
    """Another key of `agent`, numbered, with what agents' keys may do unless told otherwise (section 5.3).

    A key that asks for it hands on no more than it has, `within`: what is beyond that is left out, which may be
    every scope. Such a key can still say who its agent is.
    """
    catalogue = catalogue_of(agent.app)
    scopes = catalogue.parse(catalogue.known(AGENT_DEFAULT))
    if within is None:
        return lifecycle.mint(actor, agent.app, agent=agent, scopes=scopes)
    return lifecycle.mint(
        actor,
        agent.app,
        agent=agent,
        scopes=scopes if within.scopes is None else within.scopes.meet(scopes),
        networks=within.reach,
        rate_limit_rpm=within.own_rate,
        expires_at=within.ends,
        within=within,
    )
