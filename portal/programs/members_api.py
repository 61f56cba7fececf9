"""Members of an app at the management API: listed, invited, given another role, removed.

A role on every app is seen here and changed on a page alone: it reaches further than the app in the address.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from agents.api_wire import Reason
from agents.faces import AppRequest, id_of
from audit.folding import in_order
from audit.refusals import Invalid, NotFound
from portal.models import Invitation, Membership, User
from portal.people import leaving, lifecycle
from portal.people.links import link_of
from portal.programs.api_wire import (
    InvitationInfo,
    Invitations,
    Inviting,
    MemberInfo,
    Members,
    NewInvitation,
    Removal,
    RoleChange,
)
from portal.signing_in.factors import with_factor


def list_members(request: AppRequest) -> Members:
    """Who has a role on this app."""
    there = Q(app=request.app) | Q(app=None)
    found = Membership.objects.filter(there, ended_at=None).order_by(*in_order("user__email"))
    return Members(items=_told(found.select_related("user")))


def list_invitations(request: AppRequest) -> Invitations:
    """Links to this app that have not been taken up yet."""
    return Invitations(items=[_invitation(one) for one in Invitation.waiting().filter(app=request.app)])


def invite_member(request: AppRequest, asked: Inviting) -> NewInvitation:
    """A link for one person to join this app; it is in this answer and nowhere else."""
    invited = lifecycle.invite(request.actor, asked.email, asked.role, request.app)
    told = _invitation(invited.invitation)
    return NewInvitation(**told.model_dump(), link=link_of(request, invited.secret))


def withdraw_invitation(
    request: AppRequest, invitation_id: str, asked: Reason | None = None
) -> InvitationInfo:
    """Make an invitation's link useless."""
    found = Invitation.waiting().filter(app=request.app, id=id_of(invitation_id)).first()
    if found is None:
        raise NotFound
    lifecycle.withdraw(request.actor, found, (asked or Reason()).reason)
    return _invitation(found)


def change_role(request: AppRequest, member_id: str, asked: RoleChange) -> MemberInfo:
    """Give a member another role on this app."""
    membership = _membership(request, member_id)
    lifecycle.change_role(request.actor, membership, asked.role)
    return _told([membership])[0]


def remove_member(request: AppRequest, member_id: str, asked: Removal | None = None) -> MemberInfo:
    """End a member's role on this app, and what is named of the keys they answer for."""
    membership, asked = _membership(request, member_id), asked or Removal()
    told = _told([membership])[0]
    wishes = leaving.Wishes(_keys(request, membership, asked), _heir(request, membership, asked), asked.force)
    leaving.remove(request.actor, membership, wishes, asked.reason)
    return told


def _membership(request: AppRequest, member_id: str) -> Membership:
    found = Membership.objects.filter(app=request.app, id=id_of(member_id), ended_at=None)
    if (membership := found.select_related("user", "app").first()) is None:
        raise NotFound(hint="A role on every app is changed in the portal, under People.")
    return membership


def _keys(request: AppRequest, membership: Membership, asked: Removal) -> set[UUID]:
    """The keys to be revoked. Raises Invalid for one the leaver does not answer for here."""
    owned = {str(one.key.id): one.key.id for one in leaving.owned(membership.user, request.app)}
    if not owned.keys() >= set(asked.revoke_keys):
        raise Invalid("revoke_keys", "Name living keys of this app that the member answers for.")
    return {owned[one] for one in asked.revoke_keys}


def _heir(request: AppRequest, membership: Membership, asked: Removal) -> User | None:
    if not asked.hand_to:
        return None
    heirs = {one.email: one for one in leaving.heirs(membership.user, request.app)}
    if asked.hand_to.lower() not in heirs:
        raise Invalid("hand_to", "Name the address of someone with a role on this app.")
    return heirs[asked.hand_to.lower()]


def _told(found: Iterable[Membership]) -> list[MemberInfo]:
    members = list(found)
    having = with_factor([member.user_id for member in members])
    return [
        MemberInfo(
            id=member.id,
            user_id=member.user_id,
            email=member.user.email,
            name=member.user.name,
            role=member.role,
            everywhere=member.app_id is None,
            created_at=member.created_at,
            last_seen_at=member.user.last_seen_at,
            second_factor=member.user_id in having,
        )
        for member in members
    ]


def _invitation(one: Invitation) -> InvitationInfo:
    return InvitationInfo(
        id=one.id,
        email=one.email,
        role=one.role,
        everywhere=one.app_id is None,
        invited_by=one.invited_by,
        expires_at=one.expires_at,
    )
