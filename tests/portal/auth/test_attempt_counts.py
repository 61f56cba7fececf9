"""Tries are counted in a table: nothing pushes a count out, two who try at once are two, and age alone ends it."""

import ipaddress
from collections import Counter as Tally
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from core.clock import at, now
from portal.auth import attempt_counts
from portal.models import Counter, User
from tests.factories import PASSWORD
from tests.threads import at_once

LOGIN = "/account/login/"


def guess(email: str, password: str = "wrong", **request: Any) -> Client:
    client = Client(**request)
    client.post(LOGIN, {"login": email, "password": password})
    return client


def test_failures_elsewhere_do_not_forget_those_of_one_account(admin: User) -> None:
    for n in range(5):
        guess(admin.email, REMOTE_ADDR=f"203.0.113.{n}")
    for n in range(320):
        cache.set(f"someone else {n}", [1.0], 300)
    assert "_auth_user_id" not in guess(admin.email, PASSWORD, REMOTE_ADDR="203.0.113.9").session


def test_the_account_is_counted_whatever_host_is_named(admin: User) -> None:
    for n in range(5):
        guess(admin.email, REMOTE_ADDR=f"203.0.113.{n}", HTTP_HOST=f"localhost:{4000 + n}")
    there = {"REMOTE_ADDR": "203.0.113.9", "HTTP_HOST": "localhost:4009"}
    assert "_auth_user_id" not in guess(admin.email.upper(), PASSWORD, **there).session


def test_behind_two_proxies_one_caller_is_counted_and_not_the_last_hop(
    admin: User, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    hops = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1, 10.0.0.2"}
    for n in range(12):
        guess(f"nobody{n}@example.com", **hops)
    assert "_auth_user_id" not in guess(admin.email, PASSWORD, **hops).session
    others = hops | {"HTTP_X_FORWARDED_FOR": "198.51.100.2, 10.0.0.2"}
    assert "_auth_user_id" in guess(admin.email, PASSWORD, **others).session


def test_addresses_that_cannot_be_read_are_one_caller_and_not_the_proxy(
    admin: User, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    for n in range(12):
        guess(f"nobody{n}@example.com", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"unread{n}")
    assert "_auth_user_id" in guess(admin.email, PASSWORD, REMOTE_ADDR="10.0.0.1").session
    spent = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "unread too"}
    assert "_auth_user_id" not in guess(admin.email, PASSWORD, **spent).session


def test_who_signs_in_from_an_address_that_cannot_be_read_has_a_session(
    admin: User, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    there = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "é"}
    client = guess(admin.email, PASSWORD, **there)
    assert "unknown" in client.get("/account/security/", headers={}).content.decode()


def test_a_value_is_there_until_it_is_old_and_is_added_once(db: None) -> None:
    moment = now()
    with at(moment):
        assert cache.add("a", [1.5], 60)
        assert not cache.add("a", [2.5], 60)
        assert cache.get("a") == [1.5]
    with at(moment + timedelta(seconds=61)):
        assert cache.get("a") is None
        assert cache.add("a", [3.5], 60)
        assert (cache.get("a"), cache.delete("a"), cache.delete("a")) == ([3.5], True, False)


def test_old_ones_are_swept_and_no_others(db: None) -> None:
    moment = now()
    with at(moment):
        cache.set("old", 1, 60)
        cache.set("young", 1, 600)
        cache.set("for ever", 1, None)
    with at(moment + timedelta(seconds=61)):
        assert (attempt_counts.sweep(), attempt_counts.sweep()) == (1, 0)
    assert Counter.objects.count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_who_add_one_name_at_once_one_does(db: None) -> None:
    with at(now() - timedelta(days=1)):
        cache.set("lock", True, 10)  # old: whoever comes first may have it
    added = list[bool]()
    assert at_once([lambda: added.append(cache.add("lock", True, 10))] * 8) == Tally(done=8)
    assert Tally(added) == {False: 7, True: 1}
