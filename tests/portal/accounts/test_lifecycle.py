"""How people come, change roles and go: every verb, its event, and what stops it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from agents.models import App
from audit.actors import Actor, Origin, shell
from audit.models import Event
from core.clock import at, now
from core.errors import Invalid, NotAllowed, NotFound
from portal.accounts import account_changes, lifecycle
from portal.accounts.lifecycle import Invited
from portal.error_responses import AlreadyMember, InvitationOver, LastAdmin
from portal.models import Invitation, Membership, User
from tests.factories import PASSWORD, member

HERE = Origin("page", "203.0.113.9")
Acting = Callable[[User, App | None], Actor]


def invited(app: App | None, email: str = "new@example.com", role: str = "developer") -> Invited:
    return lifecycle.invite(shell(), email, role, app)


def join(invitation: Invitation, email: str = "", password: str = PASSWORD) -> User:
    return lifecycle.join(HERE, invitation, email=email, name="New Person", password=password)


def role_of(user: User) -> Membership:
    return user.memberships.get(ended_at=None)


def last() -> Event:
    return Event.objects.order_by("-id")[0]


# ── inviting ────────────────────────────────────────────────────────────────────────────────────────


def test_the_secret_of_a_link_is_kept_as_a_digest_alone(app: App) -> None:
    made = invited(app)
    row = Invitation.objects.filter(pk=made.invitation.pk).values().get()
    assert len(bytes(row["digest"])) == 32
    assert made.secret not in str(row)


def test_an_invitation_is_on_record_without_its_secret(app: App, admin: User, acting: Acting) -> None:
    made = lifecycle.invite(acting(admin, app), "New@Example.com", "support", app)
    event = last()
    assert (event.action, event.actor_label, event.target_label, event.app_id) == (
        "member.invite",
        admin.label,
        "new@example.com",
        app.id,
    )
    assert made.secret not in str(event.__dict__)


def test_a_second_invitation_ends_the_first(app: App) -> None:
    first, second = invited(app), invited(app, role="admin")
    with pytest.raises(InvitationOver):
        lifecycle.invitation_of(first.secret)
    assert lifecycle.invitation_of(second.secret) == second.invitation


def test_who_has_a_role_here_is_not_invited(app: App, developer: User) -> None:
    with pytest.raises(AlreadyMember):
        invited(app, developer.email.upper())


@pytest.mark.parametrize(
    "email", ["nobody", "a@b@example.com", "a@example.com\r\nBcc: b@example.com", "a" * 300 + "@example.com"]
)
def test_what_is_no_address_is_not_invited(app: App, email: str) -> None:
    with pytest.raises(Invalid):
        invited(app, email)


def test_there_is_no_fourth_role(app: App) -> None:
    with pytest.raises(Invalid):
        invited(app, role="owner")


def test_an_admin_of_one_app_invites_to_no_other(app: App, other_app: App, acting: Acting) -> None:
    own = acting(member("admin", app), app)
    for app_of_others in (other_app, None):
        with pytest.raises(NotFound):
            lifecycle.invite(own, "new@example.com", "developer", app_of_others)


@pytest.mark.parametrize("role", ["developer", "support"])
def test_only_admins_invite(app: App, acting: Acting, role: str) -> None:
    with pytest.raises(NotAllowed):
        lifecycle.invite(acting(member(role, app), app), "new@example.com", "admin", app)


# ── joining ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_invitation_makes_a_person_with_its_role(app: App) -> None:
    user = join(invited(app).invitation)
    assert (user.email, role_of(user).role, role_of(user).app) == ("new@example.com", "developer", app)
    assert user.check_password(PASSWORD)


def test_the_address_of_an_invitation_cannot_be_changed(app: App) -> None:
    assert join(invited(app).invitation, email="other@example.com").email == "new@example.com"


def test_joining_is_recorded_as_the_joiners_own_act(app: App) -> None:
    join(invited(app).invitation)
    accepted, joined = (Event.objects.get(action=f"member.{name}") for name in ("accept", "join"))
    assert {accepted.actor_label, joined.actor_label} == {"New Person <new@example.com>"}
    assert (accepted.target_kind, joined.target_kind) == ("invitation", "member")
    assert joined.cause_id == accepted.id


def test_a_link_works_once(app: App) -> None:
    made = invited(app)
    join(made.invitation)
    with pytest.raises(InvitationOver):
        lifecycle.invitation_of(made.secret)


def test_a_page_open_since_before_the_link_was_used_makes_nobody(db: None) -> None:
    made = invited(None, email="", role="admin")
    stale = Invitation.objects.get()
    join(made.invitation, "first@example.com")
    with pytest.raises(InvitationOver):
        join(stale, "second@example.com")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("later", "works"), [(timedelta(days=7, seconds=-1), True), (timedelta(days=7), False)]
)
def test_a_link_works_for_a_week(app: App, later: timedelta, works: bool) -> None:
    with at(now()):
        invited(app)
        with at(now() + later):
            assert Invitation.waiting().exists() is works


def test_a_withdrawn_link_is_over(app: App) -> None:
    made = invited(app)
    lifecycle.withdraw(shell(), made.invitation)
    with pytest.raises(InvitationOver):
        lifecycle.invitation_of(made.secret)


@pytest.mark.parametrize("secret", ["", "x", "x" * 5000, "\x00", "ü", "\ud800"])
def test_a_made_up_link_is_over(db: None, secret: str) -> None:
    with pytest.raises(InvitationOver):
        lifecycle.invitation_of(secret)


def test_a_known_person_gets_the_role_with_their_present_password(app: App, outsider: User) -> None:
    assert join(invited(app, outsider.email).invitation) == outsider
    assert {m.app for m in outsider.memberships.all()} >= {app}


def test_a_known_person_is_not_taken_over(app: App, outsider: User) -> None:
    with pytest.raises(Invalid):
        join(invited(app, outsider.email).invitation, password="another good password")
    outsider.refresh_from_db()
    assert outsider.check_password(PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "password1234", "new@example.com"])
def test_a_weak_password_is_refused_and_the_link_lives_on(app: App, password: str) -> None:
    made = invited(app)
    with pytest.raises(Invalid):
        join(made.invitation, password=password)
    assert lifecycle.invitation_of(made.secret)
    assert not User.objects.exists()


def test_an_admin_from_the_shell_ends_the_first_admins_link(db: None) -> None:
    made = invited(None, email="", role="admin")
    lifecycle.make_admin(shell(), "admin@example.com", PASSWORD)
    with pytest.raises(InvitationOver):
        lifecycle.invitation_of(made.secret)


# ── roles ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_change_of_role_tells_both(app: App, admin: User, developer: User, acting: Acting) -> None:
    lifecycle.change_role(acting(admin, app), role_of(developer), "support")
    assert last().changes == {"role": ["developer", "support"]}


def test_the_same_role_again_is_no_event(app: App, developer: User) -> None:
    before = Event.objects.count()
    lifecycle.change_role(shell(), role_of(developer), "developer")
    assert Event.objects.count() == before


def test_an_end_says_who_and_why(app: App, admin: User, developer: User, acting: Acting) -> None:
    lifecycle.end_membership(acting(admin, app), role_of(developer), "left the team")
    assert (last().action, last().actor_label, last().reason) == ("member.end", admin.label, "left the team")


def test_someone_who_left_can_be_invited_again(app: App, developer: User) -> None:
    lifecycle.end_membership(shell(), role_of(developer))
    join(invited(app, developer.email).invitation)
    assert role_of(developer).app == app


def test_nobody_ends_the_last_admin(admin: User, acting: Acting) -> None:
    with pytest.raises(LastAdmin):
        lifecycle.end_membership(acting(admin, None), role_of(admin))


def test_nobody_makes_the_last_admin_less(admin: User, acting: Acting) -> None:
    with pytest.raises(LastAdmin):
        lifecycle.change_role(acting(admin, None), role_of(admin), "developer")


def test_the_admin_of_one_app_is_not_the_last_of_all(app: App, admin: User) -> None:
    member("admin", app)
    with pytest.raises(LastAdmin):
        lifecycle.end_membership(shell(), role_of(admin))


def test_of_two_admins_one_may_go(admin: User) -> None:
    other = member("admin", None)
    lifecycle.end_membership(shell(), role_of(admin))
    assert lifecycle.has_admin()
    with pytest.raises(LastAdmin):
        lifecycle.end_membership(shell(), role_of(other))


def test_an_admin_whose_account_is_closed_lets_nobody_in(admin: User) -> None:
    account_changes.deactivate(shell(), member("admin", None))
    with pytest.raises(LastAdmin):
        lifecycle.end_membership(shell(), role_of(admin))
    with pytest.raises(LastAdmin):
        lifecycle.change_role(shell(), role_of(admin), "support")


def test_the_role_of_a_closed_account_ends_whoever_is_left(admin: User) -> None:
    account_changes.deactivate(shell(), other := member("admin", None))
    lifecycle.end_membership(shell(), role_of(other))
    assert list(Membership.objects.filter(ended_at=None)) == [role_of(admin)]


def test_an_admin_of_one_app_cannot_touch_an_admin_of_all(app: App, admin: User, acting: Acting) -> None:
    own = acting(member("admin", app), app)
    member("admin", None)
    with pytest.raises(NotFound):
        lifecycle.end_membership(own, role_of(admin))
