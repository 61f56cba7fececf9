"""Second factors: set up, asked for at sign-in, sealed at rest, required of everyone, and taken away when lost."""

import hashlib
import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from agents.models import App
from audit.actors import shell
from audit.change import change
from audit.models import Event
from core.clock import now
from portal.actions import CHANGE_POLICY
from portal.auth.two_factor import factors_of, reset_factors
from portal.models import Notification, PortalPolicy, User
from tests.factories import PASSWORD
from tests.portal.pages import text


def code_of(secret: str) -> str:
    """What an authenticator app with this secret shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def set_up(client: Client) -> tuple[str, list[str]]:
    """Set up an authenticator app; its secret, and the recovery codes that were shown."""
    page = text(client.get("/account/2fa/totp/activate/"))
    shown_in_fours = re.search(r'id="totp-secret"[^>]*>(.*?)</code>', page)
    assert shown_in_fours
    match = re.fullmatch(r"([A-Z2-7]{16,})", re.sub(r"<[^>]+>", "", shown_in_fours[1]))
    assert match, "the text that is copied has no gaps"
    assert shown_in_fours[1].count('class="four"') == -(-len(match[1]) // 4)
    answer = client.post("/account/2fa/totp/activate/", {"code": code_of(match[1])}, follow=True)
    shown = re.search(r"<pre[^>]*>([\d\s]+)</pre>", text(answer))
    assert shown
    return match[1], shown[1].split()


def enrolled() -> list[str]:
    events = Event.objects.filter(action="second-factor.enrol")
    return sorted(event.facts["factor"] for event in events)


def sign_in(client: Client, email: str) -> Any:
    return client.post("/account/login/", {"login": email, "password": PASSWORD})


@pytest.fixture
def protected(window: Client, admin: User) -> tuple[str, list[str]]:
    return set_up(window)


def require_factors() -> None:
    rules = PortalPolicy.in_force()
    with change(shell(), CHANGE_POLICY, on=rules):
        rules.second_factor_since = now()
        rules.save()


def test_an_app_is_set_up_and_on_record(protected: tuple[str, list[str]], admin: User) -> None:
    assert factors_of(admin) == ["authenticator app"]
    assert enrolled() == ["authenticator app", "recovery codes"]
    assert Notification.objects.get(user=admin).title == "Authenticator app set up"


def test_a_wrong_code_sets_up_nothing(window: Client, admin: User) -> None:
    window.get("/account/2fa/totp/activate/")
    window.post("/account/2fa/totp/activate/", {"code": "000000"})
    assert factors_of(admin) == []


def test_the_password_alone_no_longer_lets_in(
    protected: tuple[str, list[str]], admin: User, client: Client
) -> None:
    assert sign_in(client, admin.email)["Location"] == "/account/2fa/authenticate/"
    assert client.get("/")["Location"].startswith("/account/login/")


def test_the_code_lets_in_and_the_record_says_by_what(
    protected: tuple[str, list[str]], admin: User, client: Client
) -> None:
    sign_in(client, admin.email)
    Authenticator.objects.filter(type="totp").update(last_used_at=None)
    time_later = protected[0]
    client.post("/account/2fa/authenticate/", {"code": protected[1][0]})
    assert time_later
    assert client.get("/").status_code == 200
    assert Event.objects.filter(action="sign-in.pass").latest("at").facts == {
        "by": ["password", "recovery code"]
    }


def test_a_recovery_code_lets_in_once(protected: tuple[str, list[str]], admin: User, client: Client) -> None:
    sign_in(client, admin.email)
    client.post("/account/2fa/authenticate/", {"code": protected[1][0]})
    again = Client()
    sign_in(again, admin.email)
    again.post("/account/2fa/authenticate/", {"code": protected[1][0]})
    assert again.get("/").status_code == 302


def test_a_wrong_code_is_on_record(protected: tuple[str, list[str]], admin: User, client: Client) -> None:
    sign_in(client, admin.email)
    client.post("/account/2fa/authenticate/", {"code": "000000"})
    event = Event.objects.get(action="sign-in.fail")
    assert (event.facts, event.target_label) == ({"why": "wrong or used code"}, admin.email)


def test_recovery_codes_are_shown_once(protected: tuple[str, list[str]], window: Client) -> None:
    page = text(window.get("/account/2fa/recovery-codes/"))
    assert not any(code in page for code in protected[1])


def test_what_is_kept_of_a_factor_is_sealed(protected: tuple[str, list[str]]) -> None:
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert protected[0] not in kept
    assert not any(code in kept for code in protected[1])
    assert hashlib.sha256(protected[0].encode()).hexdigest() not in kept


def test_removing_it_ends_the_other_sessions(
    protected: tuple[str, list[str]], window: Client, admin: User, signed_in: Any
) -> None:
    elsewhere = signed_in(admin)
    window.post("/account/2fa/totp/deactivate/")
    assert elsewhere.get("/").status_code == 302
    assert window.get("/").status_code == 200


def test_whoever_has_none_is_sent_to_set_one_up_once_all_must(
    app: App, developer: User, signed_in: Any
) -> None:
    client = signed_in(developer)
    require_factors()
    assert client.get(f"/apps/{app.id}/keys/")["Location"] == "/account/security/?missing"
    assert "Set up two-factor authentication (2FA)" in text(client.get("/account/security/?missing"))


def test_whoever_has_one_goes_on(protected: tuple[str, list[str]], window: Client) -> None:
    require_factors()
    assert window.get("/").status_code == 200


def test_a_lost_factor_is_reset_and_its_owner_signed_out_and_told(
    protected: tuple[str, list[str]], window: Client, admin: User
) -> None:
    reset_factors(shell(), admin, "Lost the phone.")
    assert factors_of(admin) == []
    assert window.get("/").status_code == 302
    assert Event.objects.get(action="second-factor.reset").reason == "Lost the phone."
    assert Notification.objects.filter(
        user=admin, title__startswith="Two-factor authentication (2FA) reset"
    ).exists()
