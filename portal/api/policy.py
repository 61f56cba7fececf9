"""The portal policy in the management API."""

from audit.requests import PortalRequest
from portal.api.token_auth import TokenRequest
from portal.api.user_schemas import PolicyInfo, PolicyUpdateRequest
from portal.models import PortalPolicy
from portal.policy import policy as house


def get_policy(request: PortalRequest) -> PolicyInfo:
    """The security settings, and how many users have no two-factor authentication."""
    return _describe(PortalPolicy.in_force())


def change_policy(request: TokenRequest, body: PolicyUpdateRequest) -> PolicyInfo:
    """Make the security settings stricter. Fields that are left out stay. They are loosened on their page only."""
    given, policy = body.model_fields_set, PortalPolicy.in_force()
    changed = house.change_policy(
        request.actor,
        request.token.user,
        second_factor=body.two_factor_required
        if "two_factor_required" in given
        else policy.second_factor_since is not None,
        on_leaked_token=body.on_leaked_token if "on_leaked_token" in given else policy.on_leaked_token,
        public_docs=body.public_docs if "public_docs" in given else None,
        reason=body.reason,
    )
    return _describe(changed)


def _describe(policy: PortalPolicy) -> PolicyInfo:
    return PolicyInfo(
        two_factor_required=policy.second_factor_since is not None,
        two_factor_required_since=policy.second_factor_since,
        on_leaked_token=policy.on_leaked_token,
        public_docs=policy.public_docs,
        users_without_two_factor=len(house.users_without_factor()),
    )
