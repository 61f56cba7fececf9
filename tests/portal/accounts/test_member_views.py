"""The pages of members, and the one by which someone joins."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from agents.models import App
from audit.actors import shell
from audit.models import Event
from core.clock import now
from portal.accounts import lifecycle
from portal.accounts.lifecycle import Invited
from portal.mail import sending
from portal.models import Invitation, Membership, User
from tests.factories import PASSWORD, member
from tests.portal.pages import queries, text
from tests.portal.routes import address

SignedIn = Callable[[User], Client]


def test_members_are_all_who_reach_the_app(app: App, window: Client, developer: User, outsider: User) -> None:
    shown = window.get(address("members", app_id=app.id)).context["list"].rows
    assert {m.user.email for m in shown} == {"admin@example.com", "developer@example.com"}


def test_members_take_as_many_queries_for_twenty_as_for_one(app: App, window: Client) -> None:
    there = address("members", app_id=app.id)
    lifecycle.invite(shell(), "a@example.com", "support", app)
    before = queries(window, there)
    for n in range(5):
        member("support", app)
        lifecycle.invite(shell(), f"b{n}@example.com", "support", app)
    assert queries(window, there) == before


def invite(window: Client, app: App, **form: Any) -> Any:
    form = {"email": "new@example.com", "role": "developer", "once": uuid4().hex} | form
    return window.post(address("member-invite", app_id=app.id), form)


def link_on(page: Any) -> str:
    """The path of the link an answer shows."""
    match = re.search(r'id="link"[^>]*>([^<]+)<', text(page))
    assert match
    return urlsplit(match[1]).path


def test_an_invitations_link_is_in_the_answer_and_works(app: App, window: Client, client: Client) -> None:
    link = link_on(invite(window, app))
    assert client.get(link).status_code == 200


def test_a_reloaded_invitation_makes_no_other_link_and_ends_none(
    app: App, window: Client, client: Client
) -> None:
    link = link_on(invite(window, app, once="1"))
    again = invite(window, app, once="1")
    assert (again.status_code, "Form already submitted: one link was created" in text(again)) == (
        409,
        True,
    )
    assert (Invitation.objects.count(), client.get(link).status_code) == (1, 200)


def test_a_form_that_was_refused_can_be_sent_again(app: App, window: Client) -> None:
    assert invite(window, app, once="1", email="nobody").status_code == 422
    assert invite(window, app, once="1").status_code == 200


def test_a_reloaded_new_link_makes_no_other_and_ends_none(app: App, window: Client, client: Client) -> None:
    invite(window, app)
    there = address("member-resend", app_id=app.id, invitation_id=Invitation.objects.get().id)
    link = link_on(window.post(there))
    assert window.post(there).status_code == 409
    assert client.get(link).status_code == 200


def test_the_link_is_shown_once(app: App, window: Client) -> None:
    secret = link_on(invite(window, app)).split("/")[2]
    assert secret not in text(window.get(address("members", app_id=app.id)))


def test_the_link_names_the_public_address(app: App, window: Client, settings: Settings) -> None:
    settings.ORIGIN = "https://keys.example.com"
    assert "https://keys.example.com/join/" in text(invite(window, app))


def test_the_link_is_mailed_where_mail_is_set_up(app: App, window: Client, settings: Settings) -> None:
    settings.SENDS_MAIL = True
    page = invite(window, app)
    sending.send()
    assert (mail.outbox[0].to, link_on(page) in str(mail.outbox[0].body)) == (["new@example.com"], True)
    assert "It was also sent by email." in text(page)


def test_nothing_is_said_of_mail_where_none_is_set_up(app: App, window: Client, settings: Settings) -> None:
    settings.SENDS_MAIL = False
    page = text(invite(window, app))
    assert "sent by e-mail" not in page


def test_an_invitation_to_every_app_is_offered_to_those_who_reach_it(
    app: App, window: Client, signed_in: SignedIn
) -> None:
    own = signed_in(member("admin", app))
    there = address("member-invite", app_id=app.id)
    assert ['name="everywhere"' in text(one.get(there)) for one in (window, own)] == [True, False]


def test_an_admin_of_one_app_cannot_invite_to_every_app(app: App, signed_in: SignedIn) -> None:
    answer = invite(signed_in(member("admin", app)), app, everywhere="on")
    assert (answer.status_code, Invitation.objects.count()) == (403, 0)


def test_an_admin_of_every_app_can(app: App, window: Client) -> None:
    invite(window, app, everywhere="on", role="admin")
    assert Invitation.objects.get().app is None


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"email": "", "role": "admin"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a" * 250 + "@example.com"}, "email"),
        ({"email": "a\x00@example.com"}, "email"),
        ({"role": "owner"}, "role"),
        ({"role": ""}, "role"),
    ],
)
def test_a_bad_invitation_is_told_on_its_field(app: App, window: Client, form: Any, field: str) -> None:
    answer = invite(window, app, **form)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])


def test_a_member_is_not_invited_again(app: App, window: Client, developer: User) -> None:
    answer = invite(window, app, email=developer.email)
    assert (answer.status_code, "This user is already a member." in text(answer)) == (409, True)


def test_a_link_alone_lets_in_whoever_opens_it_first(app: App, window: Client, client: Client) -> None:
    link = link_on(invite(window, app, email=""))
    client.post(link, {"name": "New", "email": "new@example.com", "password": PASSWORD})
    assert Membership.objects.get(user__email="new@example.com").role == "developer"
    again = Client().post(link, {"name": "Two", "email": "two@example.com", "password": PASSWORD})
    assert again.status_code == 404


def test_a_new_link_takes_the_place_of_the_old(app: App, window: Client, client: Client) -> None:
    old = link_on(invite(window, app))
    there = address("member-resend", app_id=app.id, invitation_id=Invitation.objects.get().id)
    new = link_on(window.post(there))
    assert [client.get(link).status_code for link in (old, new)] == [404, 200]


def test_an_address_with_an_account_elsewhere_looks_like_any_other(
    app: App, outsider: User, window: Client
) -> None:
    pages = [
        re.sub(r"[\w-]{43}|[0-9a-f-]{36}", "…", text(invite(window, app, email=email))).replace(email, "…")
        for email in (outsider.email, "strangers@example.com")
    ]
    assert [page.count("Shown once.") for page in pages] == [1, 1]
    assert outsider.name not in pages[0]


def test_nobody_raises_themselves(app: App, admin: User, developer: User, signed_in: SignedIn) -> None:
    answer = signed_in(developer).post(role_form(app, developer), {"role": "admin"})
    assert (answer.status_code, developer.memberships.get().role) == (403, "developer")


def test_an_admin_of_one_app_cannot_come_by_every_app(app: App, signed_in: SignedIn) -> None:
    boss = member("admin", app)
    invite(signed_in(boss), app, email="me@example.com", everywhere="on")
    assert not Invitation.objects.exists()


def test_a_withdrawn_link_leads_nowhere(app: App, window: Client, client: Client) -> None:
    link = link_on(invite(window, app))
    ids = {"app_id": app.id, "invitation_id": Invitation.objects.get().id}
    window.post(address("member-withdraw", **ids))
    page = client.get(link)
    assert (page.status_code, "This invitation link has expired" in text(page)) == (404, True)


def test_an_invitation_of_another_app_is_not_found_here(app: App, other_app: App, window: Client) -> None:
    made = lifecycle.invite(shell(), "new@example.com", "admin", other_app).invitation
    ids = {"app_id": app.id, "invitation_id": made.id}
    assert window.post(address("member-withdraw", **ids)).status_code == 404


def role_form(app: App, user: User, name: str = "member-role") -> str:
    return address(name, app_id=app.id, membership_id=user.memberships.get().id)


def test_a_role_is_changed_and_told(app: App, window: Client, developer: User) -> None:
    page = window.post(role_form(app, developer), {"role": "support"}, follow=True)
    assert developer.memberships.get().role == "support"
    assert f"{developer} is now support" in text(page)


@pytest.mark.parametrize("role", ["", "owner", "ADMIN", "\x00"])
def test_there_is_no_such_role(app: App, window: Client, developer: User, role: str) -> None:
    answer = window.post(role_form(app, developer), {"role": role})
    assert (answer.status_code, developer.memberships.get().role) == (422, "developer")


def test_an_admin_of_one_app_cannot_change_an_admin_of_all(
    app: App, admin: User, signed_in: SignedIn
) -> None:
    own = signed_in(member("admin", app))
    assert own.post(role_form(app, admin), {"role": "support"}).status_code == 403


def test_the_last_admin_stays(app: App, admin: User, window: Client) -> None:
    for there, form in (
        (role_form(app, admin), {"role": "support"}),
        (role_form(app, admin, "member-end"), {}),
    ):
        answer = window.post(there, form)
        assert (answer.status_code, "This is the last admin of all apps" in text(answer)) == (409, True)


def test_an_end_asks_first_and_keeps_the_reason(app: App, window: Client, developer: User) -> None:
    there = role_form(app, developer, "member-end")
    window.get(there)
    assert developer.memberships.get().ended_at is None
    window.post(there, {"reason": "left the team"})
    assert developer.memberships.get().ended_at
    assert Event.objects.get(action="member.end").reason == "left the team"


def test_who_ends_their_own_role_arrives_somewhere(app: App, signed_in: SignedIn) -> None:
    own = member("admin", app)
    page = signed_in(own).post(role_form(app, own, "member-end"), {}, follow=True)
    assert (page.status_code, page.request["PATH_INFO"]) == (200, "/account/login/")


def test_a_member_of_another_app_is_not_found_here(app: App, outsider: User, window: Client) -> None:
    assert window.post(role_form(app, outsider), {"role": "admin"}).status_code == 404


def test_an_ended_membership_cannot_be_changed(app: App, window: Client, developer: User) -> None:
    lifecycle.end_membership(shell(), developer.memberships.get())
    assert window.post(role_form(app, developer), {"role": "admin"}).status_code == 404


# ── joining ─────────────────────────────────────────────────────────────────────────────────────────


JOIN = {"name": "New Person", "email": "new@example.com", "password": PASSWORD}


@pytest.fixture
def invited(app: App) -> Invited:
    return lifecycle.invite(shell(), "new@example.com", "developer", app)


def test_who_joins_is_signed_in_and_sees_the_app(invited: Invited, client: Client) -> None:
    page = client.post(f"/join/{invited.secret}/", JOIN, follow=True)
    assert [app.name for app in page.context["list"].rows] == ["checkout"]


def test_the_page_says_who_invites_and_as_what(invited: Invited, client: Client) -> None:
    page = text(client.get(f"/join/{invited.secret}/"))
    assert "invited you to <b>checkout</b> with the role <b>Developer</b>" in page


def test_the_address_of_the_link_travels_nowhere(invited: Invited, client: Client) -> None:
    answer = client.get(f"/join/{invited.secret}/")
    assert (answer["Referrer-Policy"], "no-store" in answer["Cache-Control"]) == ("strict-origin", True)


def test_the_invited_address_stands_whatever_is_sent(invited: Invited, client: Client) -> None:
    client.post(f"/join/{invited.secret}/", JOIN | {"email": "other@example.com"})
    assert User.objects.get().email == "new@example.com"


def test_the_first_admin_gives_an_address(db: None, client: Client) -> None:
    first = lifecycle.invite(shell(), "", "admin", None)
    client.post(f"/join/{first.secret}/", JOIN | {"email": "first@example.com"})
    assert Membership.objects.get().user.email == "first@example.com"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"password": ""}, "password"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 1001}, "password"),
        ({"name": "a\u200bb"}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\x00b"}, "name"),
    ],
)
def test_a_bad_answer_is_told_on_its_field_and_the_link_lives(
    invited: Invited, client: Client, form: Any, field: str
) -> None:
    answer = client.post(f"/join/{invited.secret}/", JOIN | form)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert Invitation.waiting(now()).exists()


def test_a_password_is_never_sent_back(invited: Invited, client: Client) -> None:
    answer = client.post(f"/join/{invited.secret}/", JOIN | {"password": "tooshort-x"})
    assert "tooshort-x" not in text(answer)


def test_a_used_link_says_what_to_do(invited: Invited, client: Client) -> None:
    client.post(f"/join/{invited.secret}/", JOIN)
    answer = Client().post(f"/join/{invited.secret}/", JOIN)
    assert (answer.status_code, "Ask for a new invitation." in text(answer)) == (404, True)
