"""What a gateway does: asks the door about one call, and what it finds in the record afterwards."""

from typing import Any

from django.test import Client

from audit.models import Call, Event
from keyformat.grammar import checksum
from keys.gateways.call_facts import PAIRS
from keys.lifecycle import Minted
from keys.models import ApiKey, Gateway
from keys.plaintext import generate
from tests.factories import known_gateway

_BODY = "alter_key_app_" + "Example0" + "neverIssuedAnywhere000"
UNKNOWN = _BODY + checksum(_BODY)
"""A well-formed key that was never issued."""


def ask(
    secret: str = "", *scopes: str, query: str = "", headers: dict[str, str] | None = None, **meta: Any
) -> Any:
    """The door's answer to a call with `secret`. `meta` goes into the WSGI environment as it is."""
    asked = "&".join([query, *(f"scope={scope}" for scope in scopes)]).strip("&")
    presented = {"x-api-key": secret} if secret else {}
    return Client().get(f"/verify?{asked}", headers={**presented, **(headers or {})}, **meta)


def through(
    secret: str = "",
    *scopes: str,
    method: str = "GET",
    target: str = "/orders",
    pair: str = "original",
    **asked: Any,
) -> Any:
    """The same for a call to a service of the operator's, asked about by a gateway that proved itself."""
    presented = known_gateway_of(pair)
    names = PAIRS[pair]
    headers = {names[0]: method, names[1]: target, "X-Alter-Gateway": presented, **asked.pop("headers", {})}
    return ask(secret, *scopes, headers=headers, **asked)


def known_gateway_of(pair: str) -> str:
    """The secret of a gateway that writes this pair, which the portal knows from now on."""
    secret = GATEWAYS.setdefault(pair, generate("gateway").take())
    if not Gateway.objects.filter(name=pair).exists():
        known_gateway(secret, pair, pair)
    return secret


GATEWAYS: dict[str, str] = {}
"""Secrets by pair, the same in every test."""


def error(response: Any) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return response.status_code, response.json()["error"]


def call() -> Call:
    """The one call on record."""
    return Call.objects.get()


def acts(key: ApiKey) -> list[Event]:
    """What has been done to `key`, oldest first."""
    return list(Event.objects.filter(key_id=key.id).order_by("id"))


def said(key: ApiKey) -> list[str]:
    """The names of what has been done to `key`, oldest first."""
    return [event.action for event in acts(key)]


def opened(made: Minted) -> tuple[ApiKey, str]:
    """A new key, and its plaintext as a program would hold it."""
    return made.key, made.plaintext.take()


def again(key: ApiKey) -> ApiKey:
    """`key` as the database has it now, on an object of its own."""
    return ApiKey.objects.get(pk=key.pk)
