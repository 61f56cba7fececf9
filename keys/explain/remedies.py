"""How to fix each denial: a sentence, and links to the pages where it is done. Plain data."""

from audit.search.explain import Link, Remedy


def _guide(label: str, slug: str) -> Link:
    return Link(label, "", "guide", (slug,))


def _mint(label: str, **query: str) -> Link:
    return Link(label, "key.mint", "{mint}", ("{app}", "{holder}"), {"from": "{key}", **query})


_LOOK_UP = Link("Look up this key", "key.read", "lookup")
_SIGNING = _guide("How to sign requests", "sdk")
_VERIFY = _guide("How to call /verify", "verify")
_CODES = _guide("Error codes", "errors")
_SETTINGS = Link("App settings", "app.update", "app-settings", ("{app}",))
_KEY = Link("Open key", "key.read", "key", ("{app}", "{key}"))
_ROTATE = Link("Rotate key…", "key.rotate", "key-rotate", ("{app}", "{key}"))
# The caller of /verify names the scope, so nothing is filled in: whoever adds it chooses it.
_PERMISSIONS = Link("Edit permissions…", "key.widen", "key-permissions", ("{app}", "{key}"))
_ADD_ADDRESS = Link(
    "Edit permissions…", "key.widen", "key-permissions", ("{app}", "{key}"), {"also_networks": "{ip}"}
)
_REVOKE = Link("Revoke key…", "key.revoke", "key-revoke", ("{app}", "{key}"))
_PARENT = Link("Open parent key", "key.read", "key", ("{app}", "{parent}"))
_SUCCESSOR = Link("Open successor", "key.read", "key", ("{app}", "{successor}"))
_AGENT = Link("Open agent", "agent.read", "agent", ("{app}", "{agent}"))
_RESUME = Link("Resume agent", "agent.resume", "agent-resume", ("{app}", "{agent}"), posts=True)
_NEW_AGENT = Link("Create agent", "agent.create", "agent-create", ("{app}",))
_AGENTS = Link("Agents", "agent.read", "agents", ("{app}",))
_MINT_APP_KEY = Link("Mint app key", "key.mint", "key-mint", ("{app}",))
_REPLACE = _mint("Mint replacement")

BY_CHECK = {
    "format": Remedy("The key is incomplete or mistyped. Copy the whole key.", (_LOOK_UP,)),
    "known": Remedy(
        "This portal did not issue the key. It may belong to another portal, or be a derived key that was rotated.",
        (_LOOK_UP,),
    ),
    "signature": Remedy(
        "Sign each request exactly as it is sent, with the key that is sent. The alter-sdk client does so.",
        (_SIGNING, _SETTINGS),
    ),
    "not revoked": Remedy(
        "A revoked key cannot be restored. Mint a new key for the caller.", (_REPLACE, _KEY)
    ),
    "agent active": Remedy(
        "The agent is suspended. Resume it to make its keys work again.", (_RESUME, _AGENT)
    ),
    "ancestors live": Remedy(
        "The parent key is no longer active, so this derived key is not either. Derive one from an active key.",
        (_PARENT, _REPLACE),
    ),
    "not expired": Remedy("The key has expired. Mint a new key with a later expiry.", (_REPLACE, _KEY)),
    "grace not over": Remedy(
        "The key was rotated and its grace period is over. Give the caller the key that replaced it.",
        (_SUCCESSOR, _REPLACE),
    ),
    "address": Remedy(
        "Call from an allowed IP address. If this address is yours, add it to the key, or mint a key for it.",
        (_mint("Mint a key for this address too", also_networks="{ip}"), _ADD_ADDRESS, _KEY),
    ),
    "throttle": Remedy(
        "The key exceeded its rate limit. Send fewer requests, or mint a key with a higher limit.",
        (_mint("Mint a key with twice the limit", rate_limit_rpm="{twice}"), _SETTINGS),
    ),
    "constraints": Remedy(
        "A request can only be limited to scopes that its key holds. Correct the constraints header.",
        (_SIGNING, _KEY),
    ),
    "caller": Remedy(
        "Name an active agent of this app as the caller, or a label of 1 to 255 printable characters.",
        (_AGENTS, _SIGNING),
    ),
    "scope": Remedy(
        "The key lacks a required scope. The caller of /verify names that scope: add it only if your service needs it.",
        (_PERMISSIONS, _KEY),
    ),
    "question": Remedy(
        "The request was invalid, whatever the key. Correct the request or the gateway's configuration.",
        (_VERIFY, _CODES),
    ),
    "act": Remedy(
        "The request passed every check, but its operation was not possible. The error code says why.",
        (_CODES, _KEY),
    ),
}
"""By check: those of keys/admission/verdict.py, and the two beside them; a test compares."""

BY_CODE = {
    "missing_api_key": Remedy(
        "The request carried no key. Send it in the header x-api-key, and check whether a proxy removes it.",
        (_VERIFY,),
    ),
    "key_in_url": Remedy(
        "Logs and proxies keep URLs, so treat this key as exposed. Rotate or revoke it, and send keys in the "
        "header x-api-key.",
        (_ROTATE, _REVOKE, _VERIFY),
    ),
    "payload_too_large": Remedy("The body is too large. Send at most 64 KiB.", (_SIGNING,)),
    "signature_required": Remedy(
        "The request was not signed. Use the alter-sdk client, or make signing optional in the app settings.",
        (_SIGNING, _SETTINGS),
    ),
    "timestamp_out_of_range": Remedy(
        "The request was signed more than five minutes ago or ahead. Correct the caller's clock.", (_SIGNING,)
    ),
    "content_hash_mismatch": Remedy(
        "The body differs from the signed one. Hash the bytes that are sent, and check whether a proxy changes them.",
        (_SIGNING,),
    ),
    "nonce_replayed": Remedy(
        "The same signed request was sent twice. Sign every request. If you did not send it twice, rotate the key.",
        (_ROTATE, _SIGNING),
    ),
    "agent_revoked": Remedy(
        "A revoked agent cannot be restored. Create a new agent and mint a key for it.", (_NEW_AGENT, _AGENT)
    ),
    "agent_cannot_mint_subagents": Remedy("Agents are managed with an app key. Use one.", (_MINT_APP_KEY,)),
    "last_active_key": Remedy(
        "It is the agent's last active key. Mint a replacement first, or set force.", (_REPLACE, _AGENT)
    ),
    "key_escalation_refused": Remedy(
        "The target key holds more than the key that was used. Use a key that holds as much, or the portal.",
        (_KEY,),
    ),
    "scope_not_subset": Remedy("A derived key can only hold scopes of its parent. Request fewer.", (_KEY,)),
    "cidr_not_subset": Remedy(
        "A derived key can only allow IP ranges of its parent. Request fewer.", (_KEY,)
    ),
}
"""By error code, where the code says more than its check."""

UNKNOWN = Remedy("This version of the portal does not know this denial.", (_CODES,))
