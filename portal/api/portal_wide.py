"""The part of the management API's map that is about the portal as a whole: people, their tokens, the record."""

from collections.abc import Callable

import audit.actions as on_audit
import portal.actions as on_people
from audit.actions import Action
from portal.api import failed_deliveries as dead_letters
from portal.api import members as members
from portal.api import notifications as notices
from portal.api import policy as policy
from portal.api import retention as retention
from portal.api import tokens as tokens
from portal.api import users as people
from portal.api import webhooks as destinations
from portal.api.account_schemas import InvitationInfo, Invitations, MemberInfo, Members, NewInvitation
from portal.api.audit_settings_schemas import (
    DeliveriesCounted,
    DeliveryInfo,
    DeliveryPage,
    DestinationInfo,
    DestinationPage,
    DestinationSecret,
    RetentionInfo,
    Retentions,
)
from portal.api.notifications import NoticeInfo, NoticePage, NoticesRead
from portal.api.token_auth import Needs
from portal.api.token_schemas import TokenDetail, TokenMinted, TokenPage
from portal.api.user_schemas import PersonDetail, PersonPage, PolicyInfo, SessionsEnded

Route = Callable[..., None]
"""portal.api.management.route()"""
PERSON, MEMBER = "/people/{user_id}", "/members/{member_id}"
INVITATION = "/invitations/{invitation_id}"
DESTINATION, LETTER = "/destinations/{destination_id}", "/dead-letters/{delivery_id}"


def add(route: Route, any_token: Action) -> None:
    """Add these operations to the map."""
    _add_tokens(route, any_token)
    _add_notices(route, any_token)
    _add_people(route)
    _add_members(route)
    _add_record(route)


def _add_tokens(route: Route, any_token: Action) -> None:
    route("GET", "/tokens", tokens.list_tokens, TokenPage, any_token)
    route("POST", "/tokens", tokens.mint_token, TokenMinted, on_people.ISSUE_TOKEN, 201, 200)
    route("POST", "/tokens/{token_id}/revoke", tokens.revoke_token, TokenDetail, on_people.REVOKE_TOKEN)


def _add_notices(route: Route, any_token: Action) -> None:
    route("GET", "/notices", notices.list_notices, NoticePage, any_token)
    route("POST", "/notices/read", notices.read_notices, NoticesRead, any_token)
    route("POST", "/notices/{notice_id}/read", notices.read_notice, NoticeInfo, any_token)


def _add_people(route: Route) -> None:
    route("GET", "/people", people.list_people, PersonPage, on_people.READ_PEOPLE)
    route("GET", PERSON, people.get_person, PersonDetail, on_people.READ_PEOPLE)
    route("POST", PERSON + "/remove", people.remove_person, PersonDetail, on_people.END)
    route("POST", PERSON + "/sign-out", people.sign_person_out, SessionsEnded, on_people.SIGN_OUT_PERSON)
    route("POST", PERSON + "/deactivate", people.deactivate_person, PersonDetail, on_people.DEACTIVATE)
    route("POST", PERSON + "/reactivate", people.reactivate_person, PersonDetail, on_people.REACTIVATE)
    route("GET", "/policy", policy.get_policy, PolicyInfo, on_people.CHANGE_HOUSE)
    route("PATCH", "/policy", policy.change_policy, PolicyInfo, on_people.CHANGE_HOUSE)


def _add_members(route: Route) -> None:
    route("GET", "/members", members.list_members_everywhere, Members, on_people.READ_MEMBERS)
    route("PATCH", MEMBER, members.change_role_everywhere, MemberInfo, on_people.CHANGE_ROLE)
    route("POST", MEMBER + "/remove", members.remove_member_everywhere, MemberInfo, on_people.END)
    route("GET", "/invitations", members.list_invitations_everywhere, Invitations, on_people.READ_MEMBERS)
    route("POST", "/invitations", members.invite_everywhere, NewInvitation, on_people.INVITE, 201, 200)
    route(
        "POST",
        INVITATION + "/resend",
        members.resend_invitation_everywhere,
        NewInvitation,
        on_people.INVITE,
        201,
    )
    route(
        "POST",
        INVITATION + "/withdraw",
        members.withdraw_invitation_everywhere,
        InvitationInfo,
        on_people.WITHDRAW,
    )


def _add_record(route: Route) -> None:
    route("GET", "/retention", retention.list_retention, Retentions, on_audit.READ_UPKEEP)
    route("PATCH", "/retention/{kind}", retention.change_retention, RetentionInfo, on_audit.RETAIN)
    route("GET", "/destinations", destinations.list_destinations, DestinationPage, on_audit.READ_UPKEEP)
    # Whoever names where the log is sent reads all of it there.
    exporting = Needs((on_audit.CREATE_DESTINATION, on_audit.EXPORT))
    route("POST", "/destinations", destinations.create_destination, DestinationSecret, exporting, 201, 200)
    route("GET", DESTINATION, destinations.get_destination, DestinationInfo, on_audit.READ_UPKEEP)
    route(
        "GET", DESTINATION + "/deliveries", destinations.list_deliveries, DeliveryPage, on_audit.READ_UPKEEP
    )
    for verb, view, told, action in (
        ("pause", destinations.pause_destination, DestinationInfo, on_audit.PAUSE_DESTINATION),
        ("resume", destinations.resume_destination, DestinationInfo, on_audit.RESUME_DESTINATION),
        ("test", destinations.test_destination, DeliveryInfo, on_audit.TEST_DESTINATION),
        ("rotate", destinations.rotate_destination, DestinationSecret, on_audit.ROTATE_DESTINATION),
        ("end", destinations.end_destination, DestinationInfo, on_audit.END_DESTINATION),
    ):
        route("POST", f"{DESTINATION}/{verb}", view, told, action)
    route("GET", "/dead-letters", dead_letters.list_dead_letters, DeliveryPage, on_audit.READ_UPKEEP)
    route("POST", LETTER + "/retry", dead_letters.retry_dead_letter, DeliveryInfo, on_audit.RETRY_DELIVERY)
    route(
        "POST", LETTER + "/discard", dead_letters.discard_dead_letter, DeliveryInfo, on_audit.DISCARD_DELIVERY
    )
    every = "/dead-letters"
    route(
        "POST", every + "/retry", dead_letters.retry_dead_letters, DeliveriesCounted, on_audit.RETRY_DELIVERY
    )
    route(
        "POST",
        every + "/discard",
        dead_letters.discard_dead_letters,
        DeliveriesCounted,
        on_audit.DISCARD_DELIVERY,
    )
