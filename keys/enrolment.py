"""An agent and its first key, made together and once: what a program asks for when it creates an agent."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agents import lifecycle as agents_lifecycle
from agents import once
from agents.models import Agent, App
from audit.actors import Actor
from audit.change import hold
from keys import lifecycle
from keys.plaintext import Plaintext
from keys.scopes import AGENT_DEFAULT, parse_scopes


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An agent, its first key, and that key's plaintext unless the agent had been created before."""

    agent: Agent
    key_id: UUID
    plaintext: Plaintext | None


def enrol(actor: Actor, app: App, asked: dict[str, Any], idempotency_key: str = "") -> Enrolled:
    """Create an agent as `asked`, the arguments of agents.lifecycle.create_agent, and mint its first key.

    The same `idempotency_key` and wish again give the same agent, and no plaintext (protocol.md
    section 3.5). Raises what creating and minting raise, OnceMismatch, OnceInactive, OnceRevoked.
    """
    with hold(app):
        if made := once.made_before(app, idempotency_key, asked):
            return Enrolled(made.agent, made.key_id, None)
        agent = agents_lifecycle.create_agent(actor, app, **asked)
        minted = mint_for(actor, agent)
        once.remember(app, idempotency_key, asked, agent, minted.key.id)
        return Enrolled(agent, minted.key.id, minted.plaintext)


def mint_for(actor: Actor, agent: Agent) -> lifecycle.Minted:
    """Another key of `agent`, numbered, with what agents' keys may do unless told otherwise (section 5.3)."""
    return lifecycle.mint(actor, agent.app, agent=agent, scopes=parse_scopes(AGENT_DEFAULT))
