"""Widening a key in the management API: permissions are added, and none removed."""

from typing import Any

from pydantic import Field, StrictInt

from agents.requests import AppRequest, id_of
from core.durations import parse_end
from core.schemas import Item, RequestSchema, Sentence, Text
from keys import lifecycle
from keys.api.management import describe_key
from keys.api.management_schemas import KeyInfo
from keys.catalogue.store import catalogue_of
from keys.models import ApiKey
from keys.networks import parse_networks
from keys.requests import key_of


class KeyWidenRequest(RequestSchema):
    """The new permissions of a key. Omitted fields are unchanged; nothing may be removed."""

    scopes: list[Item] = Field(default=[], description="All scopes, current ones included.", max_length=100)
    cidr_allowlist: list[Item] | None = Field(
        default=None, description="All allowed IP ranges. null or []: any IP.", max_length=100
    )
    rate_limit_rpm: StrictInt | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Rate limit, in requests per minute. null: the app's limit.",
    )
    expires_at: Text | None = Field(default=None, description="ISO 8601. null: never expires.")
    reason: Sentence = Field(description="The reason, saved to the audit log.")


def widen_key(request: AppRequest, key_id: str, body: KeyWidenRequest) -> KeyInfo:
    """Add permissions to a key. They apply immediately."""
    key = key_of(request, id_of(key_id))
    lifecycle.widen(request.actor, key, reason=body.reason, **_values(key, body))
    return describe_key(key)


def _values(key: ApiKey, body: KeyWidenRequest) -> dict[str, Any]:
    """Each permission as it will be."""
    given, ranges = body.model_fields_set, body.cidr_allowlist or ()
    return {
        "scopes": catalogue_of(key.app).parse(body.scopes) if "scopes" in given else key.scope_set,
        "networks": parse_networks(ranges) if "cidr_allowlist" in given else key.network_list,
        "rate_limit_rpm": body.rate_limit_rpm if "rate_limit_rpm" in given else key.rate_limit_rpm,
        "expires_at": parse_end(None, body.expires_at) if "expires_at" in given else key.expires_at,
    }
