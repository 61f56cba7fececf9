"""Codes of authenticator apps: each is taken once, whenever it is sent again and however many send it at once."""

import time
from collections import Counter

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from portal.auth import totp_codes
from portal.auth.sessions import open_sessions
from portal.models import User
from tests.factories import PASSWORD
from tests.portal.auth.test_two_factor import set_up
from tests.threads import at_once

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def shown(at: float, secret: str = SECRET) -> str:
    return str(format_hotp_value(hotp_value(secret, int(at) // 30)))


@pytest.fixture
def app_codes(admin: User) -> Authenticator:
    return TOTP.activate(admin, SECRET).instance


def gets_in(email: str, code: str) -> bool:
    client = Client()
    client.post("/account/login/", {"login": email, "password": PASSWORD})
    client.post("/account/2fa/authenticate/", {"code": code})
    return "_auth_user_id" in client.session


def test_a_code_signs_in_once_however_late_it_comes_again(
    admin: User, app_codes: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.time()
    code = shown(start)
    tries = {}
    for later in (0, 1, 29, 31, 62, 89):
        monkeypatch.setattr("time.time", lambda later=later: start + later)
        tries[later] = gets_in(admin.email, code)
    assert tries == {0: True, 1: False, 29: False, 31: False, 62: False, 89: False}


def test_the_next_one_signs_in_and_those_before_it_no_more(admin: User, app_codes: Authenticator) -> None:
    start = time.time()
    assert [gets_in(admin.email, shown(start + shift)) for shift in (30, 0, -30, 30)] == [
        True,
        False,
        False,
        False,
    ]


def test_a_used_code_is_no_proof_and_forgets_no_failure(admin: User, app_codes: Authenticator) -> None:
    client, code = Client(), shown(time.time())
    client.post("/account/login/", {"login": admin.email, "password": PASSWORD})
    client.post("/account/2fa/authenticate/", {"code": code})
    for _ in range(6):
        client.post("/account/2fa/reauthenticate/", {"code": code})
    answer = client.post("/account/2fa/reauthenticate/", {"code": shown(time.time() + 30)})
    assert answer.status_code == 200, "six used codes are six failures: the seventh try waits"


def test_the_code_that_set_it_up_signs_nobody_in(window: Client, admin: User) -> None:
    secret, _ = set_up(window)
    assert not gets_in(admin.email, shown(time.time(), secret))
    assert len(open_sessions(admin)) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_who_send_one_code_at_once_one_gets_in(admin: User, app_codes: Authenticator) -> None:
    code, taken = shown(time.time()), list[bool]()

    def use() -> None:
        taken.append(totp_codes.use(Authenticator.objects.get(pk=app_codes.pk), code))

    assert at_once([use] * 8) == Counter(done=8)
    assert Counter(taken) == {False: 7, True: 1}
