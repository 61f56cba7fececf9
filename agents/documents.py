"""The value language of what an agent carries: its scopes at providers, its policy, its metadata (docs/sdk.md)."""

from typing import Any

from core.documents import parse_document
from core.errors import Invalid

Scopes = dict[str, list[str]]
SCOPES_BYTES = 12_288


def parse_agent_scopes(value: Any, field: str = "scopes") -> Scopes:
    """Provider to list of scopes, each once. Empty: none anywhere. Raises Invalid."""
    document = parse_document(value, field, SCOPES_BYTES)
    for provider, scopes in document.items():
        if not _is_word(provider):
            raise Invalid(field, "Name each provider, without spaces around it.")
        if not isinstance(scopes, list) or not scopes or not all(map(_is_word, scopes)):
            raise Invalid(field, f"{provider!r} needs a list of scopes, without spaces around them."[:300])
    return {provider: list(dict.fromkeys(scopes)) for provider, scopes in document.items()}


def parse_policy(value: Any) -> dict[str, Any]:
    """A policy block; kept for the agent's own use, enforced by nothing here. Raises Invalid."""
    return parse_document(value, "policy")


def shown_policy(policy: dict[str, Any]) -> dict[str, Any]:
    """`policy` as programs may see it: how many approvers there are, and not who."""
    approval = policy.get("requires_approval")
    if not isinstance(approval, dict) or "approvers" not in approval:
        return policy
    named = approval["approvers"]
    shown = {name: value for name, value in approval.items() if name != "approvers"}
    shown["approvers_count"] = len(named) if isinstance(named, list) else 1
    return {**policy, "requires_approval": shown}


def lost(old: Scopes, new: Scopes) -> Scopes:
    """What `old` has and `new` lacks."""
    gone = {p: [scope for scope in scopes if scope not in new.get(p, ())] for p, scopes in old.items()}
    return {provider: scopes for provider, scopes in gone.items() if scopes}


def loses(old: Scopes, new: Scopes) -> bool:
    """Whether `new` lacks something that `old` has."""
    return bool(lost(old, new))


def same(document: Scopes | None, other: Scopes | None) -> bool:
    """Whether both allow the same, in whatever order they say it."""
    if document is None or other is None:
        return document is other
    return not loses(document, other) and not loses(other, document)


def union(old: Scopes, new: Scopes) -> Scopes:
    """What either allows."""
    providers = dict.fromkeys([*old, *new])
    return {p: list(dict.fromkeys([*old.get(p, ()), *new.get(p, ())])) for p in providers}


def _is_word(text: Any) -> bool:
    return isinstance(text, str) and bool(text) and text == text.strip()
