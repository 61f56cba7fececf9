"""Actor, origin and caller: who makes a request, from where, and with which permissions."""

import getpass
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from audit.actions import Action
from core.errors import NotAllowed, ReauthenticationRequired


@dataclass(frozen=True, slots=True)
class Caller:
    """What a program calls itself when it uses a key, and the id that this name has (docs/sdk.md)."""

    name: str = ""
    """A label, or the UUID of an agent."""
    type: str = ""
    """`agent` or `service`."""
    id: UUID | None = None
    """Under which the app's labels are kept. None: it named itself by an agent's UUID, or not at all."""
    context: Mapping[str, str] = field(default_factory=dict)
    """What it says it is doing: run_id, thread_id, tool and the like."""
    trace_id: str = ""
    """The W3C trace it is part of: 32 hex digits."""

    def columns(self) -> dict[str, Any]:
        """As an event and a call keep it."""
        return {
            "caller": self.name,
            "caller_type": self.type,
            "caller_id": self.id,
            "context": dict(self.context),
            "trace_id": self.trace_id,
        }


NOBODY = Caller()


class Origin(NamedTuple):
    """Where a request came from. `via` is the face it used: page, api, cli, sdk, door or shell."""

    via: str
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    caller: Caller = NOBODY

    def columns(self) -> dict[str, Any]:
        """As an event and a call keep it. What is left out is empty there."""
        own = {"via": self.via, "ip": self.ip, "user_agent": self.user_agent, "request_id": self.request_id}
        return own if self.caller is NOBODY else own | self.caller.columns()


class _Everything:
    """Holds every permission there is, and those still to come."""

    def __contains__(self, permission: object) -> bool:
        return True


EVERYTHING: Container[str] = _Everything()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `kind` is person, token, key, shell or system; `label` is what the log calls them for ever."""

    kind: str
    id: str
    label: str
    permissions: Container[str]
    origin: Origin
    app_id: UUID | None = None
    """The one app these permissions hold for. None: they hold for every app."""
    owner_id: str = ""
    """The person whose access token this is. Empty: it is none."""
    fresh: bool = True
    """Whether a person proved within the last minutes who they are. Programs do with each request."""

    @property
    def user_id(self) -> str:
        """The user who acts, in the browser or with an access token. Empty: a key, the shell or the portal acts."""
        return self.id if self.kind == "person" else self.owner_id

    def may(self, action: Action, on: object = None) -> bool:
        """Whether this actor holds what `action` needs, or owns the row `on` and holds what its owner needs.

        A key holds the names of the actions that its gate let it in for, and nothing beyond them.
        """
        if self.kind == "key":
            return action.name in self.permissions
        if not action.needs or action.needs in self.permissions:
            return True
        owns = bool(self.user_id) and self.user_id == str(getattr(on, "owner_id", ""))
        return owns and action.owner_needs in self.permissions

    def may_on_own(self, action: Action) -> bool:
        """Whether this actor may do `action` to rows that it owns."""
        return self.may(action) or (self.kind != "key" and action.owner_needs in self.permissions)

    def require(self, action: Action, on: object = None) -> None:
        """Raise NotAllowed without permission, ReauthenticationRequired without a recent authentication."""
        self._require(self.may(action, on), action)

    def require_on_own(self, action: Action) -> None:
        """The same before the row is known: let in whoever may do `action` to some rows. The verb requires the rest."""
        self._require(self.may_on_own(action), action)

    def _require(self, is_allowed: bool, action: Action) -> None:
        if not is_allowed:
            raise NotAllowed(action=action.name, needs=action.needs)
        if action.again:
            self.require_fresh()

    def require_fresh(self) -> None:
        """Raise ReauthenticationRequired without a recent authentication, for changes that are only sometimes risky."""
        if not self.fresh:
            raise ReauthenticationRequired


def shell() -> Actor:
    """Whoever runs a management command: the machine's owner, who may do everything."""
    name = getpass.getuser()
    return Actor("shell", name, f"{name} (server command line)", EVERYTHING, Origin("shell"))


def system() -> Actor:
    """The portal itself, doing what the clock tells it to."""
    return Actor("system", "portal", "the portal", EVERYTHING, Origin("system"))
