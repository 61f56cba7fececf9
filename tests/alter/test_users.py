"""`alter users`: found by email, deactivated and back, signed out, removed."""

import pytest

from alter.portal_columns import USER, USER_DETAIL
from audit.models import Event
from portal.models import Membership, User
from tests.alter.running import alter

pytestmark = pytest.mark.usefixtures("signed_in")


def test_users_are_a_table_of_80_columns(developer: User) -> None:
    said = alter("users", "list", "--search", "developer@")
    assert said.out.splitlines()[0].split() == ["ID", "EMAIL", "STATUS", "2FA"]
    assert said.out.splitlines()[1].split()[:3] == [str(developer.id), "developer@example.com", "active"]


def test_every_field_of_a_user_is_known(developer: User) -> None:
    assert list(alter("users", "list", "--output", "json").json[0]) == list(USER.fields)
    assert list(alter("users", "show", str(developer.id)).json) == list(USER_DETAIL.fields)


def test_a_page_ends_with_how_to_go_on(developer: User) -> None:
    assert alter("users", "list", "--limit", "1").err == "1 of 2. Next page: --offset 1. All: --all\n"
    assert len(alter("users", "list", "--all", "--output", "jsonl").rows) == 2


def test_a_user_is_named_by_email_or_id_and_a_wrong_one_is_not_found(developer: User) -> None:
    assert alter("users", "show", "Developer@example.com").json["id"] == str(developer.id)
    missing = alter("users", "show", "loper@example.com")
    assert (missing.code, missing.error) == (4, "error: There is no user loper@example.com.")
    assert alter("users", "show", "developer").code == 2


def test_a_user_is_deactivated_and_back(developer: User) -> None:
    told = alter("users", "deactivate", developer.email, "--yes", "--reason", "On leave")
    assert (told.code, told.json["is_active"]) == (0, False)
    assert Event.objects.filter(reason="On leave").exists()
    assert alter("users", "list", "--show", "closed", "--fields", "email").json == [
        {"email": developer.email}
    ]
    assert alter("users", "reactivate", developer.email).json["is_active"] is True


def test_sessions_are_ended(developer: User) -> None:
    assert alter("users", "sign-out", developer.email).json == {"sessions_ended": 0}


@pytest.mark.parametrize("verb", ["deactivate", "remove"])
def test_what_takes_access_away_wants_a_yes(verb: str, developer: User) -> None:
    said = alter("users", verb, developer.email)
    assert (said.code, "Use --yes to confirm." in said.err) == (2, True)
    assert User.objects.get(pk=developer.pk).is_active
    assert Membership.objects.filter(user=developer, ended_at=None).exists()


def test_a_user_is_removed_from_all_apps(developer: User) -> None:
    assert alter("users", "remove", developer.email, "--yes", "--reason", "Left.").json["roles"] == []


def test_the_last_admin_is_not_removed(admin: User) -> None:
    assert alter("users", "remove", admin.email, "--yes").code == 5
