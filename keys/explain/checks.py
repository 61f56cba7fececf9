"""What each check of a call requires, by its id in keys/admission/verdict.py and in the order of the checks."""

from collections.abc import Mapping

REQUIREMENTS: Mapping[str, str] = {
    "format": "The key has the right length and checksum.",
    "known": "This portal issued the key.",
    "signature": "The signature is valid, recent and used once, if one is required.",
    "not revoked": "The key is not revoked.",
    "agent active": "The agent is neither suspended nor revoked.",
    "ancestors live": "The parent key is active.",
    "not expired": "The key has not expired.",
    "grace not over": "If the key was rotated, its grace period is not over.",
    "address": "The key may be used from this IP address.",
    "throttle": "The key is within its rate limit.",
    "constraints": "The key holds the scopes that the request is limited to.",
    "caller": "The caller is an active agent of this app, or a valid label.",
    "scope": "The key is of the required kind and holds all required scopes.",
}
