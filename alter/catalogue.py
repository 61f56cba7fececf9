"""The scopes that every app begins with, and permissions of tokens, for completion and suggestions.

The portal decides what is valid, and has an app's own scopes; tests/alter/test_catalogue.py compares these lists with
it.
"""

import re
from itertools import zip_longest

TIERS = ("read", "write", "admin")
RESOURCES = (
    "agents",
    "grants",
    "keys",
    "secrets",
    "idp_users",
    "audit_logs",
    "usage",
    "providers",
    "approvals",
)
ACTIONS = (
    "tokens:retrieve",
    "proxy:execute",
    "connect:initiate",
    "keys:derive",
    "audit:emit",
    "spans:emit",
)
SCOPES = (*(f"{resource}:{tier}" for resource in RESOURCES for tier in TIERS), *ACTIONS)
SIGN_IN = (
    "dashboard_apps:read",
    "dashboard_apps:write",
    "dashboard_keys:read",
    "dashboard_keys:write",
    "dashboard_agents:read",
    "dashboard_agents:write",
    "dashboard_audit:read",
    "dashboard_members:read",
)
"""The default permissions of `alter auth login`: nothing that revokes or deletes."""
PERMISSIONS = (
    *SIGN_IN,
    "dashboard_apps:delete",
    "dashboard_keys:admin",
    "dashboard_agents:admin",
    "dashboard_audit:write",
    "dashboard_audit:export",
    "dashboard_members:write",
)

MIN_SIMILARITY = 0.75
"""How similar two words are when one is taken for a typo of the other."""
_PARTS = re.compile("[:_-]")


def nearest(text: str, known: tuple[str, ...] = SCOPES) -> str:
    """The known name most similar to `text`, word by word. Empty: none."""
    from difflib import get_close_matches

    typed = text.lower().replace(".", ":")
    matches = get_close_matches(typed, known, cutoff=MIN_SIMILARITY)
    return next((name for name in matches if _is_similar(typed, name)), "")


def _is_similar(typed: str, name: str) -> bool:
    """Whether each word is similar: `orders:read` looks like `providers:read` only as a whole."""
    from difflib import SequenceMatcher

    pairs = list(zip_longest(_PARTS.split(typed), _PARTS.split(name), fillvalue=""))
    return all(SequenceMatcher(None, left, right).ratio() >= MIN_SIMILARITY for left, right in pairs)
