"""Actor: who is asking, from where, and what they may do."""

import getpass
from collections.abc import Container
from dataclasses import dataclass
from uuid import UUID

from audit.actions import Action
from audit.refusals import NotAllowed


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from. `via` is the face it used: page, api, cli, sdk, door or shell."""

    via: str
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""


class _Everything:
    """Holds every permission there is, and those still to come."""

    def __contains__(self, permission: object) -> bool:
        return True


EVERYTHING: Container[str] = _Everything()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `kind` is person, key, shell or system; `label` is what the log calls them for ever."""

    kind: str
    id: str
    label: str
    permissions: Container[str]
    origin: Origin
    app_id: UUID | None = None
    """The one app these permissions hold for. None: they hold for every app."""

    def may(self, action: Action) -> bool:
        """Whether this actor holds what `action` needs: a scope if it is a key, else a permission."""
        if self.kind == "key":
            return bool(action.scope) and action.scope in self.permissions
        return not action.needs or action.needs in self.permissions

    def require(self, action: Action) -> None:
        """Raise NotAllowed unless this actor may."""
        if not self.may(action):
            raise NotAllowed(action=action.name, needs=action.needs)


def shell() -> Actor:
    """Whoever runs a management command: the machine's owner, who may do everything."""
    name = getpass.getuser()
    return Actor("shell", name, f"{name} at the shell", EVERYTHING, Origin("shell"))
