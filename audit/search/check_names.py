"""Display names of checks and outcomes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class CheckName(NamedTuple):
    """How one check is called in a list of checks, and what a request was denied for when it failed."""

    label: str
    failed: str


CHECK_NAMES: Mapping[str, CheckName] = {
    "question": CheckName("Request valid", "Bad request"),
    "format": CheckName("Key format", "Malformed key"),
    "known": CheckName("Key exists", "Unknown key"),
    "signature": CheckName("Signature", "Invalid signature"),
    "not revoked": CheckName("Not revoked", "Key revoked"),
    "agent active": CheckName("Agent active", "Agent suspended"),
    "ancestors live": CheckName("Parent key active", "Parent key inactive"),
    "not expired": CheckName("Not expired", "Key expired"),
    "grace not over": CheckName("Rotation window", "Key rotated"),
    "address": CheckName("IP allowed", "IP not allowed"),
    "throttle": CheckName("Rate limit", "Rate limit exceeded"),
    "constraints": CheckName("Scope constraints", "Invalid scope constraints"),
    "caller": CheckName("Caller", "Invalid caller"),
    "scope": CheckName("Scopes", "Missing scope"),
    "act": CheckName("Operation", "Operation failed"),
}
"""By id: each check of the verdict, and the two that stand before and after it; a test compares."""

CHECK_IDS = {name.failed.lower(): check for check, name in CHECK_NAMES.items()}
"""The ids of checks by what people read and may type."""

FAILED_BY_CODE: Mapping[str, str] = {
    "missing_api_key": "No API key",
    "key_in_url": "Key in URL",
    "signature_required": "Signature missing",
    "timestamp_out_of_range": "Signature expired",
    "content_hash_mismatch": "Body does not match signature",
    "nonce_replayed": "Replayed request",
    "agent_revoked": "Agent revoked",
    "agent_cannot_mint_subagents": "App key required",
    "payload_too_large": "Body too large",
    "last_active_key": "Last active key",
}
"""By error code, where the code says more than the check it belongs to."""

OUTCOME_NAMES: Mapping[str, str] = {"allowed": "Allowed", "denied": "Denied", "event": "Event"}


def label_check(check: str) -> str:
    """The name of `check` in a list of checks, such as "Key exists"."""
    name = CHECK_NAMES.get(check)
    return name.label if name else check


def describe_failed_check(check: str) -> str:
    """The name of a denial at `check` in facets, filters and charts, such as "Key revoked"."""
    name = CHECK_NAMES.get(check)
    return name.failed if name else check


def describe_denial(check: str, code: str, missing: Sequence[str] = ()) -> str:
    """Why one request was denied, as exactly as its row tells, such as "Missing scope orders:read"."""
    reason = FAILED_BY_CODE.get(code) or describe_failed_check(check) or code
    if check != "scope" or not missing or code in FAILED_BY_CODE:
        return reason
    return f"{reason}{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
