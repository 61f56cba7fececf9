"""The closed vocabularies of filter values. Case does not matter; an unknown word is an error."""

from typing import Any

from audit.actions import EVERY, RENAMED
from audit.search.explain import REQUIREMENTS
from core.choices import parse_choice
from core.errors import Invalid, all_refusals

OUTCOMES = ("event", "allowed", "denied")
KINDS = {"event": "Changes by users and programs", "call": "Requests made with a key"}
SOURCES = {
    "page": "Web",
    "api": "API",
    "cli": "CLI",
    "sdk": "SDK",
    "door": "Verify endpoint",
    "shell": "Server command line",
}
"""How a request reached the portal, by its id in the record."""
ACTOR_KINDS = ("person", "token", "key", "shell", "system")


NO_OUTCOME = "Events have no other outcome. Remove kind or outcome."


def outcome_of(kind: str, outcome: str) -> str:
    """The outcome that entries of `kind` are looked for by: acts have one of their own. Raises Invalid."""
    if kind == "event" and outcome not in ("", "event"):
        raise Invalid("outcome", NO_OUTCOME)
    return "event" if kind == "event" else outcome


def event_names() -> set[str]:
    """Every action that is recorded as an event, and each noun for all of its actions."""
    names = {name for name, action in EVERY.items() if action.says != "read"}
    return names | {name.partition(".")[0] for name in names} | set(RENAMED)


def words() -> dict[str, set[str]]:
    """The filters that take one word of a list, and the lists."""
    return {
        "outcome": set(OUTCOMES),
        "action": event_names(),
        "check": set(REQUIREMENTS),
        "via": set(SOURCES),
        "kind": set(KINDS),
        "actor_kind": set(ACTOR_KINDS),
        "code": {kind.code for kind in all_refusals() if hasattr(kind, "code")},
    }


def parse_vocabulary(values: dict[str, Any]) -> dict[str, Any]:
    """`asked` with the words of closed lists as the record writes them. Raises Invalid on the first that is none."""
    known = words()
    return {
        name: parse_choice(text, name, known[name]) if name in known else text
        for name, text in values.items()
    }
