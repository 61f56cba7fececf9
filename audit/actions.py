"""The registry of actions: name, required permission, and past tense of everything that can be done."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """Something an actor may do. Permissions are said here and nowhere else."""

    name: str
    """Noun and verb, as the log writes it for ever: `key.revoke`."""
    needs: str
    """The permission a person or an access token must hold: `dashboard_keys:admin`. Empty: anyone."""
    says: str
    """The past tense for the timeline: `revoked`."""
    scope: str = ""
    """The scope an API key must hold to do the same: `keys:admin`. Empty: no key may."""
    agent_scope: str = ""
    """The scope that will do instead when the key is reached through its agent's address."""
    again: bool = False
    """Whether a person must have proved lately who they are. A program proves it with each request."""
    owner_needs: str = ""
    """The permission that is enough for the user who owns the row: `dashboard_keys:write`. Empty: owning is nothing."""


EVERY: dict[str, Action] = {}
"""All actions by name, filled as each app's actions.py is imported."""
RENAMED = {
    "destination.create": "webhook.create",
    "destination.pause": "webhook.pause",
    "destination.resume": "webhook.resume",
    "destination.rotate": "webhook.rotate",
    "destination.end": "webhook.delete",
    "destination.test": "webhook.test",
    "house.change": "policy.change",
}
"""Former names of actions and their present ones. Sealed events keep the name they were written with."""


def current_name(name: str) -> str:
    """The name that the action is declared with now."""
    return RENAMED.get(name, name)


def all_names(name: str) -> list[str]:
    """The name of an action and its former ones."""
    return [name, *(former for former, present in RENAMED.items() if present == name)]


def action(
    name: str,
    needs: str,
    says: str,
    scope: str = "",
    agent_scope: str = "",
    again: bool = False,
    owner_needs: str = "",
) -> Action:
    """Declare an action. Two with one name are a mistake in the program."""
    if name in EVERY:
        raise ValueError(f"action {name} is declared twice")
    EVERY[name] = Action(name, needs, says, scope, agent_scope, again, owner_needs)
    return EVERY[name]


READ = action("audit.read", "dashboard_audit:read", "read")
EXPORT = action("audit.export", "dashboard_audit:export", "exported")
READ_UPKEEP = action("upkeep.read", "dashboard_audit:write", "read")
RETAIN = action("audit.retain", "dashboard_audit:write", "changed the retention of", again=True)
PURGE = action("audit.purge", "dashboard_audit:write", "purged")
CREATE_WEBHOOK = action("webhook.create", "dashboard_audit:write", "created webhook", again=True)
PAUSE_WEBHOOK = action("webhook.pause", "dashboard_audit:write", "paused webhook", again=True)
RESUME_WEBHOOK = action("webhook.resume", "dashboard_audit:write", "resumed webhook")
ROTATE_WEBHOOK = action(
    "webhook.rotate", "dashboard_audit:write", "rotated the secret of webhook", again=True
)
DELETE_WEBHOOK = action("webhook.delete", "dashboard_audit:write", "deleted webhook", again=True)
TEST_WEBHOOK = action("webhook.test", "dashboard_audit:write", "sent a test to webhook")
RETRY_DELIVERY = action("delivery.retry", "dashboard_audit:write", "resent delivery")
DISCARD_DELIVERY = action("delivery.discard", "dashboard_audit:write", "discarded delivery", again=True)
EMIT_SPANS = action("span.emit", "", "sent", scope="spans:emit")
SAVE_VIEW = action("view.save", "dashboard_audit:read", "saved view")
SHARE_VIEW = action("view.share", "dashboard_audit:read", "changed the sharing of view")
RENAME_VIEW = action("view.rename", "dashboard_audit:read", "renamed view")
END_VIEW = action("view.end", "dashboard_audit:read", "deleted view")
# What no role holds: the shell alone may.
ERASE = action("audit.erase", "dashboard_audit:delete", "erased personal data of")
ERASE_ELSEWHERE = action(
    "audit.erase-elsewhere", "dashboard_audit:delete", "erased personal data outside the audit log in"
)
REANCHOR = action("audit.reanchor", "dashboard_audit:delete", "re-anchored")
RESTORE = action("audit.restore", "dashboard_audit:delete", "restored")
ROTATE_SEAL_KEY = action("seal-key.rotate", "dashboard_audit:delete", "replaced")
RAISE_ALARM = action("alarm.raise", "", "raised alert")
END_ALARM = action("alarm.end", "", "resolved alert")
MISS = action("audit.miss", "", "detected the deletion of")
FORGE = action("audit.forge", "", "detected a forged entry in")
