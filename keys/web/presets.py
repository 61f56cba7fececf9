"""Where a mint form may start from: what people mint keys for, and what such keys usually need."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from keys.scopes import ACTIONS, AGENT_DEFAULT, RESOURCES, TIERS


@dataclass(frozen=True, slots=True)
class Purpose:
    """A starting point. Everything in it can be changed before minting."""

    label: str
    expires: str
    scopes: tuple[str, ...]
    rate_limit_rpm: int | None = None

    def fields(self) -> dict[str, Any]:
        """As values of the mint form."""
        return as_fields(self.scopes) | {"expires": self.expires, "rate_limit_rpm": self.rate_limit_rpm}


PURPOSES = {
    "service": Purpose(
        "Backend service", "90d", ("grants:read", "agents:read", "tokens:retrieve", "keys:derive")
    ),
    "agent": Purpose("Agent", "90d", AGENT_DEFAULT),
    "ci": Purpose("CI job", "1h", ("grants:read", "agents:read"), 600),
    "test": Purpose("Manual testing", "7d", ("grants:read",), 60),
}


def as_fields(scopes: Iterable[str]) -> dict[str, Any]:
    """Scopes as values of the matrix: levels, actions, and the rest written out."""
    fields: dict[str, Any] = {f"scope_{name}": "none" for name in RESOURCES}
    fields |= {"actions": [], "more_scopes": ""}
    more: list[str] = []
    for scope in scopes:
        resource, _, rest = scope.partition(":")
        if scope in ACTIONS:
            fields["actions"].append(scope)
        elif rest in TIERS and fields.get(f"scope_{resource}") == "none":
            fields[f"scope_{resource}"] = rest
        else:
            more.append(scope)
    return fields | {"more_scopes": ", ".join(more)}
