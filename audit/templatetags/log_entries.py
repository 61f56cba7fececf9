"""Makes the values of an event, and the verdict on a call, readable on a page."""

import re
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from audit.actions import EVERY, current_name
from audit.integrity.checking.row_proof import above
from audit.models import Call, Checkpoint, Seal, Span
from audit.search import check_names

register = template.Library()
_LONG_WORD = re.compile(r"\S{25,}")
_PIECE = re.compile(r"(\S{8})(?=\S)")

# The record knows no keys, so it knows the steps of keys/admission/verdict.py by name alone; a test compares them.
STEPS = {
    "format": "The key has the right shape and its checksum holds.",
    "known": "The key was issued here.",
    "signature": "If the call had to be signed, the key signed this very request, lately and once.",
    "not revoked": "The key has not been revoked.",
    "agent active": "The agent it belongs to is neither suspended nor revoked.",
    "ancestors live": "The key it was derived from still works.",
    "not expired": "Its expiry has not passed.",
    "grace not over": "If it was rotated, its grace period is not over.",
    "address": "The call came from an address the key may be used from.",
    "throttle": "The key had calls left in its minute.",
    "constraints": "What the call was narrowed to lies within what the key may do.",
    "caller": "The caller it named is an active agent of the app, or has a name that can be kept.",
    "scope": "The key is of the kind, and held every scope, that the call needed.",
}
"""Each step of a verdict, in order, and what it makes sure of."""


@register.filter
def listed(value: Any) -> list[Any]:
    """`value` as a list, whatever it was; what has names as a line for each."""
    if isinstance(value, dict):
        return [f"{name}: {one}" for name, one in value.items()]
    return list(value) if isinstance(value, list) else [value]


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
    return check_names.describe_denial(call.check_failed, call.code)


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
    """`key.revoke` as `revoked`. An action that is no longer declared goes by its name."""
    action = EVERY.get(current_name(action_name))
    return action.says if action else f"did {action_name} on"
