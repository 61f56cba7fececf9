"""The rules of the house: what admins of every app decide for everyone."""

from agents.models import OnLeak
from audit.actors import Actor
from audit.change import change
from core.clock import now
from core.errors import Invalid
from portal import actions
from portal.auth.two_factor import has_factor, with_factor
from portal.error_responses import NoFactorYourself, OnPagesAlone
from portal.models import HouseRules, User


def set_rules(
    actor: Actor, by: User | None, *, second_factor: bool, on_leaked_token: str, reason: str = ""
) -> HouseRules:
    """Say whether everyone must have a second factor, and what is done with leaked access tokens.

    `by` is who asks, who must have a second factor to require one: else they would lock themselves out. None: the
    shell. An access token makes rules stricter and none looser: they are what ends it when it is stolen. Raises
    NoFactorYourself, OnPagesAlone, Invalid.
    """
    if on_leaked_token not in OnLeak.values or on_leaked_token == OnLeak.DEPRECATE:
        raise Invalid("on_leaked_token", "Choose notify or revoke: a token cannot be deprecated.")
    if second_factor and by and not has_factor(by):
        raise NoFactorYourself
    rules = HouseRules.in_force()
    if actor.kind == "token" and _loosens(rules, second_factor, on_leaked_token):
        raise OnPagesAlone
    with change(actor, actions.CHANGE_HOUSE, on=rules, reason=reason):
        since = (rules.second_factor_since or now()) if second_factor else None
        if (since, on_leaked_token) != (
            rules.second_factor_since,
            rules.on_leaked_token,
        ) or rules._state.adding:
            rules.second_factor_since, rules.on_leaked_token = since, on_leaked_token
            rules.save()
    return rules


def _loosens(rules: HouseRules, second_factor: bool, on_leaked_token: str) -> bool:
    """Whether less would protect against stolen tokens than does under `rules`."""
    is_waived = rules.second_factor_since is not None and not second_factor
    return is_waived or (rules.on_leaked_token == OnLeak.REVOKE and on_leaked_token != OnLeak.REVOKE)


def without_factor() -> list[User]:
    """People who may sign in and have no second factor: whom the rule would stop."""
    people = list(User.objects.filter(is_active=True, memberships__ended_at=None).distinct())
    having = with_factor(people)
    return [one for one in people if one.pk not in having]
