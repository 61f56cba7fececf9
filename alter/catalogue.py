"""The names a person types: scopes of keys and permissions of tokens, to complete them and to guess at typos.

The portal has the last word; tests/alter/test_catalogue.py compares these with it.
"""

import re

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
"""What `alter auth login` asks for unless it is told otherwise: nothing that ends or deletes."""
PERMISSIONS = (
    *SIGN_IN,
    "dashboard_apps:delete",
    "dashboard_keys:admin",
    "dashboard_agents:admin",
    "dashboard_audit:write",
    "dashboard_audit:export",
    "dashboard_members:write",
)

_WORDS = re.compile(r"[A-Za-z_]+[:.][A-Za-z_]+")


def near(text: str, known: tuple[str, ...] = SCOPES) -> str:
    """The known name that `text` is most like. Empty: none is like it."""
    from difflib import get_close_matches

    found = get_close_matches(text.lower().replace(".", ":"), known, n=1, cutoff=0.7)
    return found[0] if found else ""


def near_in(sentence: str) -> str:
    """The known scope that the first unknown one in `sentence` is most like."""
    unknown = [words for words in _WORDS.findall(sentence) if words not in SCOPES]
    return near(unknown[0]) if unknown else ""
