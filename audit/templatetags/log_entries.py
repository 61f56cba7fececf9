"""Template filters for the values of an event and the verdict on a request."""

import re
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from audit.actions import EVERY, current_name
from audit.integrity.checking.row_proof import above
from audit.models import Call, Checkpoint, Seal, Span
from audit.search import check_names
from audit.search.explain import REQUIREMENTS
from audit.search.vocabularies import SOURCES

register = template.Library()
_LONG_WORD = re.compile(r"\S{25,}")
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|alter_\w{8,40}")
_PIECE = re.compile(r"(\S{8})(?=\S)")

STEPS: Mapping[str, str] = REQUIREMENTS
"""Each check of a verdict, in order, and what it requires: as the app that judges calls has registered."""
KINDS = {"person": "User", "shell": "Server command line", "key": "API key", "token": "Personal access token"}
"""What actors and targets are, where their kind in the record is no plain word."""


@register.filter
def listed(value: Any) -> list[Any]:
    """`value` as a list, whatever it was; what has names as a line for each."""
    if isinstance(value, dict):
        return [f"{name}: {item}" for name, item in value.items()]
    return list(value) if isinstance(value, list) else [value]


@register.filter
def is_identifier(value: Any) -> bool:
    """Whether `value` is an ID or the prefix of a key, which people copy."""
    return isinstance(value, str) and bool(_IDENTIFIER.fullmatch(value))


@register.filter
def ended(text: str) -> str:
    """`text` as a sentence: with one full stop, whether it had one or not."""
    return f"{text.rstrip().rstrip('.')}."


@register.filter
def breakable(text: str) -> SafeString:
    """`text` whose longest words may be broken: callers choose their paths, and a phone is narrow."""
    pieces = _LONG_WORD.sub(lambda word: _PIECE.sub("\\1\0", word[0]), text.replace("\0", "")).split("\0")
    return format_html_join(SafeString("<wbr>"), "{}", ((piece,) for piece in pieces))


@register.filter
def words(name: str) -> str:
    """A column's name as words."""
    return name.replace("_", " ").capitalize()


@register.filter
def refused_at_the_act(call: Call) -> bool:
    """Whether `call` passed every check, and what it asked for was refused (keys/admission/runtime_auth.py)."""
    return call.check_failed == "act"


@register.filter
def steps(call: Call) -> list[tuple[str, str, str]]:
    """Each step of the verdict on `call`: its name, what it makes sure of, and `yes`, `no` or `later`.

    A call that was allowed passed all of them, and so did one that was refused what it asked for. Nothing
    for a question that could not be taken.
    """
    names, passed = list(STEPS), call.allowed or refused_at_the_act(call)
    if not passed and call.check_failed not in STEPS:
        return []
    failed = len(names) if passed else names.index(call.check_failed)
    came = ["yes"] * failed + ["no"] + ["later"] * len(names)
    return [(name, STEPS[name], how) for name, how in zip(names, came, strict=False)]


@register.filter
def denial(call: Call) -> str:
    """Why `call` was denied, in words, such as "Key revoked"."""
    facts = getattr(call, "facts", None) or {}
    return check_names.describe_denial(call.check_failed, call.code, facts.get("missing", ()))


@register.filter
def denied(call: Call) -> str:
    """What came of a denied request, such as "Denied: key revoked"."""
    return f"Denied: {uncapitalized(denial(call))}"


@register.filter
def uncapitalized(words: str) -> str:
    """`words` within a sentence: `Key revoked` as `key revoked`, `IP not allowed` as it is."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


@register.filter
def check_counts(call: Call) -> str:
    """How many checks a request passed: `13 passed, 1 failed`."""
    results = [how for _, _, how in steps(call)]
    return f"{results.count('yes')} passed" + (", 1 failed" if "no" in results else "")


@register.filter
def kind_name(kind: str) -> str:
    """What an actor or a target is: `person` as `User`."""
    return KINDS.get(kind, kind.capitalize())


@register.filter
def check_name(check: str) -> str:
    """The name of a check in a list of checks, such as "Key exists"."""
    return check_names.label_check(check)


@register.filter
def failed_check(check: str) -> str:
    """The name of a denial at a check, such as "Key revoked"."""
    return check_names.describe_failed_check(check)


@register.filter
def lasted(span: Span) -> str:
    """How long a span says it took."""
    if span.ended_at is None:
        return "not ended"
    return f"{(span.ended_at - span.started_at).total_seconds() * 1000:,.0f} ms"


@register.filter
def checkpoint_of(seal: Seal) -> Checkpoint | None:
    """The checkpoint that a sealed row lies under."""
    return above(seal)


@register.filter
def current(action_name: str) -> str:
    """The present name of an action: `destination.create` is `webhook.create`."""
    return current_name(action_name)


@register.filter
def said(action_name: str) -> str:
    """`key.revoke` as `revoked key`. An action that is no longer declared goes by its name."""
    action = EVERY.get(current_name(action_name))
    return action.says if action else f"performed {action_name} on"


@register.filter
def said_of_this(action_name: str) -> str:
    """The same on the page of what it was done to: `revoked this key`."""
    verb, _, noun = said(action_name).rpartition(" ")
    return f"{verb} this {noun}" if verb and noun == action_name.partition(".")[0] else said(action_name)


@register.filter
def source(via: str) -> str:
    """How a request reached the portal: `Verify endpoint`."""
    return SOURCES.get(via, via)
