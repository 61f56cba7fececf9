"""What admins of every app decide for everyone, at the management API: the page calls it the rules of the house."""

from audit.requests import PortalRequest
from portal.api.token_auth import TokenRequest
from portal.api.user_schemas import PolicyChange, PolicyInfo
from portal.models import HouseRules
from portal.policy.policy import set_rules, without_factor


def get_policy(request: PortalRequest) -> PolicyInfo:
    """What holds for everyone, and how many people a second factor for all would stop."""
    return _describe(HouseRules.in_force())


def change_policy(request: TokenRequest, asked: PolicyChange) -> PolicyInfo:
    """Decide it anew, stricter than it is; what is left out stays. Looser it is made on its page alone."""
    given, rules = asked.model_fields_set, HouseRules.in_force()
    changed = set_rules(
        request.actor,
        request.token.user,
        second_factor=asked.second_factor_required
        if "second_factor_required" in given
        else rules.second_factor_since is not None,
        on_leaked_token=asked.on_leaked_token if "on_leaked_token" in given else rules.on_leaked_token,
        reason=asked.reason,
    )
    return _describe(changed)


def _describe(rules: HouseRules) -> PolicyInfo:
    return PolicyInfo(
        second_factor_required=rules.second_factor_since is not None,
        second_factor_since=rules.second_factor_since,
        on_leaked_token=rules.on_leaked_token,
        people_without_second_factor=len(without_factor()),
    )
