"""Accounts as admins of every app see and change them, and the rules of the house."""

import io
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from agents.models import App
from audit.actors import shell
from audit.models import Event
from core.errors import Invalid
from portal.accounts import account_changes
from portal.error_responses import AlreadyMember, LastAdmin, NoFactorYourself
from portal.mail import sending as mail
from portal.models import Notification, PortalPolicy, Role, User
from portal.policy.policy import change_policy, users_without_factor
from tests.factories import PASSWORD, issued, member
from tests.portal.pages import queries, text
from tests.portal.routes import address


def test_everyone_is_listed_with_their_roles(
    app: App, developer: User, outsider: User, window: Client
) -> None:
    page = text(window.get("/users/"))
    assert "checkout · Developer" in page
    assert "elsewhere · Admin" in page
    assert "All apps · Admin" in page


def test_the_list_takes_as_many_queries_for_ten_as_for_one(app: App, window: Client) -> None:
    before = queries(window, "/users/")
    for _ in range(9):
        member(Role.DEVELOPER, app)
    assert queries(window, "/users/") == before


@pytest.mark.parametrize(
    ("query", "shown"),
    [("q=develop", 1), ("q=nobody", 0), ("show=no-factor", 2), ("show=no-role", 0), ("show=closed", 0)],
)
def test_the_list_is_filtered(app: App, developer: User, window: Client, query: str, shown: int) -> None:
    assert len(window.get(f"/users/?{query}").context["list"].rows) == shown


def test_an_admin_of_one_app_sees_none_of_it(app: App, outsider: User, signed_in: Any) -> None:
    client = signed_in(outsider)
    assert client.get("/users/").status_code == 403
    assert client.get(address("user", user_id=outsider.pk)).status_code == 403


def test_a_person_is_shown_with_all_they_hold(app: App, developer: User, window: Client) -> None:
    issued(developer, name="laptop")
    page = text(window.get(address("user", user_id=developer.pk)))
    assert "laptop" in page
    assert "checkout" in page


def test_signing_someone_out_ends_their_sessions(developer: User, window: Client, signed_in: Any) -> None:
    browser = signed_in(developer)
    window.post(address("user-sign-out", user_id=developer.pk), {"reason": "Laptop stolen."})
    assert browser.get("/").status_code == 302
    event = Event.objects.get(action="person.sign-out")
    assert (event.reason, event.facts) == ("Laptop stolen.", {"sessions": 1})


def test_a_closed_account_is_out_and_opens_again(developer: User, window: Client, client: Client) -> None:
    window.post(address("user-deactivate", user_id=developer.pk), {"reason": "Leave of absence."})
    client.post("/account/login/", {"login": developer.email, "password": PASSWORD})
    assert client.get("/").status_code == 302
    window.post(address("user-reactivate", user_id=developer.pk))
    client.post("/account/login/", {"login": developer.email, "password": PASSWORD})
    assert client.get("/").status_code == 200


def test_the_last_admins_account_stays_open(admin: User) -> None:
    with pytest.raises(LastAdmin):
        account_changes.deactivate(shell(), admin)


def test_another_address_is_signed_in_with_and_told(developer: User) -> None:
    account_changes.change_email(shell(), developer, "Other@Example.com", "Married.")
    assert User.objects.get(pk=developer.pk).email == "other@example.com"
    event = Event.objects.get(action="person.change-email")
    assert event.facts == {"was": "developer@example.com", "now": "other@example.com", "sessions": 0}
    assert Notification.objects.filter(user=developer).exists()


def test_another_address_is_told_to_the_old_one_too(developer: User, settings: Settings) -> None:
    settings.SENDS_MAIL, was = True, developer.email
    account_changes.change_email(shell(), developer, "thief@example.com", "Mistaken.")
    mail.send()
    sent = {tuple(message.to): message.subject for message in outbox.outbox}
    assert sent == {
        ("thief@example.com",): "Sign-in email changed to thief@example.com",
        (was,): "Email of your key portal account changed to thief@example.com",
    }


def test_the_shell_gives_another_password_and_it_is_on_record(developer: User, signed_in: Any) -> None:
    browser = signed_in(developer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO("an even longer password\n"))
        told = {"email": developer.email, "reason": "Forgotten.", "password_stdin": True}
        call_command("change_password", **told)
    developer.refresh_from_db()
    assert developer.check_password("an even longer password")
    event = Event.objects.get(action="sign-in.change-password")
    assert (event.actor_kind, event.reason, browser.get("/").status_code) == ("shell", "Forgotten.", 302)
    assert Notification.objects.filter(
        user=developer, title__startswith="Password changed by the portal operator"
    ).exists()


def test_an_address_that_is_taken_is_refused(developer: User, support: User) -> None:
    with pytest.raises(AlreadyMember):
        account_changes.change_email(shell(), developer, support.email)
    assert User.objects.get(pk=developer.pk).email == "developer@example.com"


def test_people_name_themselves(developer: User, signed_in: Any) -> None:
    signed_in(developer).post("/account/profile/", {"name": "Dev Eloper"})
    assert User.objects.get(pk=developer.pk).name == "Dev Eloper"
    assert Event.objects.get(action="person.rename").facts == {"was": "Developer", "now": "Dev Eloper"}


def test_nobody_names_another(developer: User, support: User, acting: Any, app: App) -> None:
    with pytest.raises(Invalid):
        account_changes.rename(acting(support, app), developer, "Somebody Else")


def test_the_table_of_roles_is_shown_whole(window: Client) -> None:
    page = text(window.get("/users/roles/"))
    assert "dashboard_keys:admin" in page
    assert "Mint, rotate, rename" in page


# ── security settings ───────────────────────────────────────────────────────────────────────────────────────


def test_whoever_has_no_second_factor_cannot_require_one(admin: User, window: Client) -> None:
    answer = window.post("/settings/security/", {"second_factor": "on", "on_leaked_token": "revoke"})
    assert answer.status_code == 409
    assert PortalPolicy.in_force().second_factor_since is None
    with pytest.raises(NoFactorYourself):
        change_policy(shell(), admin, second_factor=True, on_leaked_token="revoke")


def test_the_rules_are_kept_and_on_record(db: None) -> None:
    change_policy(shell(), None, second_factor=True, on_leaked_token="notify", reason="Audit said so.")
    rules = PortalPolicy.in_force()
    assert (rules.second_factor_since is not None, rules.on_leaked_token) == (True, "notify")
    event = Event.objects.get(action="policy.change")
    assert event.changes["second_factor"] == [None, "required"]


def test_saying_the_same_again_changes_nothing(db: None) -> None:
    for _ in range(2):
        change_policy(shell(), None, second_factor=True, on_leaked_token="revoke")
    assert Event.objects.filter(action="policy.change").count() == 1


def test_a_token_cannot_be_deprecated(db: None) -> None:
    with pytest.raises(Invalid, match="notify or revoke"):
        change_policy(shell(), None, second_factor=False, on_leaked_token="deprecate")


def test_a_section_is_saved_by_itself(window: Client) -> None:
    change_policy(shell(), None, second_factor=False, on_leaked_token="notify")
    before = PortalPolicy.in_force().second_factor_since
    form = {
        "section": "on_leaked_token",
        "second_factor": "on",
        "on_leaked_token": "revoke",
        "reason": "Safer.",
    }
    assert window.post("/settings/security/", form)["Location"] == "/settings/security/"
    policy = PortalPolicy.in_force()
    assert (policy.on_leaked_token, policy.second_factor_since) == ("revoke", before)
    answer = window.post("/settings/security/", {"section": "on_leaked_token", "on_leaked_token": "odd"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["on_leaked_token"])


def test_the_page_names_whom_the_rule_would_stop(app: App, developer: User, window: Client) -> None:
    assert developer in users_without_factor()
    assert developer.email in text(window.get("/settings/security/"))
