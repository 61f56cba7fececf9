"""What `alter scopes` reads of an app's scopes before a change, and what it says about the change."""

from typing import Any

from alter import output
from alter.catalogue import nearest
from alter.exit_codes import Exit, Failure
from alter.output import Row
from alter.run import Run

MAX_NAMED_KEYS = 5
"""Keys that a question names."""


def read(run: Run) -> dict[str, Any]:
    """The app's scopes, at their current version."""
    answer: dict[str, Any] = run.client.get(run.path("scopes"))
    return answer


def find(catalogue: dict[str, Any], name: str) -> Row:
    """The scope or resource `name`. Raises Failure (4), which suggests the closest one."""
    kind = "scopes" if ":" in name else "resources"
    rows: list[Row] = catalogue[kind]
    for row in rows:
        if row["name"] == name:
            return row
    guess = nearest(name, tuple(row["name"] for row in rows))
    hint = f"Did you mean {guess}?" if guess else "To list the app's scopes: alter scopes list"
    raise Failure(Exit.NOT_FOUND, f"The app has no {kind[:-1]} {name}.", hint)


def find_own(catalogue: dict[str, Any], name: str) -> Row:
    """The scope or resource `name` of the app itself. Raises Failure (5) for one of the preset or the portal."""
    row = find(catalogue, name)
    if row["source"] == "preset":
        raise Failure(
            Exit.CONFLICT,
            f"{name} is part of the preset alter-sdk.",
            "To remove the preset: alter scopes preset off",
        )
    if row["source"] != "app":
        raise Failure(Exit.CONFLICT, f"{name} is built in and cannot be changed.")
    return row


def refuse_existing(catalogue: dict[str, Any], name: str) -> None:
    """Raises Failure (5) if the scope or resource `name` exists."""
    kind = "scopes" if ":" in name else "resources"
    if name in {row["name"] for row in catalogue[kind]}:
        raise Failure(
            Exit.CONFLICT, f"The {kind[:-1]} {name} exists.", f"To change it: alter scopes edit {name}"
        )


def path_of(run: Run, name: str, *more: str) -> str:
    """The path of a scope or a resource."""
    return run.path("scopes", name, *more) if ":" in name else run.path("scopes", "resources", name, *more)


def levels_of(catalogue: dict[str, Any], name: str) -> list[str]:
    """The scopes that go with `name`: itself, or the levels of a resource."""
    if ":" in name:
        return [name]
    return [f"{name}:{level}" for level in find(catalogue, name)["levels"]]


def usage_of(run: Run, scope: Row) -> dict[str, Any]:
    """Who holds a scope and who needed it; without permission to read the audit log only the number of keys."""
    try:
        usage: dict[str, Any] = run.client.get(path_of(run, scope["name"], "usage"))
    except Failure as failure:
        if failure.exit != Exit.FORBIDDEN:
            raise
        return {"active_keys": scope["active_keys"]}
    return usage


def describe_usage(scope: Row, usage: dict[str, Any]) -> str:
    """The use of a scope, as a line."""
    keys = _count(usage["active_keys"], "active key")
    named = usage.get("key_prefixes", [])[:MAX_NAMED_KEYS]
    if named:
        more = usage["active_keys"] - len(named)
        keys += f" ({', '.join(named)}{f' and {more} more' if more else ''})"
    if "requests" not in usage:
        return f"{scope['name']}: {keys}"
    requests = _count(usage["requests"], "request")
    last = f", the last at {output.moment(usage['last_request_at'])} UTC" if usage["last_request_at"] else ""
    least = "" if usage["is_complete"] else f" (of the latest {usage['requests_scanned']:,})"
    return f"{scope['name']}: {keys}; {requests} in the last 30 days{least}{last}"


def compare(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What a change did: the versions, and the names of added, changed and removed scopes."""
    old, new = _compared(before), _compared(after)
    return {
        "version": after["version"],
        "previous_version": before["version"],
        "preset": after["preset"],
        "added": [name for name in new if name not in old],
        "changed": [name for name in new if name in old and new[name] != old[name]],
        "removed": [name for name in old if name not in new],
    }


def _compared(catalogue: dict[str, Any]) -> dict[str, Any]:
    """Each scope without its number of keys, which others change, but with the levels that it includes."""
    levels = {row["name"]: row["levels"] for row in catalogue["resources"]}
    return {
        row["name"]: ({**row, "active_keys": None}, _included(levels, row["name"]))
        for row in catalogue["scopes"]
    }


def _included(levels: dict[str, list[str]], name: str) -> list[str]:
    resource, _, verb = name.partition(":")
    verbs = levels.get(resource, [])
    return verbs[: verbs.index(verb)] if verb in verbs else []


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if number else f"no {noun}s"
