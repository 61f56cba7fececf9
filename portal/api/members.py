"""Members and invitations in the management API, of one app and of all apps.

The paths of an app reach that app only: a role on all apps is listed there, and changed where the token needs its
permissions on all apps.
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
from core.folding import code_point_order
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
    """Members of the app, those with a role on all apps included."""
    return _list_members(Q(app=request.app) | Q(app=None))


def list_members_everywhere(request: TokenRequest) -> MemberList:
    """Users with a role on all apps, future apps included."""
    return _list_members(Q(app=None))


def list_invitations_everywhere(request: TokenRequest) -> InvitationList:
    """Pending invitations to all apps."""
    return _list_invitations(None)


def list_invitations(request: AppRequest) -> InvitationList:
    """Pending invitations to the app."""
    return _list_invitations(request.app)


def invite_member(
    request: TokenRequest, body: InvitationCreateRequest, idempotency_key: IdempotencyKey = ""
) -> Status[InvitationCreated]:
    """Invite one person to the app. The link is in this response only."""
    return _invite(request, request.app, body, idempotency_key)


def invite_everywhere(
    request: TokenRequest, body: InvitationCreateRequest, idempotency_key: IdempotencyKey = ""
) -> Status[InvitationCreated]:
    """Invite one person to all apps. The link is in this response only."""
    return _invite(request, None, body, idempotency_key)


def resend_invitation(request: AppRequest, invitation_id: str) -> InvitationCreated:
    """Replace the link of an invitation. The old link stops working."""
    return _resend(request, _find_invitation(request.app, invitation_id, Invitation.objects.all()))


def resend_invitation_everywhere(request: TokenRequest, invitation_id: str) -> InvitationCreated:
    """Replace the link of an invitation to all apps. The old link stops working."""
    return _resend(request, _find_invitation(None, invitation_id, Invitation.objects.all()))


def cancel_invitation(
    request: AppRequest, invitation_id: str, body: ReasonRequest | None = None
) -> InvitationInfo:
    """Cancel an invitation. Its link stops working."""
    return _cancel(request, _find_invitation(request.app, invitation_id), body)


def cancel_invitation_everywhere(
    request: TokenRequest, invitation_id: str, body: ReasonRequest | None = None
) -> InvitationInfo:
    """Cancel an invitation to all apps. Its link stops working."""
    return _cancel(request, _find_invitation(None, invitation_id), body)


def change_role(request: AppRequest, member_id: str, body: RoleChangeRequest) -> MemberInfo:
    """Change a member's role on the app."""
    return _change_role(request, _find_membership(request.app, member_id), body)


def change_role_everywhere(request: TokenRequest, member_id: str, body: RoleChangeRequest) -> MemberInfo:
    """Change a user's role on all apps."""
    return _change_role(request, _find_membership(None, member_id), body)


def remove_member(
    request: AppRequest, member_id: str, body: MemberRemovalRequest | None = None
) -> MemberInfo:
    """Remove a member from the app, and revoke the given keys of theirs."""
    return _remove(request, _find_membership(request.app, member_id), body or MemberRemovalRequest())


def remove_member_everywhere(
    request: TokenRequest, member_id: str, body: MemberRemovalRequest | None = None
) -> MemberInfo:
    """Remove a user's role on all apps, and revoke the given keys of theirs. Roles on single apps stay."""
    return _remove(request, _find_membership(None, member_id), body or MemberRemovalRequest())


def removal_options(user: User, app: App | None, body: MemberRemovalRequest) -> offboarding.OffboardingPlan:
    """What happens to the keys that `user` owns in `app`, or in all apps. Raises Invalid."""
    return offboarding.OffboardingPlan(
        _keys_to_revoke(user, app, body), _new_owner(user, app, body), body.force
    )


def _invite(
    request: TokenRequest, app: App | None, body: InvitationCreateRequest, idempotency_key: str
) -> Status[InvitationCreated]:
    def create() -> InvitationCreated:
        return _with_link(request, lifecycle.invite(request.actor, body.email, body.role, app))

    def recall(invitation_id: UUID) -> InvitationCreated:
        return InvitationCreated(
            **_describe_invitation(Invitation.objects.get(id=invitation_id)).model_dump(), link=None
        )

    return create_once(request, idempotency_key, body, create, recall)


def _resend(request: PortalRequest, invitation: Invitation) -> InvitationCreated:
    return _with_link(request, lifecycle.resend(request.actor, invitation))


def _with_link(request: PortalRequest, invited: Invited) -> InvitationCreated:
    link = link_of(request, invited.secret)
    return InvitationCreated(**_describe_invitation(invited.invitation).model_dump(), link=link)


def _cancel(request: PortalRequest, invitation: Invitation, body: ReasonRequest | None) -> InvitationInfo:
    lifecycle.withdraw(request.actor, invitation, body.reason if body else "")
    return _describe_invitation(invitation)


def _change_role(request: PortalRequest, membership: Membership, body: RoleChangeRequest) -> MemberInfo:
    lifecycle.change_role(request.actor, membership, body.role)
    return _describe_members([membership])[0]


def _remove(request: PortalRequest, membership: Membership, body: MemberRemovalRequest) -> MemberInfo:
    removed = _describe_members([membership])[0]
    options = removal_options(membership.user, membership.app, body)
    offboarding.remove(request.actor, membership, options, body.reason)
    return removed


def _find_invitation(
    app: App | None, invitation_id: str, among: QuerySet[Invitation] | None = None
) -> Invitation:
    """A pending invitation to `app`, or one of `among`. Raises NotFound."""
    among = Invitation.waiting() if among is None else among
    if (invitation := among.filter(app=app, id=id_of(invitation_id)).first()) is None:
        raise NotFound("Pending invitation not found.", hint="Check the ID.")
    return invitation


def _find_membership(app: App | None, member_id: str) -> Membership:
    matching = Membership.objects.filter(app=app, id=id_of(member_id), ended_at=None)
    if (membership := matching.select_related("user", "app").first()) is None:
        hint = "To change a role on all apps, use /api/v1/members." if app else "Check the ID."
        raise NotFound("Member not found.", hint=hint)
    return membership


def _keys_to_revoke(user: User, app: App | None, body: MemberRemovalRequest) -> set[UUID]:
    """The keys to revoke. Raises Invalid for one that the user does not own there."""
    owned = {str(owned.key.id): owned.key.id for owned in offboarding.owned_keys(user, app)}
    if not owned.keys() >= set(body.revoke_keys):
        raise Invalid("revoke_keys", "Name active keys that the user owns there.")
    return {owned[key_id] for key_id in body.revoke_keys}


def _new_owner(user: User, app: App | None, body: MemberRemovalRequest) -> User | None:
    if not body.hand_to:
        return None
    candidates = {candidate.email: candidate for candidate in offboarding.transfer_candidates(user, app)}
    if body.hand_to.lower() not in candidates:
        raise Invalid("hand_to", "Enter the email of another user with a role there.")
    return candidates[body.hand_to.lower()]


def _list_members(where: Q) -> MemberList:
    memberships = Membership.objects.filter(where, ended_at=None).order_by(*code_point_order("user__email"))
    return MemberList(items=_describe_members(memberships.select_related("user")))


def _list_invitations(app: App | None) -> InvitationList:
    waiting = Invitation.waiting().filter(app=app)
    return InvitationList(items=[_describe_invitation(invitation) for invitation in waiting])


def _describe_members(memberships: Iterable[Membership]) -> list[MemberInfo]:
    members = list(memberships)
    protected = with_factor([member.user_id for member in members])
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
            two_factor_enabled=member.user_id in protected,
        )
        for member in members
    ]


def _describe_invitation(invitation: Invitation) -> InvitationInfo:
    return InvitationInfo(
        id=invitation.id,
        email=invitation.email,
        role=invitation.role,
        everywhere=invitation.app_id is None,
        invited_by=invitation.invited_by,
        expires_at=invitation.expires_at,
    )
