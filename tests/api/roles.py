"""Someone's role, changed behind the back of the tokens they gave out."""

from audit.actors import shell
from audit.change import change
from core.clock import now
from portal import actions
from portal.models import Membership, User


def give(user: User, role: str) -> None:
    """Let `user` have another role where they have one."""
    membership = Membership.objects.get(user=user)
    with change(shell(), actions.CHANGE_ROLE, on=membership):
        membership.role = role
        membership.save()


def end(user: User) -> None:
    """End the membership of `user`."""
    membership = Membership.objects.get(user=user)
    with change(shell(), actions.END, on=membership):
        membership.ended_at = now()
        membership.save()
