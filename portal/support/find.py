"""Looks for a lost key across the apps a person may see."""

from dataclasses import dataclass

from audit.actors import Actor, Origin
from keys import actions as on_keys
from keys.models import ApiKey
from keys.present import Row, rows
from portal.gates import apps_where, person
from portal.models import User

MOST = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A key, and what its finder may do with it there."""

    row: Row
    actor: Actor

    @property
    def may_revoke(self) -> bool:
        """Whether to offer its end."""
        return self.actor.may(on_keys.REVOKE) and self.row.state != "revoked"


def keys_like(user: User, paste: str, origin: Origin) -> list[Found]:
    """Keys whose prefix contains `paste`, in every app `user` may look into: MOST, and one more to tell of more."""
    apps = {
        app.id: person(user, app, origin) for app in apps_where(user, lambda held: on_keys.READ.needs in held)
    }
    found = ApiKey.objects.filter(app_id__in=apps, prefix__icontains=paste)
    found = found.with_kin().order_by("-created_at")
    return [Found(row, apps[row.key.app_id]) for row in rows(found[: MOST + 1])]
