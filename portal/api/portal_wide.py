"""The operations of the management API about the whole portal: users, tokens, notifications, audit log settings."""

from collections.abc import Callable

import audit.actions as on_audit
import portal.actions as on_portal
from audit.actions import Action
from portal.api import failed_deliveries as failed
from portal.api import members as members
from portal.api import notifications as notifications
from portal.api import policy as policy
from portal.api import retention as retention
from portal.api import tokens as tokens
from portal.api import users as users
from portal.api import webhooks as webhooks
from portal.api.account_schemas import (
    InvitationCreated,
    InvitationInfo,
    InvitationList,
    MemberInfo,
    MemberList,
)
from portal.api.audit_settings_schemas import (
    DeliveryCount,
    DeliveryInfo,
    DeliveryPage,
    RetentionInfo,
    RetentionList,
    WebhookInfo,
    WebhookPage,
    WebhookSecret,
)
from portal.api.notifications import NotificationInfo, NotificationPage, NotificationsRead
from portal.api.token_auth import Needs
from portal.api.token_schemas import TokenDetail, TokenMinted, TokenPage
from portal.api.user_schemas import PolicyInfo, SessionsEnded, UserDetail, UserPage

Route = Callable[..., None]
"""portal.api.management.route()"""
USER, MEMBER = "/users/{user_id}", "/members/{member_id}"
INVITATION = "/invitations/{invitation_id}"
WEBHOOK, FAILED_DELIVERY = "/webhooks/{webhook_id}", "/failed-deliveries/{delivery_id}"


def add(route: Route, any_token: Action) -> None:
    """Add these operations to the map."""
    _add_tokens(route, any_token)
    _add_notifications(route, any_token)
    _add_users(route)
    _add_members(route)
    _add_record(route)


def _add_tokens(route: Route, any_token: Action) -> None:
    route("GET", "/tokens", tokens.list_tokens, TokenPage, any_token)
    route("POST", "/tokens", tokens.mint_token, TokenMinted, on_portal.ISSUE_TOKEN, 201, 200)
    route("POST", "/tokens/{token_id}/revoke", tokens.revoke_token, TokenDetail, on_portal.REVOKE_TOKEN)


def _add_notifications(route: Route, any_token: Action) -> None:
    route("GET", "/notifications", notifications.list_notifications, NotificationPage, any_token)
    route("POST", "/notifications/read", notifications.read_notifications, NotificationsRead, any_token)
    route(
        "POST",
        "/notifications/{notification_id}/read",
        notifications.read_notification,
        NotificationInfo,
        any_token,
    )


def _add_users(route: Route) -> None:
    route("GET", "/users", users.list_users, UserPage, on_portal.READ_PEOPLE)
    route("GET", USER, users.get_user, UserDetail, on_portal.READ_PEOPLE)
    route("POST", USER + "/remove", users.remove_user, UserDetail, on_portal.END)
    route("POST", USER + "/sign-out", users.sign_out_user, SessionsEnded, on_portal.SIGN_OUT_PERSON)
    route("POST", USER + "/deactivate", users.deactivate_user, UserDetail, on_portal.DEACTIVATE)
    route("POST", USER + "/reactivate", users.reactivate_user, UserDetail, on_portal.REACTIVATE)
    route("GET", "/policy", policy.get_policy, PolicyInfo, on_portal.CHANGE_POLICY)
    route("PATCH", "/policy", policy.change_policy, PolicyInfo, on_portal.CHANGE_POLICY)


def _add_members(route: Route) -> None:
    route("GET", "/members", members.list_members_everywhere, MemberList, on_portal.READ_MEMBERS)
    route("PATCH", MEMBER, members.change_role_everywhere, MemberInfo, on_portal.CHANGE_ROLE)
    route("POST", MEMBER + "/remove", members.remove_member_everywhere, MemberInfo, on_portal.END)
    route("GET", "/invitations", members.list_invitations_everywhere, InvitationList, on_portal.READ_MEMBERS)
    route("POST", "/invitations", members.invite_everywhere, InvitationCreated, on_portal.INVITE, 201, 200)
    route(
        "POST",
        INVITATION + "/resend",
        members.resend_invitation_everywhere,
        InvitationCreated,
        on_portal.INVITE,
        201,
    )
    route(
        "POST",
        INVITATION + "/cancel",
        members.cancel_invitation_everywhere,
        InvitationInfo,
        on_portal.WITHDRAW,
    )


def _add_record(route: Route) -> None:
    route("GET", "/retention", retention.list_retention, RetentionList, on_audit.READ_UPKEEP)
    route("PATCH", "/retention/{kind}", retention.change_retention, RetentionInfo, on_audit.RETAIN)
    route("GET", "/webhooks", webhooks.list_webhooks, WebhookPage, on_audit.READ_UPKEEP)
    # Whoever sets the URL of a webhook can read the audit log there.
    exporting = Needs((on_audit.CREATE_WEBHOOK, on_audit.EXPORT))
    route("POST", "/webhooks", webhooks.create_webhook, WebhookSecret, exporting, 201, 200)
    route("GET", WEBHOOK, webhooks.get_webhook, WebhookInfo, on_audit.READ_UPKEEP)
    route(
        "GET", WEBHOOK + "/deliveries", webhooks.list_webhook_deliveries, DeliveryPage, on_audit.READ_UPKEEP
    )
    for verb, view, response_schema, action in (
        ("pause", webhooks.pause_webhook, WebhookInfo, on_audit.PAUSE_WEBHOOK),
        ("resume", webhooks.resume_webhook, WebhookInfo, on_audit.RESUME_WEBHOOK),
        ("test", webhooks.test_webhook, DeliveryInfo, on_audit.TEST_WEBHOOK),
        ("rotate", webhooks.rotate_webhook_secret, WebhookSecret, on_audit.ROTATE_WEBHOOK),
        ("delete", webhooks.delete_webhook, WebhookInfo, on_audit.DELETE_WEBHOOK),
    ):
        route("POST", f"{WEBHOOK}/{verb}", view, response_schema, action)
    every = "/failed-deliveries"
    route("GET", every, failed.list_failed_deliveries, DeliveryPage, on_audit.READ_UPKEEP)
    for verb, view_one, view_all, action in (
        ("retry", failed.retry_failed_delivery, failed.retry_failed_deliveries, on_audit.RETRY_DELIVERY),
        (
            "discard",
            failed.discard_failed_delivery,
            failed.discard_failed_deliveries,
            on_audit.DISCARD_DELIVERY,
        ),
    ):
        route("POST", f"{FAILED_DELIVERY}/{verb}", view_one, DeliveryInfo, action)
        route("POST", f"{every}/{verb}", view_all, DeliveryCount, action)
