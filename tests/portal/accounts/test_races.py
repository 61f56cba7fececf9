"""What happens when people act at the same moment: real threads on PostgreSQL."""

from collections import Counter

import pytest

from agents.models import App
from audit.actors import Origin, shell
from audit.models import Event
from portal.accounts import lifecycle
from portal.models import Invitation, Membership, User
from portal.web.gates import person
from tests.factories import PASSWORD, member
from tests.threads import Act, at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
HERE = Origin("page")
ROUNDS = pytest.mark.parametrize("round", range(5))


def ending(by: User, whose: User) -> Act:
    """`by`, whose page was let through before, ends the role of `whose`."""
    actor, membership = person(by, None, HERE), whose.memberships.get()
    return lambda: lifecycle.end_membership(actor, membership)


def stepping_down(membership: Membership) -> Act:
    return lambda: lifecycle.change_role(shell(), membership, "support")


def joining(invitation: Invitation, email: str) -> Act:
    seen = Invitation.objects.get(pk=invitation.pk)
    return lambda: lifecycle.join(HERE, seen, email=email, name="", password=PASSWORD)


@ROUNDS
def test_of_two_admins_who_end_each_other_one_is_left(admin: User, round: int) -> None:
    other = member("admin", None)
    ends = at_once([ending(admin, other), ending(other, admin)])
    assert ends == Counter(done=1, LastAdmin=1)
    assert Membership.objects.filter(role="admin", app=None, ended_at=None).count() == 1


@ROUNDS
def test_of_two_admins_who_step_down_one_is_left(admin: User, round: int) -> None:
    other = member("admin", None)
    ends = at_once([stepping_down(user.memberships.get()) for user in (admin, other)])
    assert ends == Counter(done=1, LastAdmin=1)


@ROUNDS
def test_of_two_who_use_one_link_one_comes_in(db: None, round: int) -> None:
    invitation = lifecycle.invite(shell(), "", "admin", None).invitation
    ends = at_once([joining(invitation, "one@example.com"), joining(invitation, "two@example.com")])
    assert ends == Counter(done=1, InvitationOver=1)
    assert (User.objects.count(), Membership.objects.count()) == (1, 1)


@ROUNDS
def test_a_double_click_on_join_makes_one_person(app: App, round: int) -> None:
    invitation = lifecycle.invite(shell(), "new@example.com", "developer", app).invitation
    ends = at_once([joining(invitation, "")] * 2)
    assert (ends["done"], User.objects.count(), Membership.objects.count()) == (1, 1, 1)
    assert Event.objects.filter(action="member.join", target_kind="member").count() == 1


@ROUNDS
def test_an_invitation_withdrawn_while_it_is_used_ends_one_way_or_the_other(app: App, round: int) -> None:
    invitation = lifecycle.invite(shell(), "new@example.com", "developer", app).invitation
    seen = Invitation.objects.get(pk=invitation.pk)
    at_once([joining(invitation, ""), lambda: lifecycle.withdraw(shell(), seen)])
    invitation.refresh_from_db()
    assert (invitation.used_at is None) != (invitation.withdrawn_at is None)
