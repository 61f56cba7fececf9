"""Changes the portal policy: the security settings that admins of every app make for all users."""

from agents.models import OnLeak
from audit.actors import Actor
from audit.change import change
from core.clock import now
from core.errors import Invalid
from portal import actions
from portal.auth.two_factor import has_factor, with_factor
from portal.error_responses import NoFactorYourself, OnPagesAlone
from portal.models import PortalPolicy, User


def change_policy(
    actor: Actor,
    by: User | None,
    *,
    second_factor: bool,
    on_leaked_token: str,
    public_docs: bool | None = None,
    reason: str = "",
) -> PortalPolicy:
    """Set whether all users must have 2FA, what happens to leaked access tokens, and who may read the docs.

    None for `public_docs` leaves it as it is.

    `by` is the user who changes it; one without 2FA cannot require it, or would lock themselves out. None: the server
    CLI. An access token may make the policy stricter, never looser: the policy is what ends a stolen token. Raises
    NoFactorYourself, OnPagesAlone, Invalid.
    """
    if on_leaked_token not in OnLeak.values or on_leaked_token == OnLeak.DEPRECATE:
        raise Invalid("on_leaked_token", "Choose notify or revoke. Access tokens cannot be deprecated.")
    if second_factor and by and not has_factor(by):
        raise NoFactorYourself
    policy = PortalPolicy.in_force()
    if actor.kind == "token" and _loosens(policy, second_factor, on_leaked_token, bool(public_docs)):
        raise OnPagesAlone
    with change(actor, actions.CHANGE_POLICY, on=policy, reason=reason):
        since = (policy.second_factor_since or now()) if second_factor else None
        is_public = policy.public_docs if public_docs is None else public_docs
        before = (policy.second_factor_since, policy.on_leaked_token, policy.public_docs)
        if (since, on_leaked_token, is_public) != before or policy._state.adding:
            policy.second_factor_since, policy.on_leaked_token = since, on_leaked_token
            policy.public_docs = is_public
            policy.save()
    return policy


def _loosens(policy: PortalPolicy, second_factor: bool, on_leaked_token: str, public_docs: bool) -> bool:
    """Whether stolen tokens would be stopped less than they are under `policy`, or more be shown to strangers."""
    is_waived = policy.second_factor_since is not None and not second_factor
    is_opened = public_docs and not policy.public_docs
    return (
        is_waived
        or is_opened
        or (policy.on_leaked_token == OnLeak.REVOKE and on_leaked_token != OnLeak.REVOKE)
    )


def users_without_factor() -> list[User]:
    """Active users with a role and without two-factor authentication: whom the requirement would stop."""
    users = list(User.objects.filter(is_active=True, memberships__ended_at=None).distinct())
    secured = with_factor(users)
    return [user for user in users if user.pk not in secured]
