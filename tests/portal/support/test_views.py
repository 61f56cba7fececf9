"""The support desk: finding a lost key by its hash, its prefix or its fingerprint, and what may be done with it."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import Client

from agents.models import App
from audit.models import Event
from keys import plaintext
from keys.lifecycle import mint
from keys.models import ApiKey
from keys.plaintext import Plaintext
from portal.models import AccessToken, Notification, User
from tests.factories import issued, member, minted
from tests.keys.asking import UNKNOWN, again
from tests.portal.pages import queries_of, text
from tests.portal.routes import address
from tests.scopes import parse_scopes

SignedIn = Callable[[User], Client]


def hashed(secret: Plaintext | str) -> str:
    taken = secret if isinstance(secret, str) else secret.take()
    return plaintext.sha256(taken).hex()


def find(window: Client, *hashes: str, words: str = "") -> Any:
    return window.post("/lookup/", {"hash": hashes, "words": words}, follow=True)


def found(answer: Any) -> list[str]:
    return sorted(key.row.key.name for key in answer.context["result"].keys)


@pytest.fixture
def desk(support: User, signed_in: SignedIn) -> Client:
    """The browser of support."""
    return signed_in(support)


def test_a_key_is_found_by_its_hash_alone(app: App, desk: Client) -> None:
    assert found(find(desk, hashed(minted(app, name="lost").plaintext))) == ["lost"]


def test_a_key_is_found_by_any_part_of_its_prefix_and_by_its_fingerprint(app: App, desk: Client) -> None:
    key = minted(app, name="lost").key
    for word in (key.prefix, key.prefix[-8:], key.prefix[-4:], f" {key.prefix}\n", key.fingerprint.upper()):
        assert found(find(desk, words=word)) == ["lost"], word


def test_a_whole_key_is_not_read_where_scripts_are_off(app: App, desk: Client) -> None:
    secret = minted(app).plaintext.take()
    answer = find(desk, words=f"Authorization: Bearer {secret}")
    assert (answer.status_code, answer.context["result"]) == (422, None)
    assert secret[-20:] not in text(answer)
    assert "looks like a complete key" in text(answer)


def test_the_page_says_what_scripts_change(desk: Client) -> None:
    page = text(desk.get("/lookup/"))
    assert "JavaScript is off: your input is sent to the server" in page
    assert 'name="paste"' not in page


def test_a_strangers_key_is_told_as_one_that_was_never_issued(other_app: App, desk: Client) -> None:
    pages = [text(find(desk, one)) for one in (hashed(minted(other_app).plaintext), hashed(UNKNOWN))]
    told = [re.sub(r"<code>[0-9a-f]{8}</code>", "", page) for page in pages]
    told = [page[page.index('<section class="sheet empty"') :] for page in told]
    assert told[0] == told[1]
    assert "Valid format, but not found in your apps" in told[0]


def test_a_strangers_key_takes_the_same_queries(other_app: App, desk: Client) -> None:
    counts = [
        len(queries_of(partial(find, desk, one)))
        for one in (hashed(minted(other_app).plaintext), hashed(UNKNOWN))
    ]
    assert counts[0] == counts[1]


def test_keys_of_apps_one_may_not_see_are_not_found_by_prefix(other_app: App, desk: Client) -> None:
    assert found(find(desk, words=minted(other_app).key.prefix)) == []


@pytest.mark.parametrize("words", ["", "abc", "a b c d", "x " * 21 + "abcd"])
def test_too_little_or_too_much_is_not_looked_for(desk: Client, words: str) -> None:
    assert find(desk, words=words).status_code == 422


@pytest.mark.parametrize("hashes", [["nonsense"], ["ab" * 32] * 501])
def test_what_is_no_hash_is_told(desk: Client, hashes: list[str]) -> None:
    assert find(desk, *hashes).status_code == 422


def test_the_card_says_who_answers_for_it(app: App, developer: User, desk: Client, acting: Any) -> None:

    key = mint(acting(developer, app), app, name="theirs", scopes=parse_scopes(["grants:read"])).key
    assert developer.email in text(find(desk, words=key.prefix))


def test_finding_takes_as_many_queries_for_ten_keys_as_for_two(app: App, desk: Client) -> None:
    secrets = [hashed(minted(app, name=f"k{n}").plaintext) for n in range(10)]
    counts = [len(queries_of(partial(find, desk, *secrets[:n]))) for n in (2, 10)]
    assert counts[0] == counts[1]


def test_an_access_token_is_found_by_those_who_end_keys_everywhere(
    developer: User, desk: Client, signed_in: SignedIn
) -> None:
    made = issued(developer, name="laptop")
    one = hashed(made.plaintext)
    everywhere = signed_in(member("support", None, email="all@example.com"))
    assert "laptop" not in text(find(desk, one))
    assert "laptop" in text(find(everywhere, one))
    everywhere.post(
        address("lookup-token-revoke", token_id=made.token.id), {"reason": "In a log.", "ticket": "T-7"}
    )
    assert AccessToken.objects.get(pk=made.token.pk).status == "revoked"
    assert Event.objects.get(action="access-token.end").facts == {"ticket": "T-7"}
    assert Notification.objects.filter(user=developer, kind="key-revoked").exists()


# ── several at once ─────────────────────────────────────────────────────────────────────────────────


def revoke(window: Client, *keys: ApiKey, **form: str) -> Any:
    said = {"reason": "Found in a log.", "ticket": "T-1", **form}
    return window.post("/lookup/revoke/", {"key": [str(key.id) for key in keys], **said})


def test_several_are_ended_under_one_act(app: App, desk: Client) -> None:
    keys = [minted(app, name=f"k{n}").key for n in range(3)]
    answer = revoke(desk, *keys)
    act = Event.objects.get(action="desk.revoke")
    assert answer["Location"] == f"/receipts/{act.id}/"
    assert (act.reason, act.facts) == ("Found in a log.", {"keys": 3, "ticket": "T-1"})
    assert set(Event.objects.filter(action="key.revoke").values_list("cause_id", flat=True)) == {act.id}
    assert all(again(key).revoked_at for key in keys)


def test_sent_twice_it_changes_nothing_more(app: App, desk: Client) -> None:
    key = minted(app).key
    for _ in range(2):
        revoke(desk, key)
    assert Event.objects.filter(action="desk.revoke").count() == 1


def test_keys_of_other_apps_cannot_be_slipped_in(app: App, other_app: App, desk: Client) -> None:
    mine, theirs = minted(app).key, minted(other_app).key
    revoke(desk, mine, theirs)
    assert (again(mine).revoked_at is None, again(theirs).revoked_at) == (False, None)


def test_an_agents_last_key_stays_and_is_told_while_the_others_go(app: App, agent: Any, desk: Client) -> None:
    last, other = minted(app, agent=agent, name="last").key, minted(app, name="other").key
    page = text(desk.get(revoke(desk, last, other)["Location"]))
    assert (again(last).revoked_at, again(other).revoked_at is None) == (None, False)
    assert "1 key revoked; 1 not revoked: last:" in page


def test_a_developer_ends_nothing_here(app: App, developer: User, signed_in: SignedIn) -> None:
    key = minted(app).key
    revoke(signed_in(developer), key)
    assert again(key).revoked_at is None


def test_none_that_can_be_revoked_is_an_error_without_an_event(app: App, desk: Client) -> None:
    key = minted(app).key
    revoke(desk, key)
    answer = revoke(desk, key)
    assert (answer.status_code, Event.objects.filter(action="desk.revoke").count()) == (409, 1)


def test_the_receipt_names_what_was_left_and_why(app: App, agent: Any, desk: Client) -> None:
    last, other = minted(app, agent=agent, name="last").key, minted(app, name="other").key
    there = revoke(desk, last, other)["Location"]
    desk.get(there)  # takes the message of the moment away
    page = text(desk.get(there))
    assert f"last ({last.prefix})" in page and "only active key." in page


def test_a_reason_is_needed(app: App, desk: Client) -> None:
    key = minted(app).key
    assert revoke(desk, key, reason="").status_code == 422
    assert again(key).revoked_at is None


# ── asking ──────────────────────────────────────────────────────────────────────────────────────────


def test_whoever_answers_for_a_key_is_asked(app: App, admin: User, desk: Client) -> None:
    key = minted(app, name="lost").key
    there = address("key-ask", app_id=app.id, key_id=key.id)
    desk.post(there, {"message": "Is this one still yours?"})
    notification = Notification.objects.get(user=admin)
    assert (notification.title, notification.text) == (
        "Support asks about key lost",
        "Is this one still yours?",
    )
    assert Event.objects.get(action="key.ask").key_id == key.id


def test_they_are_not_asked_more_than_three_times_a_day(app: App, desk: Client) -> None:
    there = address("key-ask", app_id=app.id, key_id=minted(app).key.id)
    asked = [desk.post(there, {"message": "Is this one still yours?"}).status_code for _ in range(4)]
    assert asked == [302, 302, 302, 429]


def test_support_ends_keys_and_mints_none(app: App, desk: Client) -> None:
    key = minted(app).key
    known = {"app_id": app.id, "key_id": key.id}
    doors = ("key-mint", "key-permissions", "key-rotate")
    assert [desk.get(address(name, **known)).status_code for name in doors] == [403] * len(doors)
    assert desk.get(address("key-revoke", **known)).status_code == 200


def test_what_was_found_has_an_address_without_what_was_asked(app: App, desk: Client) -> None:
    key = minted(app, name="lost").key
    answer = desk.post("/lookup/", {"words": key.prefix})
    assert (answer.status_code, key.prefix in answer["Location"]) == (302, False)
    for _ in range(2):
        assert found(desk.get(answer["Location"])) == ["lost"]


def test_a_result_is_its_finders_alone_and_shows_what_they_may_see_now(
    app: App, desk: Client, support: User, admin: User, signed_in: SignedIn
) -> None:
    there = desk.post("/lookup/", {"words": minted(app, name="lost").key.prefix})["Location"]
    assert "Result expired" in text(signed_in(admin).get(there))
    assert found(desk.get(there)) == ["lost"]
    session = desk.session
    assert "alter_key" not in str(dict(session.items()))
    kept = session["desk_results"]
    session["desk_results"] = [one | {"until": 0} for one in kept]
    session.save()
    assert "Result expired" in text(desk.get(there))


def test_what_was_not_found_is_named(app: App, desk: Client) -> None:
    key, lost = minted(app, name="lost").key, hashed(UNKNOWN)
    page = text(find(desk, lost, words=f"{key.prefix} zzzzzzz1"))
    assert "2 not found" in page
    assert "<code>zzzzzzz1</code>" in page
    assert f"<code>{lost[:8]}</code>" in page


def test_a_revoked_keys_owner_is_not_asked_and_the_receipts_text_says_why(
    app: App, admin: User, signed_in: SignedIn
) -> None:
    key, window = minted(app, name="lost").key, signed_in(admin)
    assert "Contact owner" in text(find(window, words=key.prefix))
    form = {"reason": "in a log", "typed": "lost"}
    receipt = window.post(address("key-revoke", app_id=app.id, key_id=key.id), form)["Location"]
    assert "reason: “in a log”" in text(window.get(receipt))
    assert "Contact owner" not in text(find(window, words=key.prefix))
