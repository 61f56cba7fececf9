"""The scopes that the portal itself asks for, the preset "alter-sdk", and the catalogue that every app begins with."""

from keys.catalogue.catalogue import Catalogue, Definition, MintTemplate, Resource, Source

LEVELS = ("read", "write", "admin")
"""The levels of a resource that names none of its own, lowest first."""
LEVEL_WORDS = {"read": "View", "write": "Create and change", "admin": "Manage"}
FIRST_VERSION = 1
"""The version of every app's catalogue before its first change: the preset, and nothing of its own."""


def _resource(name: str, things: str, source: Source) -> Resource:
    levels = tuple(
        Definition(f"{name}:{level}", f"{LEVEL_WORDS[level]} {things}", source=source) for level in LEVELS
    )
    return Resource(name, things.capitalize(), levels, source)


BUILT_IN_RESOURCES = (
    _resource("agents", "agents and their keys", "built-in"),
    _resource("keys", "keys of this app", "built-in"),
)
BUILT_IN_ACTIONS = (
    Definition("keys:derive", "Derive short-lived keys", source="built-in"),
    Definition("audit:emit", "Add to the audit log", source="built-in"),
    Definition("spans:emit", "Send trace spans", source="built-in"),
)
"""What gates the runtime API (docs/sdk.md). No app may define a scope of these resources."""
RESERVED_RESOURCES = frozenset({"agents", "keys", "audit", "spans"})

PRESET_RESOURCES = (
    _resource("grants", "access granted to users", "preset"),
    _resource("secrets", "stored third-party secrets", "preset"),
    _resource("idp_users", "users of your directory", "preset"),
    _resource("audit_logs", "events and requests", "preset"),
    _resource("usage", "usage and limits", "preset"),
    _resource("providers", "third-party services", "preset"),
    _resource("approvals", "pending approvals", "preset"),
)
PRESET_ACTIONS = (
    Definition("tokens:retrieve", "Retrieve a stored token", source="preset"),
    Definition("proxy:execute", "Call through the proxy", source="preset"),
    Definition("connect:initiate", "Start a connection", source="preset"),
)
"""The other names that the published client uses. An app may take them off."""
AGENT_DEFAULT = (
    "keys:derive",
    "keys:admin",
    "tokens:retrieve",
    "proxy:execute",
    "connect:initiate",
    "grants:read",
    "audit:emit",
    "spans:emit",
)
"""What a key minted for an agent may do unless told otherwise, as far as its app has these scopes (docs/sdk.md)."""
TEMPLATES = (
    MintTemplate(
        "service", "Backend service", ("grants:read", "agents:read", "tokens:retrieve", "keys:derive")
    ),
    MintTemplate("agent", "Agent", AGENT_DEFAULT),
    MintTemplate("ci", "CI job", ("grants:read", "agents:read"), "1h", 600),
    MintTemplate("test", "Manual testing", ("grants:read",), "7d", 60),
)
DEFAULT = Catalogue(
    FIRST_VERSION,
    (*BUILT_IN_RESOURCES, *PRESET_RESOURCES),
    (*BUILT_IN_ACTIONS, *PRESET_ACTIONS),
    TEMPLATES,
)
"""The catalogue of an app that has not changed it."""


def taken_by(name: str, has_preset: bool) -> Source | None:
    """Whose the name of a resource or a scope is already, so that no app can define it; None: it is free."""
    resource = name.partition(":")[0]
    if resource in RESERVED_RESOURCES:
        return "built-in"
    preset_names = {each.name for each in (*PRESET_RESOURCES, *PRESET_ACTIONS)}
    return "preset" if has_preset and not preset_names.isdisjoint((resource, name)) else None
