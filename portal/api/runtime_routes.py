"""The runtime API, /sdk/…: the map of its addresses (docs/sdk.md).

Every line says the method, the address, what answers with what, and the action it is for, which knows the
scope. portal/api/runtime.py says what is done around each call.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from ninja import Router

import agents.actions as on_agents
import audit.actions as on_audit
import keys.actions as on_keys
from agents.api import runtime as agents
from agents.api.runtime_schemas import AgentCreateResult, AgentInfo, AgentListResult
from audit.actions import Action
from core.schemas import ResponseSchema
from keys.admission.runtime_auth import Needs
from keys.api import runtime as keys
from keys.api import runtime_agents as agent_keys
from keys.api.runtime_schemas import (
    AgentKey,
    AgentKeyList,
    AgentKeyMintResult,
    APIKeyInfo,
    EmitSpansResult,
    IdentityContext,
    MintedKey,
    ScopeCatalog,
)
from portal.api import json_responses

ABOUT = """The API for code that has an API key. Each request sends the key in `x-api-key` and is signed with it; the
Python client, `alter-sdk`, does both. Errors are one flat object with a permanent code. Requests are rate limited:
`X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` show the limit. `X-Alter-Key-Deprecated: true`
means that the key is deprecated."""
ANY_KEY = Action("sdk.call", "", "called")
"""For what needs no more than a key that works."""

NEEDS: dict[str, dict[str, Needs]] = {}
"""An address as Django's resolver writes it, to its methods, to what a call needs."""
router = Router()


class SignedWithKey(json_responses.Gated):
    """Says in the document what has been made sure of by the time a view runs (keys/admission/runtime_auth.py)."""

    openapi_type = "apiKey"
    openapi_in = "header"
    openapi_name = "x-api-key"
    openapi_description = "The API key. The request is also signed with it: see the runtime API guide."


def route(
    method: str,
    path: str,
    view: Callable[..., Any],
    response_schema: type[ResponseSchema],
    needs: Needs,
    *statuses: int,
) -> None:
    """Add an operation that answers with `response_schema`, and one of `statuses`: 200 unless it is said."""
    NEEDS.setdefault(json_responses.pattern("sdk", path), {})[method] = needs
    extra = {"x-alter-scope": needs.scope}
    json_responses.add(
        router, method, path, view, response_schema, SignedWithKey(), statuses or (200,), extra
    )


def by_app(action: Action, *implies: Action) -> Needs:
    """For an app's own keys only: agents do not manage agents."""
    return Needs(action, action.scope or action.agent_scope, implies, manages_agents=True)


def of_agent(action: Action) -> Needs:
    """The same, for what is done to a key through its agent's address."""
    return Needs(action, action.agent_scope, manages_agents=True)


def by_key(action: Action) -> Needs:
    """For every kind of key that holds the action's scope."""
    return Needs(action, action.scope)


def even_suspended(action: Action) -> Needs:
    """The same, and for a suspended agent's keys too."""
    return Needs(action, action.scope, even_suspended=True)


AGENT, KEYS = "/agents/{agent_id}", "/agents/{agent_id}/keys"
CHANGE = by_app(on_agents.UPDATE_AGENT, on_agents.SUSPEND_AGENT, on_agents.RESUME_AGENT)
CREATE = by_app(on_agents.CREATE_AGENT, on_keys.MINT)

route("GET", "/scopes", keys.list_scopes, ScopeCatalog, by_key(ANY_KEY))

route("GET", "/agents", agents.list_agents, AgentListResult, by_app(on_agents.READ_AGENTS))
route("POST", "/agents", agent_keys.create_agent, AgentCreateResult, CREATE, 201, 200)
route("GET", "/agents/me", agents.get_me, AgentInfo, even_suspended(ANY_KEY))
route("GET", AGENT, agents.get_agent, AgentInfo, by_app(on_agents.READ_AGENTS))
route("PATCH", AGENT, agent_keys.update_agent, AgentInfo, CHANGE)
route("DELETE", AGENT, agent_keys.delete_agent, AgentInfo, by_app(on_agents.REVOKE_AGENT))

route("GET", KEYS, agent_keys.list_agent_keys, AgentKeyList, of_agent(on_keys.READ))
route("POST", KEYS, agent_keys.mint_agent_key, AgentKeyMintResult, of_agent(on_keys.MINT), 201, 200)
route("DELETE", KEYS + "/{key_id}", agent_keys.revoke_agent_key, AgentKey, of_agent(on_keys.REVOKE))
route(
    "PATCH",
    KEYS + "/{key_id}/deprecate",
    agent_keys.deprecate_agent_key,
    AgentKey,
    of_agent(on_keys.DEPRECATE),
)
route(
    "PATCH",
    KEYS + "/{key_id}/undeprecate",
    agent_keys.undeprecate_agent_key,
    AgentKey,
    of_agent(on_keys.UNDEPRECATE),
)

route("POST", "/keys/derive", keys.derive_key, MintedKey, by_key(on_keys.DERIVE), 201, 200)
route("POST", "/keys/{key_id}/rotate", keys.rotate_key, MintedKey, by_key(on_keys.ROTATE), 201, 200)
route("DELETE", "/keys/{key_id}", keys.revoke_key, APIKeyInfo, by_key(on_keys.REVOKE))

route("POST", "/spans", keys.emit_spans, EmitSpansResult, even_suspended(on_audit.EMIT_SPANS))
route("POST", "/identity/resolve", keys.resolve_identity, IdentityContext, by_key(ANY_KEY))

api = json_responses.make("alter runtime API", "1", ABOUT, "sdk")
api.add_router("", router)


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document of this map."""
    return json_responses.document(api, "/sdk/")


@cache
def query_names() -> dict[tuple[str, str], frozenset[str]]:
    """The parameters that each operation's query may have."""
    return json_responses.query_names(openapi(), "sdk")
