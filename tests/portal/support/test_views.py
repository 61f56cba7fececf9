"""The support desk: finding a lost key."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.models import App
from audit.actors import shell
from audit.change import change
from portal import actions
from portal.models import Membership, User
from tests.factories import AppFactory, member, minted
from tests.portal.pages import text
from tests.portal.routes import address

SignedIn = Callable[[User], Client]


def find(window: Client, paste: str) -> Any:
    return window.post("/find/", {"paste": paste})


def found(answer: Any) -> list[str]:
    return [one.row.key.name for one in answer.context["found"]]


def test_a_key_is_found_by_any_part_of_its_prefix(app: App, support: User, signed_in: SignedIn) -> None:
    key = minted(app, name="lost").key
    window = signed_in(support)
    for part in (
        key.prefix,
        key.prefix[-8:],
        key.prefix[-4:],
        key.prefix[-8:].swapcase(),
        f"  {key.prefix}\n",
    ):
        assert found(find(window, part)) == ["lost"], part


def test_a_pasted_key_is_found_and_never_given_back(app: App, support: User, signed_in: SignedIn) -> None:
    made = minted(app, name="lost")
    secret = made.plaintext.take()
    answer = find(signed_in(support), secret)
    assert found(answer) == ["lost"]
    assert secret[len(made.key.prefix) :] not in text(answer)
    assert f'value="{made.key.prefix}"' in text(answer)


def test_keys_of_apps_one_may_not_see_are_not_found(
    other_app: App, support: User, signed_in: SignedIn
) -> None:
    assert found(find(signed_in(support), minted(other_app).key.prefix)) == []


def test_a_strangers_whole_key_is_told_to_be_of_our_make(
    other_app: App, support: User, signed_in: SignedIn
) -> None:
    page = text(find(signed_in(support), minted(other_app).plaintext.take()))
    assert "The checksum of what you pasted is right" in page


def test_a_mistyped_key_is_not(app: App, support: User, signed_in: SignedIn) -> None:
    page = text(find(signed_in(support), "alter_key_app_" + "A" * 36))
    assert "The checksum" not in page
    assert "Nothing in the apps you can look into" in page


@pytest.mark.parametrize("paste", ["", "abc", "   a  ", "x" * 501, "abcd\x00"])
def test_too_little_or_too_much_is_not_looked_for(db: None, window: Client, paste: str) -> None:
    assert find(window, paste).status_code == 422


@pytest.mark.parametrize("paste", ["%%%%", "____", "' OR 1=1 --", "<script>", "ключ"])
def test_odd_words_find_nothing(app: App, window: Client, paste: str) -> None:
    minted(app)
    answer = find(window, paste)
    assert (answer.status_code, found(answer)) == (200, [])
    assert "<script>alert" not in text(answer)


def test_at_most_twenty_are_shown_and_it_says_so(app: App, window: Client) -> None:
    for _ in range(21):
        minted(app)
    answer = find(window, "alter_key_app_")
    assert (len(found(answer)), "Only the newest 20 are shown." in text(answer)) == (20, True)


def test_finding_takes_as_many_queries_for_ten_keys_as_for_one(app: App, window: Client) -> None:
    minted(app)
    with CaptureQueriesContext(connection) as one:
        find(window, "alter_key_app_")
    for _ in range(9):
        minted(AppFactory.create())
    with CaptureQueriesContext(connection) as ten:
        find(window, "alter_key_app_")
    assert len(ten) == len(one)


def test_the_way_to_end_it_is_offered_where_ones_role_allows(
    app: App, other_app: App, signed_in: SignedIn
) -> None:
    person = member("support", app)
    membership = Membership(user=person, app=other_app, role="developer")
    with change(shell(), actions.JOIN, on=membership):
        membership.save()
    ours, theirs = minted(app).key, minted(other_app).key
    page = text(find(signed_in(person), "alter_key_app_"))
    assert address("key-revoke", app_id=app.id, key_id=ours.id) in page
    assert address("key", app_id=other_app.id, key_id=theirs.id) in page
    assert address("key-revoke", app_id=other_app.id, key_id=theirs.id) not in page


def test_looking_for_a_key_leaves_nothing_in_an_address(app: App, window: Client) -> None:
    answer = find(window, minted(app).plaintext.take())
    assert (answer.status_code, answer.request["QUERY_STRING"]) == (200, "")
    assert list(window.get("/find/", {"paste": "alter_key_app_"}).context["found"]) == []
