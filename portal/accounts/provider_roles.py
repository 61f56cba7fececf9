"""Roles that come from an identity provider: where its mapping decides, what it says is what holds."""

import logging
from collections.abc import Collection, Mapping

from agents.models import App
from agents.names import sameness
from audit.actors import Actor
from audit.change import record
from portal import actions
from portal.accounts import lifecycle
from portal.error_responses import LastAdmin
from portal.models import Membership, User

log = logging.getLogger(__name__)


def bring(
    actor: Actor, user: User, wanted: Mapping[str, str], apps: Collection[str], missing: str = ""
) -> None:
    """Let `user` have at each of `apps` the role `wanted` has for it, or none. An app's name; empty: every app.

    `missing` says which claims the provider did not send, for the record of what ends by that.
    """
    for place in sorted(apps):
        app = App.objects.filter(sameness=sameness(place), deleted_at=None).first() if place else None
        if place and app is None:
            log.warning("PORTAL_OIDC_ROLES names the app %r, which is not there", place)
            continue
        _settle(actor, user, app, wanted.get(place, ""), missing)


def _settle(actor: Actor, user: User, app: App | None, role: str, missing: str) -> None:
    held = Membership.objects.filter(user=user, app=app, ended_at=None).first()
    try:
        if held is None:
            if role:
                lifecycle.give_role(actor, user, app, role)
        elif not role:
            why = f"The identity provider no longer grants this role{f': {missing}' if missing else ''}."
            lifecycle.end_membership(actor, held, why)
        elif held.role != role:
            lifecycle.change_role(actor, held, role)
    except LastAdmin:
        record(
            actor,
            actions.KEEP_ADMIN,
            reason="The last admin of all apps is kept. Make another user an admin of all apps.",
            target_kind="member",
            target_id=str(user.pk),
            target_label=user.label,
        )
