"""The published client without a network: what it would have put on the wire, as our server would read it."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import httpx
from alter_sdk import Agent, App

from keys.admission.signatures import HEADERS, IDENTITY, Request

KEY = "alter_key_app_" + "Example" * 5 + "0"
AGENTS_KEY = "alter_key_agent_" + ("Example" * 5)[:34]
MOMENT, NONCE = 1800000000, "000102030405060708090a0b0c0d0e0f"
"""When, and with which nonce, the worked vectors were signed (docs/sdk.md, Signing)."""
ACTOR_ID = "0b9c5a3e-1f52-4c5e-9a41-0d1f2e3c4b5a"
SIGNED_TOO = ("X-Alter-Scope-Constraints", "X-Alter-Request-Rule", "X-Alter-Signature-V2")
SCOPES, RULE = ["agents:read", "keys:derive"], {"rule_type": "json_match", "rule_body": {"effect": "deny"}}


def signed(method: str, target: str, body: bytes, signature: str, **headers: str) -> Request:
    """A request with a signature of the worked vectors. `target` is what stood on the wire."""
    path, _, query = target.partition("?")
    signed = {
        "X-Alter-Timestamp": str(MOMENT),
        "X-Alter-Nonce": NONCE,
        "X-Alter-Content-SHA256": hashlib.sha256(body).hexdigest(),
        "X-Alter-Signature": signature,
    }
    return Request(method, unquote(path), query, body, {**headers, **signed})


def with_headers(request: Request, /, **headers: str | None) -> Request:
    """`request` with some headers written anew, or left out where they are None. X_Alter_Nonce is a name."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {name: value for name, value in {**request.headers, **named}.items() if value is not None}
    return replace(request, headers=kept)


class Wire:
    """Clients of three kinds: plain; narrowed to scopes; and one that says all that can be signed."""

    def __init__(self) -> None:
        app, agent = App(KEY), Agent(AGENTS_KEY, caller="billing worker")
        narrowed, full = app.with_constraints(scopes=SCOPES), agent.with_constraints(scopes=SCOPES, rule=RULE)
        self._clients: dict[str, Any] = {"plain": app, "narrowed": narrowed, "full": full}
        self._kept, self._last = (app, agent), list[httpx.Request]()
        self._thread = ThreadPoolExecutor(1)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Stands in for the network. A caller is told its id, which it says from then on."""
        self._last = [request]
        return httpx.Response(404, json={}, headers={"X-Alter-Actor-ID": ACTOR_ID})

    def sent(self, kind: str, method: str, target: str, body: Any = None, run: str = "run-1") -> Request:
        """What the client of this `kind` sends; the full one does from within a trace of `run`."""
        client = self._clients[kind]

        async def send() -> None:
            async with client.trace(run_id=run) if kind == "full" else nullcontext():
                await client._client._authed_backend_request(method, target, body=body)

        # In a thread of its own: Playwright keeps a loop running in the main one.
        self._thread.submit(asyncio.run, send()).result(30)
        (request,) = self._last
        path, _, query = request.url.raw_path.decode().partition("?")
        return Request(request.method, unquote(path), query, request.content, _named(request.headers))


def key_of(kind: str) -> str:
    """The key that the client of this `kind` signs with."""
    return AGENTS_KEY if kind == "full" else KEY


def _named(headers: httpx.Headers) -> dict[str, str]:
    names = {name.lower(): name for name in (*HEADERS, *IDENTITY.values(), *SIGNED_TOO)}
    return {names.get(name, name): value for name, value in headers.items()}
