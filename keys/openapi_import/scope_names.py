"""Proposes a `resource:verb` name for a scope that an OpenAPI document names in another way."""

import re

from keys.scopes import shaped

VERBS = frozenset(
    ["read", "write", "admin", "create", "update", "delete", "list", "manage", "view", "edit", "execute"]
)

_SPLIT = re.compile(r"[^A-Za-z0-9_]+")


def propose_name(name: str) -> str:
    """The name itself where it can be kept as written, else a proposal, else nothing.

    `orders.read` becomes `orders:read`, `read:orders` becomes `orders:read`.
    """
    words = [
        word.lower() for word in _SPLIT.split(name.rsplit("/", 1)[-1] if "://" in name else name) if word
    ]
    if len(words) == 2 and words[0] in VERBS and words[1] not in VERBS:
        words.reverse()
    elif shaped(name):
        return name
    proposed = "_".join(words[:-1]) + ":" + words[-1] if len(words) > 1 else ""
    return proposed if shaped(proposed) else ""
