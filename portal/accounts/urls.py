"""Where the pages of users and of members are, and who may see them."""

from django.urls import path

import portal.accounts.member_views as people_pages
import portal.accounts.user_views as person_pages
import portal.actions as on_portal
from portal.web.gates import page

users = [
    path("", page(person_pages.users, on_portal.READ_PEOPLE), name="users"),
    path("roles/", page(person_pages.roles, on_portal.READ_PEOPLE), name="user-roles"),
    path("<uuid:user_id>/", page(person_pages.user, on_portal.READ_PEOPLE), name="user"),
    path("<uuid:user_id>/remove/", page(person_pages.remove, on_portal.END), name="user-remove"),
    path(
        "<uuid:user_id>/sign-out/",
        page(person_pages.sign_out, on_portal.SIGN_OUT_PERSON),
        name="user-sign-out",
    ),
    path(
        "<uuid:user_id>/reset-2fa/", page(person_pages.reset, on_portal.RESET_FACTORS), name="user-reset-2fa"
    ),
    path(
        "<uuid:user_id>/deactivate/",
        page(person_pages.deactivate, on_portal.DEACTIVATE),
        name="user-deactivate",
    ),
    path(
        "<uuid:user_id>/reactivate/",
        page(person_pages.reactivate, on_portal.REACTIVATE),
        name="user-reactivate",
    ),
    path(
        "<uuid:user_id>/confirm-email/",
        page(person_pages.confirm_email, on_portal.CONFIRM_EMAIL),
        name="user-confirm-email",
    ),
    path("<uuid:user_id>/email/", page(person_pages.change_email, on_portal.CHANGE_EMAIL), name="user-email"),
]

members = [
    path("", page(people_pages.members, on_portal.READ_MEMBERS), name="members"),
    path("invite/", page(people_pages.invite, on_portal.INVITE), name="member-invite"),
    path("invitations/", page(people_pages.invitations, on_portal.READ_MEMBERS), name="member-invitations"),
    path(
        "invitations/<uuid:invitation_id>/cancel/",
        page(people_pages.withdraw, on_portal.WITHDRAW),
        name="member-withdraw",
    ),
    path(
        "invitations/<uuid:invitation_id>/resend/",
        page(people_pages.resend, on_portal.INVITE),
        name="member-resend",
    ),
    path(
        "<uuid:membership_id>/role/",
        page(people_pages.change_role, on_portal.CHANGE_ROLE),
        name="member-role",
    ),
    path("<uuid:membership_id>/remove/", page(people_pages.end_membership, on_portal.END), name="member-end"),
]
