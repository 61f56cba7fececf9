"""MemberList at the management API: listed, invited, given another role, removed; of an app, and of every app.

An app's addresses reach that app alone: a role on every app is seen there, and changed where the token must hold its
permissions on every app.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet
from ninja.responses import Status

from agents.api.management_schemas import ReasonRequest
from agents.models import App
from agents.requests import AppRequest, id_of
from audit.requests import PortalRequest
from core.errors import Invalid, NotFound
from core.folding import in_order
from keys.requests import IdempotencyKey
from portal.accounts import lifecycle, offboarding
from portal.accounts.invitation_links import link_of
from portal.accounts.lifecycle import Invited
from portal.api.account_schemas import (
    InvitationCreated,
    InvitationCreateRequest,
    InvitationInfo,
    InvitationList,
    MemberInfo,
    MemberList,
    MemberRemovalRequest,
    RoleChangeRequest,
)
from portal.api.idempotency import create_once
from portal.api.token_auth import TokenRequest
from portal.auth.two_factor import with_factor
from portal.models import Invitation, Membership, User


def list_members(request: AppRequest) -> MemberList:
    """Who has a role on this app."""
    there = Q(app=request.app) | Q(app=None)
    found = Membership.objects.filter(there, ended_at=None).order_by(*in_order("user__email"))
    return MemberList(items=_told(found.select_related("user")))


def list_members_everywhere(request: TokenRequest) -> MemberList:
    """Who has a role on every app, those to come included."""
    found = Membership.objects.filter(app=None, ended_at=None).order_by(*in_order("user__email"))
    return MemberList(items=_told(found.select_related("user")))


def list_invitations_everywhere(request: TokenRequest) -> InvitationList:
    """Links to every app that have not been taken up yet."""
    return InvitationList(items=[_invitation(one) for one in Invitation.waiting().filter(app=None)])


def list_invitations(request: AppRequest) -> InvitationList:
    """Links to this app that have not been taken up yet."""
    return InvitationList(items=[_invitation(one) for one in Invitation.waiting().filter(app=request.app)])


def invite_member(
    request: TokenRequest, asked: InvitationCreateRequest, idempotency_key: IdempotencyKey = ""
) -> Status[InvitationCreated]:
    """A link for one person to join this app; it is in this answer and nowhere else."""
    return _invite(request, request.app, asked, idempotency_key)


def invite_everywhere(
    request: TokenRequest, asked: InvitationCreateRequest, idempotency_key: IdempotencyKey = ""
) -> Status[InvitationCreated]:
    """A link for one person to have a role on every app; it is in this answer and nowhere else."""
    return _invite(request, None, asked, idempotency_key)


def resend_invitation(request: AppRequest, invitation_id: str) -> InvitationCreated:
    """Another link in place of an invitation's, which leads nowhere from now on."""
    return _resend(request, _find_invitation(request.app, invitation_id, Invitation.objects.all()))


def resend_invitation_everywhere(request: TokenRequest, invitation_id: str) -> InvitationCreated:
    """Another link in place of that of an invitation to every app."""
    return _resend(request, _find_invitation(None, invitation_id, Invitation.objects.all()))


def withdraw_invitation(
    request: AppRequest, invitation_id: str, asked: ReasonRequest | None = None
) -> InvitationInfo:
    """Make an invitation's link useless."""
    return _withdraw(request, _find_invitation(request.app, invitation_id), asked)


def withdraw_invitation_everywhere(
    request: TokenRequest, invitation_id: str, asked: ReasonRequest | None = None
) -> InvitationInfo:
    """Make the link of an invitation to every app useless."""
    return _withdraw(request, _find_invitation(None, invitation_id), asked)


def change_role(request: AppRequest, member_id: str, asked: RoleChangeRequest) -> MemberInfo:
    """Give a member another role on this app."""
    return _change_role(request, _find_membership(request.app, member_id), asked)


def change_role_everywhere(request: TokenRequest, member_id: str, asked: RoleChangeRequest) -> MemberInfo:
    """Give someone another role on every app."""
    return _change_role(request, _find_membership(None, member_id), asked)


def remove_member(
    request: AppRequest, member_id: str, asked: MemberRemovalRequest | None = None
) -> MemberInfo:
    """End a member's role on this app, and what is named of the keys they answer for."""
    return _remove(request, _find_membership(request.app, member_id), asked or MemberRemovalRequest())


def remove_member_everywhere(
    request: TokenRequest, member_id: str, asked: MemberRemovalRequest | None = None
) -> MemberInfo:
    """End someone's role on every app, and what is named of the keys they answer for. Roles on one app stay."""
    return _remove(request, _find_membership(None, member_id), asked or MemberRemovalRequest())


def leaving_wishes(user: User, app: App | None, asked: MemberRemovalRequest) -> offboarding.OffboardingPlan:
    """What is to become of the keys `user` answers for in `app`, or everywhere. Raises Invalid."""
    return offboarding.OffboardingPlan(
        _keys_to_revoke(user, app, asked), _heir(user, app, asked), asked.force
    )


def _invite(
    request: TokenRequest, app: App | None, asked: InvitationCreateRequest, idempotency_key: str
) -> Status[InvitationCreated]:
    def create() -> InvitationCreated:
        return _with_link(request, lifecycle.invite(request.actor, asked.email, asked.role, app))

    def recall(made: UUID) -> InvitationCreated:
        return InvitationCreated(**_invitation(Invitation.objects.get(id=made)).model_dump(), link=None)

    return create_once(request, idempotency_key, asked, create, recall)


def _resend(request: PortalRequest, invitation: Invitation) -> InvitationCreated:
    return _with_link(request, lifecycle.resend(request.actor, invitation))


def _with_link(request: PortalRequest, invited: Invited) -> InvitationCreated:
    link = link_of(request, invited.secret)
    return InvitationCreated(**_invitation(invited.invitation).model_dump(), link=link)


def _withdraw(request: PortalRequest, invitation: Invitation, asked: ReasonRequest | None) -> InvitationInfo:
    lifecycle.withdraw(request.actor, invitation, asked.reason if asked else "")
    return _invitation(invitation)


def _change_role(request: PortalRequest, membership: Membership, asked: RoleChangeRequest) -> MemberInfo:
    lifecycle.change_role(request.actor, membership, asked.role)
    return _told([membership])[0]


def _remove(request: PortalRequest, membership: Membership, asked: MemberRemovalRequest) -> MemberInfo:
    told = _told([membership])[0]
    wishes = leaving_wishes(membership.user, membership.app, asked)
    offboarding.remove(request.actor, membership, wishes, asked.reason)
    return told


def _find_invitation(
    app: App | None, invitation_id: str, among: QuerySet[Invitation] | None = None
) -> Invitation:
    """A waiting invitation to `app`, or one of `among`. Raises NotFound."""
    among = Invitation.waiting() if among is None else among
    if (found := among.filter(app=app, id=id_of(invitation_id)).first()) is None:
        raise NotFound
    return found


def _find_membership(app: App | None, member_id: str) -> Membership:
    found = Membership.objects.filter(app=app, id=id_of(member_id), ended_at=None)
    if (membership := found.select_related("user", "app").first()) is None:
        raise NotFound(hint="A role on every app is changed below /api/v1/members." if app else "")
    return membership


def _keys_to_revoke(user: User, app: App | None, asked: MemberRemovalRequest) -> set[UUID]:
    """The keys to be revoked. Raises Invalid for one the leaver does not answer for there."""
    owned = {str(one.key.id): one.key.id for one in offboarding.owned_keys(user, app)}
    if not owned.keys() >= set(asked.revoke_keys):
        raise Invalid("revoke_keys", "Name living keys there that the leaver answers for.")
    return {owned[one] for one in asked.revoke_keys}


def _heir(user: User, app: App | None, asked: MemberRemovalRequest) -> User | None:
    if not asked.hand_to:
        return None
    heirs = {one.email: one for one in offboarding.transfer_candidates(user, app)}
    if asked.hand_to.lower() not in heirs:
        raise Invalid("hand_to", "Name the address of someone else with a role there.")
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
