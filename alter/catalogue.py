"""The names a person types: scopes of keys and permissions of tokens, to complete them and to guess at typos.

The portal has the last word; tests/alter/test_catalogue.py compares these with it.
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

ALIKE = 0.75
"""How much of two words is the same in both, where one is taken for a typo of the other."""
_PARTS = re.compile("[:_]")
_WORDS = re.compile(r"[A-Za-z_]+[:.][A-Za-z_]+")


def near(text: str, known: tuple[str, ...] = SCOPES) -> str:
    """The known name that `text` is most like, word by word. Empty: none is like it."""
    from difflib import get_close_matches

    typed = text.lower().replace(".", ":")
    found = get_close_matches(typed, known, cutoff=ALIKE)
    return next((name for name in found if _is_like(typed, name)), "")


def _is_like(typed: str, name: str) -> bool:
    """Whether each word is: `orders:read` is much like `providers:read`, and something else altogether."""
    from difflib import SequenceMatcher

    pairs = list(zip_longest(_PARTS.split(typed), _PARTS.split(name), fillvalue=""))
    return all(SequenceMatcher(None, one, other).ratio() >= ALIKE for one, other in pairs)


def near_in(sentence: str) -> str:
    """The known scope that the first unknown one in `sentence` is most like."""
    unknown = [words for words in _WORDS.findall(sentence) if words not in SCOPES]
    return near(unknown[0]) if unknown else ""
