"""What people and their access tokens hand on: no role and no permission that they do not hold in that place."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from agents.models import App
from audit.actors import Actor, shell
from audit.change import change
from audit.models import Event
from core.errors import Invalid, NotAllowed, NotFound
from keys.errors import NotYoursToGive
from portal import actions
from portal.accounts import lifecycle
from portal.accounts.account_changes import deactivate
from portal.error_responses import InvitationOver, InviterGone
from portal.models import AccessToken, Invitation, Membership, Role, User
from portal.roles import ADMIN, DEVELOPER, SUPPORT
from portal.tokens import lifecycle as tokens
from portal.web.gates import permissions_anywhere
from tests.cast import prove
from tests.factories import PASSWORD, AgentFactory, UserFactory, issued, member
from tests.portal.tokens.test_lifecycle import CHALLENGE, VERIFIER

Acting = Callable[[User, App | None], Actor]
ADDRESS = "new@example.com"


def api(user: User, *permissions: str) -> Callable[..., Any]:
    """`api(user, "…")("post", "/…", {…})`: the management API, with a token that may do just this."""
    secret = issued(user, *permissions).plaintext.take()
    head = {"Authorization": f"Bearer {secret}"}

    def call(method: str, path: str, body: dict[str, Any]) -> Any:
        ask = getattr(Client(), method)
        return ask(f"/api/v1{path}", body, content_type="application/json", headers=head)

    return call


def let_in(invitation: Invitation, email: str = ADDRESS) -> User:
    return lifecycle.join(shell().origin, invitation, email=email, name="", password=PASSWORD)


def test_a_key_that_manages_agents_asks_for_the_same_whatever_its_kind(app: App, admin: User) -> None:
    wish = {"name": "worker", "scopes": ["agents:admin"]}
    agent = AgentFactory.create(app=app)
    only, more = (
        api(admin, "dashboard_keys:write"),
        api(admin, "dashboard_keys:write", "dashboard_agents:write"),
    )
    for path, kind in (
        (f"/apps/{app.id}/keys", {}),
        (f"/apps/{app.id}/keys", {"key_type": "agent"}),
        (f"/apps/{app.id}/keys", {"key_type": "agent", "agent_id": str(agent.id)}),
        (f"/apps/{app.id}/agents/{agent.id}/keys", {}),
    ):
        refused = only("post", path, wish | kind)
        assert (refused.status_code, refused.json()["error"]) == (403, "not_yours_to_give"), kind
        assert more("post", path, wish | kind).status_code == 201


def test_a_token_invites_nobody_to_a_role_it_does_not_hold_whole(app: App, admin: User) -> None:
    only = api(admin, "dashboard_members:write")
    for role in Role.values:
        refused = only("post", f"/apps/{app.id}/invitations", {"email": ADDRESS, "role": role})
        assert (refused.status_code, refused.json()["error"]) == (403, "not_yours_to_give"), role
        assert "dashboard_keys:read" in refused.json()["missing"]
    assert not Invitation.objects.exists()


def test_a_token_invites_to_a_role_that_it_holds_whole(app: App, admin: User) -> None:
    most = api(admin, "dashboard_members:write", *DEVELOPER)
    path = f"/apps/{app.id}/invitations"
    assert most("post", path, {"email": ADDRESS, "role": "developer"}).status_code == 201
    assert most("post", path, {"email": ADDRESS, "role": "admin"}).status_code == 403


def test_a_token_gives_no_role_either(app: App, admin: User, developer: User, support: User) -> None:
    only = api(admin, "dashboard_members:write")
    for user, role in ((developer, "admin"), (developer, "support"), (support, "developer")):
        at = f"/apps/{app.id}/members/{Membership.objects.get(user=user).id}"
        assert only("patch", at, {"role": role}).json()["error"] == "not_yours_to_give", role
    boss = Membership.objects.get(user=member(Role.ADMIN, app))
    assert only("patch", f"/apps/{app.id}/members/{boss.id}", {"role": "support"}).status_code == 200


def test_an_admin_of_one_app_gives_nothing_on_every_app(app: App, acting: Acting, developer: User) -> None:
    boss = member(Role.ADMIN, app)
    everywhere = Membership.objects.get(user=member(Role.SUPPORT, None))
    for refused in (
        lambda: lifecycle.invite(acting(boss, app), ADDRESS, "developer", None),
        lambda: lifecycle.change_role(acting(boss, None), everywhere, "admin"),
        lambda: lifecycle.give_role(acting(boss, app), UserFactory.create(), None, "support"),
    ):
        with pytest.raises((NotYoursToGive, NotAllowed, NotFound)):
            refused()
    assert Membership.objects.get(pk=everywhere.pk).role == Role.SUPPORT


def test_a_link_without_an_address_makes_no_admin_of_one_app_or_of_all(
    app: App, admin: User, acting: Acting
) -> None:
    for where in (app, None):
        with pytest.raises(Invalid, match="Enter an email address"):
            lifecycle.invite(acting(admin, where), "", "admin", where)
    assert (
        lifecycle.invite(acting(admin, None), "", "developer", None).invitation.whom == "anyone with the link"
    )


def test_the_page_says_so_at_the_address(app: App, admin: User, signed_in: Callable[[User], Client]) -> None:
    sent = {"email": "", "role": "admin", "everywhere": "on", "once": "1"}
    answer = signed_in(admin).post(f"/apps/{app.id}/members/invite/", sent)
    assert (answer.status_code, "Enter an email address" in answer.content.decode()) == (422, True)
    assert not Invitation.objects.exists()


def test_the_first_admins_link_is_over_once_there_is_one(app: App) -> None:
    first = lifecycle.invite(shell(), "", "admin", None)
    assert lifecycle.invitation_of(first.secret).whom == "the first admin"
    member(Role.ADMIN, None)
    with pytest.raises(InvitationOver):
        lifecycle.invitation_of(first.secret)
    with pytest.raises(InvitationOver):
        let_in(first.invitation)


def test_an_invitation_is_worth_what_its_inviter_may_still_give(
    app: App, admin: User, acting: Acting
) -> None:
    boss = member(Role.ADMIN, app)
    made = lifecycle.invite(acting(boss, app), ADDRESS, "support", app)
    by_token = lifecycle.invite(token_of(boss, app), "two@example.com", "support", app)
    assert by_token.invitation.inviter_id == made.invitation.inviter_id == boss.pk
    lifecycle.change_role(shell(), Membership.objects.get(user=boss), "developer")
    for one in (made, by_token):
        with pytest.raises(InvitationOver):
            lifecycle.invitation_of(one.secret)
    lifecycle.change_role(shell(), Membership.objects.get(user=boss), "admin")
    for one in (made, by_token):
        with pytest.raises(InviterGone, match="is no longer valid"):
            lifecycle.invitation_of(one.secret)
    ended = Event.objects.filter(action="member.withdraw", reason=lifecycle.UNBACKED)
    assert {event.target_label for event in ended} == {ADDRESS, "two@example.com"}
    assert ended[0].cause_id == Event.objects.filter(action="member.change-role").earliest("at").id
    deactivate(shell(), boss, "left")
    with pytest.raises(InvitationOver):
        lifecycle.invitation_of(by_token.secret)


def token_of(user: User, app: App) -> Actor:
    """An access token of theirs with everything, as the gate of the API makes an actor of it."""
    token = issued(user).token
    return Actor("token", str(token.id), "ci", ADMIN, shell().origin, app.id)


# ── access tokens ───────────────────────────────────────────────────────────────────────────────────


def test_nobody_is_issued_a_permission_that_they_hold_nowhere(
    app: App, developer: User, acting: Acting
) -> None:
    with pytest.raises(NotYoursToGive) as refused:
        tokens.issue(acting(developer, None), developer, name="ci", permissions=["dashboard_keys:admin"])
    assert refused.value.details["missing"] == ["dashboard_keys:admin"]
    assert not AccessToken.objects.exists()


def test_a_program_is_authorized_for_what_its_person_holds_now(app: App, developer: User) -> None:
    wish: dict[str, Any] = {"name": "alter", "permissions": ["all"], "challenge": CHALLENGE}
    granted = tokens.redeem(tokens.authorize(developer, **wish), VERIFIER)
    assert granted.permissions == sorted(DEVELOPER)
    with pytest.raises(NotAllowed):
        tokens.authorize(UserFactory.create(), **wish)


def test_the_shell_issues_nothing_that_a_role_has_yet_to_bring(developer: User) -> None:
    with pytest.raises(Invalid, match="includes dashboard_keys:admin. Assign a role that does first"):
        issued(developer, "dashboard_keys:admin")
    assert issued(developer).token.permissions == sorted(DEVELOPER)


def by_yes(user: User) -> AccessToken:
    """What a terminal gets that asks for all."""
    code = tokens.authorize(user, name="alter", permissions=["all"], challenge=CHALLENGE)
    body = {"code": code, "code_verifier": VERIFIER}
    made = Client().post("/api/v1/token", body, content_type="application/json").json()
    return AccessToken.objects.get(id=made["id"])


def by_page(user: User, *permissions: str) -> AccessToken:
    """What somebody mints in their browser: all they may, or what they tick."""
    window = Client()
    window.force_login(user)
    prove(window, user)
    reach = {"reach": "chosen", "permissions": permissions} if permissions else {"reach": "everything"}
    window.post("/account/tokens/mint/", {"once": uuid4().hex, "name": "ci", "expires": "never", **reach})
    return AccessToken.objects.latest("created_at")


def test_no_token_gets_what_its_person_did_not_hold_when_it_was_made(app: App, support: User) -> None:
    made = {
        "a terminal": by_yes(support),
        "a page, everything": by_page(support),
        "a page, a tier": by_page(support, "dashboard_keys:admin"),
        "the shell, all": issued(support).token,
        "the shell, a tier": issued(support, "dashboard_keys:admin").token,
    }
    code = tokens.authorize(support, name="alter", permissions=["dashboard_keys:admin"], challenge=CHALLENGE)
    lifecycle.change_role(shell(), Membership.objects.get(user=support), "admin")
    body = {"code": code, "code_verifier": VERIFIER}
    assert Client().post("/api/v1/token", body, content_type="application/json").status_code == 201
    made["a yes of before"] = AccessToken.objects.latest("created_at")
    held = permissions_anywhere(User.objects.get(pk=support.pk))
    assert "dashboard_keys:write" in held
    assert {
        how for how, token in made.items() if not tokens.effective_permissions(token, held) <= SUPPORT
    } == set()
    assert all("dashboard_keys:read" in tokens.effective_permissions(token, held) for token in made.values())


def test_a_role_lost_between_yes_and_token_is_in_no_token(app: App, developer: User) -> None:
    wish: dict[str, Any] = {"name": "alter", "permissions": ["dashboard_keys:write"], "challenge": CHALLENGE}
    code = tokens.authorize(developer, **wish)
    membership = Membership.objects.get(user=developer)
    with change(shell(), actions.CHANGE_ROLE, on=membership):
        membership.role = Role.SUPPORT
        membership.save(update_fields=["role"])
    body = {"code": code, "code_verifier": VERIFIER}
    assert Client().post("/api/v1/token", body, content_type="application/json").status_code == 403
    assert not AccessToken.objects.exists()
