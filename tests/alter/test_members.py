"""`alter members`: list, invite, change, remove."""

import pytest

from agents.models import App
from portal.models import Membership, User
from tests.alter.running import alter

pytestmark = pytest.mark.usefixtures("signed_in")


def test_members_are_listed(app: App, developer: User) -> None:
    output = alter("members", "list", "--output", "json").json
    assert {one["email"] for one in output} == {"admin@example.com", "developer@example.com"}


def test_an_invitation_prints_its_link(app: App) -> None:
    output = alter("members", "invite", "--email", "new@example.com", "--role", "support").json
    assert "/join/" in output["link"]
    (waiting,) = alter("members", "invitations", "--output", "json").json
    assert waiting["email"] == "new@example.com"
    alter("members", "cancel", "--invitation", waiting["id"])
    assert alter("members", "invitations", "--output", "json").json == []


def test_a_role_is_changed(app: App, developer: User) -> None:
    member = developer.memberships.get()
    assert alter("members", "role", "--member", str(member.id), "--role", "support").json["role"] == "support"


def test_a_member_is_removed(app: App, developer: User) -> None:
    member = developer.memberships.get()
    alter("members", "remove", "--member", str(member.id), "--yes", "--reason", "Left.")
    assert not Membership.objects.filter(user=developer, ended_at=None).exists()


def test_without_a_terminal_it_wants_a_yes(app: App, developer: User) -> None:
    result = alter("members", "remove", "--member", str(developer.memberships.get().id))
    assert "Use --yes" in result.err
    assert Membership.objects.filter(user=developer, ended_at=None).exists()
