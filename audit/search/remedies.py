"""What sets each refusal right: a sentence, and where to go for it. Plain data, as the record knows no keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.models import Call


@dataclass(frozen=True, slots=True)
class Way:
    """Somewhere to go. `{key}` and the like stand for what is known of the call (audit/search/explain.py)."""

    says: str
    act: str
    """The name of the act it leads to, hence who may. Empty: anyone who reads the log."""
    page: str
    """The name of its address in portal/urls.py."""
    names: tuple[str, ...] = ()
    """What the address names, in order."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What a form there begins with."""
    posts: bool = False
    """Whether going there does it."""


@dataclass(frozen=True, slots=True)
class Fix:
    """The way out of one kind of refusal."""

    says: str
    ways: tuple[Way, ...] = ()


def fix_of(call: Call) -> Fix:
    """What sets the refusal of `call` right: what is known of its code, or else of the check that failed."""
    return CODES.get(call.code) or CHECKS.get(call.check_failed, UNKNOWN)


def _guide(says: str, slug: str) -> Way:
    return Way(says, "", "guide", (slug,))


def _mint(says: str, **query: str) -> Way:
    return Way(says, "key.mint", "{mint}", ("{app}", "{holder}"), {"from": "{key}", **query})


_FIND = Way("Look up this key", "key.read", "lookup")
_SIGNING = _guide("How calls are signed", "sdk")
_DOOR = _guide("How the door is asked", "door")
_CODES = _guide("What each code means", "errors")
_SETTINGS = Way("The app’s settings", "app.update", "app-settings", ("{app}",))
_KEY = Way("Open the key", "key.read", "key", ("{app}", "{key}"))
_ROTATE = Way("Rotate the key…", "key.rotate", "key-rotate", ("{app}", "{key}"))
_WIDEN = Way(
    "Edit permissions…", "key.widen", "key-permissions", ("{app}", "{key}"), {"also_scopes": "{missing}"}
)
_REVOKE = Way("Revoke the key…", "key.revoke", "key-revoke", ("{app}", "{key}"))
_PARENT = Way("Open the parent key", "key.read", "key", ("{app}", "{parent}"))
_SUCCESSOR = Way("Open its successor", "key.read", "key", ("{app}", "{successor}"))
_AGENT = Way("Open the agent", "agent.read", "agent", ("{app}", "{agent}"))
_RESUME = Way("Resume the agent", "agent.resume", "agent-resume", ("{app}", "{agent}"), posts=True)
_NEW_AGENT = Way("Create an agent", "agent.create", "agent-create", ("{app}",))
_AGENTS = Way("The app’s agents", "agent.read", "agents", ("{app}",))
_REPLACE = _mint("Mint a replacement")

CHECKS = {
    "format": Fix(
        "The key was cut or mistyped: its shape or its checksum does not hold. Copy it whole.", (_FIND,)
    ),
    "known": Fix(
        "No key here has this secret. It may be of another portal, or a derived key whose secret was renewed.",
        (_FIND,),
    ),
    "signature": Fix(
        "Sign each call, as it is sent, with the key that is sent. The alter-sdk client does so.",
        (_SIGNING, _SETTINGS),
    ),
    "not revoked": Fix(
        "A revoked key never works again. Mint another and give it to whoever calls.", (_REPLACE, _KEY)
    ),
    "agent active": Fix(
        "The agent is suspended. Resume it, and its keys work from the next call on.", (_RESUME, _AGENT)
    ),
    "ancestors live": Fix(
        "The key this one was derived from has ended, and this one with it. Derive another from one that lives.",
        (_PARENT, _REPLACE),
    ),
    "not expired": Fix(
        "The key has expired, and its end cannot be put off. Mint another with a later end.", (_REPLACE, _KEY)
    ),
    "grace not over": Fix(
        "The key was rotated and its grace period is over. Give whoever calls the secret of its successor.",
        (_SUCCESSOR, _REPLACE),
    ),
    "address": Fix(
        "Call from an address on the key’s list. If this address is yours, mint a key for it: "
        "a key’s list is never widened.",
        (_mint("Mint a key for this address too", also_networks="{ip}"), _KEY),
    ),
    "throttle": Fix(
        "The key had spent its calls of the minute. Call less often, or mint a key with a higher limit.",
        (_mint("Mint a key with twice the limit", rate_limit_rpm="{twice}"), _SETTINGS),
    ),
    "constraints": Fix(
        "A call can only be narrowed to what its key may do. Correct the header that narrows it.",
        (_SIGNING, _KEY),
    ),
    "caller": Fix(
        "Name an active agent of this app as the caller, or a label of 1 to 255 printable characters.",
        (_AGENTS, _SIGNING),
    ),
    "scope": Fix(
        "The key lacks a scope that the call needs. Mint a key that holds it too, or widen this one.",
        (_mint("Mint a key with the missing scope", also_scopes="{missing}"), _WIDEN, _KEY),
    ),
    "question": Fix(
        "The question could not be taken, whatever the key. Correct the request, or the gateway’s set-up.",
        (_DOOR, _CODES),
    ),
    "act": Fix(
        "The call passed every check; what it asked for cannot be done as things stand. Its code says why.",
        (_CODES, _KEY),
    ),
}
"""The steps of keys/admission/verdict.py and what stands beside them, by name; a test compares."""

CODES = {
    "missing_api_key": Fix(
        "The call carried no key. Send it in the header x-api-key, and look whether a proxy drops it.",
        (_DOOR,),
    ),
    "key_in_url": Fix(
        "A key in an address is kept by logs and proxies: treat it as exposed. Rotate or revoke it, "
        "and send the next one in the header x-api-key.",
        (_ROTATE, _REVOKE, _DOOR),
    ),
    "payload_too_large": Fix("The body was too large. Send at most 64 KiB.", (_SIGNING,)),
    "signature_required": Fix(
        "The call was not signed. Use the alter-sdk client, or let the app’s settings make signing optional.",
        (_SIGNING, _SETTINGS),
    ),
    "timestamp_out_of_range": Fix(
        "The call was signed more than five minutes away from now. Set the caller’s clock.", (_SIGNING,)
    ),
    "content_hash_mismatch": Fix(
        "The body is not the one that was signed. Hash the bytes that are sent; look whether a proxy changes them.",
        (_SIGNING,),
    ),
    "nonce_replayed": Fix(
        "The same signed call came twice. Sign each call anew. If it was not you who repeated it, rotate the key.",
        (_ROTATE, _SIGNING),
    ),
    "agent_revoked": Fix(
        "The agent is revoked and cannot come back. Create another and mint a key for it.",
        (_NEW_AGENT, _AGENT),
    ),
    "agent_cannot_mint_subagents": Fix(
        "Agents and their keys are managed with a key of the app. Call with one.",
        (Way("Mint a key of the app", "key.mint", "key-mint", ("{app}",)),),
    ),
    "last_active_key": Fix(
        "It is the agent’s only active key. Mint a replacement first, or say force.", (_REPLACE, _AGENT)
    ),
    "key_escalation_refused": Fix(
        "That key may do more than the one it was asked with. Do it with one that holds as much, or here.",
        (_KEY,),
    ),
    "scope_not_subset": Fix("A derived key holds at most what its parent does. Ask for less.", (_KEY,)),
    "cidr_not_subset": Fix("A derived key is used at most from where its parent may. Ask for less.", (_KEY,)),
}
"""What is known of a code better than of the check it belongs to."""

UNKNOWN = Fix("This refusal is not known by this version of the portal.", (_CODES,))
