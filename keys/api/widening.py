"""Widening at the management API: a key is given more, and nothing is taken away."""

from typing import Any

from pydantic import Field, StrictInt

from agents.requests import AppRequest, id_of
from core.durations import parse_end
from core.schemas import Item, RequestSchema, Sentence, Text
from keys import lifecycle
from keys.api.management import seen
from keys.api.management_schemas import KeyInfo
from keys.models import ApiKey
from keys.networks import parse_networks
from keys.requests import key_of
from keys.scopes import parse_scopes


class KeyWidenRequest(RequestSchema):
    """What a key is to have; what is left out stays. Nothing may be less than it is."""

    scopes: list[Item] = Field(
        default=[], description="All that it is to hold, what it holds now included.", max_length=100
    )
    cidr_allowlist: list[Item] | None = Field(
        default=None, description="All ranges it may be used from. null or []: from anywhere.", max_length=100
    )
    rate_limit_rpm: StrictInt | None = Field(
        default=None, ge=1, le=100_000, description="Calls a minute. null: as the app says."
    )
    expires_at: Text | None = Field(default=None, description="ISO 8601. null: it does not end by itself.")
    reason: Sentence = Field(description="Why it may do more, for the log.")


def widen_key(request: AppRequest, key_id: str, asked: KeyWidenRequest) -> KeyInfo:
    """Give a key more. Whoever has its secret may do more from then on."""
    key = key_of(request, id_of(key_id))
    lifecycle.widen(request.actor, key, reason=asked.reason, **_values(key, asked))
    return seen(key)


def _values(key: ApiKey, asked: KeyWidenRequest) -> dict[str, Any]:
    """Each value as it is to be: the verb takes them whole."""
    given, ranges = asked.model_fields_set, asked.cidr_allowlist or ()
    return {
        "scopes": parse_scopes(asked.scopes) if "scopes" in given else key.scope_set,
        "networks": parse_networks(ranges) if "cidr_allowlist" in given else key.network_list,
        "rate_limit_rpm": asked.rate_limit_rpm if "rate_limit_rpm" in given else key.rate_limit_rpm,
        "expires_at": parse_end(None, asked.expires_at) if "expires_at" in given else key.expires_at,
    }
