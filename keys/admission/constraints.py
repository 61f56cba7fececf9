"""Headers that narrow one request: X-Alter-Scope-Constraints and X-Alter-Request-Rule (docs/sdk.md)."""

import base64
import binascii
import json
import re
from collections.abc import Mapping

from core.errors import Refusal
from keys.admission import call_errors
from keys.scopes import MAX_SCOPES, ScopeSet, shaped

MAX_RULE_LENGTH = 4096

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
"""The decoder takes the signs of plain base64 as well."""


def read(headers: Mapping[str, str]) -> tuple[ScopeSet | None, Refusal | None]:
    """What a request is narrowed to by its headers, or why they cannot be read."""
    try:
        check_rule(headers.get("X-Alter-Request-Rule", ""))
        return parse(headers.get("X-Alter-Scope-Constraints", "")), None
    except Refusal as error:
        return None, error


def parse(header: str) -> ScopeSet | None:
    """The scopes a request is narrowed to. None: to none in particular. Raises InvalidScopeConstraint.

    Whether they narrow is for the key they are presented with to say; that settles unknown words too.
    """
    if not header:
        return None
    entries = header.split(",")
    scopes = [scope for entry in entries if (scope := shaped(entry))]
    if len(scopes) < len(entries) or len(entries) > MAX_SCOPES:
        raise call_errors.InvalidScopeConstraint
    return ScopeSet(tuple(sorted(set(scopes))))


def check_rule(header: str) -> None:
    """Raise InvalidRequestRule unless a request rule is well formed. Nothing here is for it to deny."""
    if header and not _is_rule(header):
        raise call_errors.InvalidRequestRule


def fault(granted: ScopeSet, constraints: ScopeSet) -> Refusal | None:
    """Why `constraints` cannot narrow a key that may do `granted`; None if they can."""
    more = granted.missing(constraints)
    return call_errors.ConstraintNotNarrowing(missing=more.names()) if more else None


def narrowed(granted: ScopeSet, constraints: ScopeSet | None) -> ScopeSet:
    """What a request may do with a key that may do `granted`: never more, whatever it asks for."""
    return granted if constraints is None else granted.meet(constraints)


def _is_rule(header: str) -> bool:
    if len(header) > MAX_RULE_LENGTH or not _BASE64URL.fullmatch(header):
        return False
    try:
        padded = header.encode("ascii") + b"=" * (-len(header) % 4)
        rule = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        return False
    return (
        isinstance(rule, dict)
        and isinstance(rule.get("rule_type"), str)
        and isinstance(rule.get("rule_body"), dict)
    )
