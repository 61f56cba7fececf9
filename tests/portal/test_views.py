"""The pages about people: what they show, what they take, and what they say no to."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings

from agents.lifecycle import archive_app
from agents.models import App
from audit.actors import shell
from audit.change import change
from audit.clock import now
from audit.models import Event
from keys.lifecycle import revoke
from portal import actions, lifecycle
from portal.lifecycle import Invited
from portal.models import Invitation, Membership, User
from tests.factories import PASSWORD, AgentFactory, AppFactory, UserFactory, member, minted
from tests.portal.routes import address

SignedIn = Callable[[User], Client]


@pytest.fixture
def window(admin: User, signed_in: SignedIn) -> Client:
    """The browser of the admin of every app."""
    return signed_in(admin)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def queries(window: Client, there: str) -> int:
    """How many queries a page takes."""
    with CaptureQueriesContext(connection) as taken:
        window.get(there)
    return len(taken)


# ── home ────────────────────────────────────────────────────────────────────────────────────────────


def test_home_lists_the_apps_a_person_belongs_to(
    developer: User, other_app: App, signed_in: SignedIn
) -> None:
    page = signed_in(developer).get("/")
    assert [app.name for app in page.context["found"]] == ["checkout"]


def test_home_counts_living_keys_and_agents_apart(app: App, window: Client) -> None:
    agents = [AgentFactory(app=app) for _ in range(2)]
    keys = [minted(app, agent=agent).key for agent in agents] + [minted(app).key]
    revoke(shell(), keys[2])
    shown = window.get("/").context["found"][0]
    assert (shown.living, shown.agents_living) == (2, 2)


def test_home_takes_as_many_queries_for_ten_apps_as_for_one(app: App, window: Client) -> None:
    before = queries(window, "/")
    for _ in range(9):
        minted(AppFactory.create())
    assert queries(window, "/") == before


def test_an_empty_portal_says_how_to_begin(db: None, signed_in: SignedIn) -> None:
    page = text(signed_in(member("admin", None)).get("/"))
    assert "Create the first app" in page
    assert "manage.py create_app --name checkout" in page


def test_someone_without_a_role_is_told_whom_to_ask(db: None, signed_in: SignedIn) -> None:
    lost = UserFactory.create(email="lost@example.com")
    page = text(signed_in(lost).get("/"))
    assert "Ask an admin of an app to invite lost@example.com" in page
    assert "/apps/new/" not in page


def test_a_developer_is_not_offered_what_only_admins_may(developer: User, signed_in: SignedIn) -> None:
    assert "/apps/new/" not in text(signed_in(developer).get("/"))


def test_archived_apps_stand_behind_a_link(app: App, window: Client) -> None:
    archive_app(shell(), app)
    assert list(window.get("/").context["found"]) == []
    assert list(window.get("/?archived").context["found"]) == [app]


def test_who_has_only_archived_apps_is_not_told_they_have_none(
    app: App, developer: User, signed_in: SignedIn
) -> None:
    archive_app(shell(), app)
    page = text(signed_in(developer).get("/"))
    assert "All your apps are archived" in page


# ── members ─────────────────────────────────────────────────────────────────────────────────────────


def test_members_are_all_who_reach_the_app(app: App, window: Client, developer: User, outsider: User) -> None:
    shown = window.get(address("members", app_id=app.id)).context["members"]
    assert {m.user.email for m in shown} == {"admin@example.com", "developer@example.com"}


def test_members_take_as_many_queries_for_twenty_as_for_one(app: App, window: Client) -> None:
    there = address("members", app_id=app.id)
    lifecycle.invite(shell(), "a@example.com", "support", app)
    before = queries(window, there)
    for n in range(5):
        member("support", app)
        lifecycle.invite(shell(), f"b{n}@example.com", "support", app)
    assert queries(window, there) == before


def invite(window: Client, app: App, **form: Any) -> Any:
    form = {"email": "new@example.com", "role": "developer"} | form
    return window.post(address("member-invite", app_id=app.id), form)


def link_on(page: Any) -> str:
    """The path of the link an answer shows."""
    found = re.search(r'id="link"[^>]*>([^<]+)<', text(page))
    assert found
    return urlsplit(found[1]).path


def test_an_invitations_link_is_in_the_answer_and_works(app: App, window: Client, client: Client) -> None:
    link = link_on(invite(window, app))
    assert client.get(link).status_code == 200


def test_the_link_is_shown_once(app: App, window: Client) -> None:
    secret = link_on(invite(window, app)).split("/")[2]
    assert secret not in text(window.get(address("members", app_id=app.id)))


def test_the_link_names_the_public_address(app: App, window: Client, settings: Settings) -> None:
    settings.ORIGIN = "https://keys.example.com"
    assert "https://keys.example.com/join/" in text(invite(window, app))


def test_the_link_is_mailed_where_mail_is_set_up(app: App, window: Client) -> None:
    page = invite(window, app)
    assert (mail.outbox[0].to, link_on(page) in str(mail.outbox[0].body)) == (["new@example.com"], True)
    assert "It was also sent by e-mail." in text(page)


def test_nothing_is_said_of_mail_where_none_is_set_up(app: App, window: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = text(invite(window, app))
    assert "sent by e-mail" not in page


def test_an_invitation_to_every_app_is_offered_to_those_who_reach_it(
    app: App, window: Client, signed_in: SignedIn
) -> None:
    own = signed_in(member("admin", app))
    there = address("member-invite", app_id=app.id)
    assert ['name="everywhere"' in text(one.get(there)) for one in (window, own)] == [True, False]


def test_an_admin_of_one_app_cannot_invite_to_every_app(app: App, signed_in: SignedIn) -> None:
    answer = invite(signed_in(member("admin", app)), app, everywhere="on")
    assert (answer.status_code, Invitation.objects.count()) == (403, 0)


def test_an_admin_of_every_app_can(app: App, window: Client) -> None:
    invite(window, app, everywhere="on", role="admin")
    assert Invitation.objects.get().app is None


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a" * 250 + "@example.com"}, "email"),
        ({"email": "a\x00@example.com"}, "email"),
        ({"role": "owner"}, "role"),
        ({"role": ""}, "role"),
    ],
)
def test_a_bad_invitation_is_told_on_its_field(app: App, window: Client, form: Any, field: str) -> None:
    answer = invite(window, app, **form)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])


def test_a_member_is_not_invited_again(app: App, window: Client, developer: User) -> None:
    answer = invite(window, app, email=developer.email)
    assert (answer.status_code, "This person has a role here." in text(answer)) == (409, True)


def test_a_withdrawn_link_leads_nowhere(app: App, window: Client, client: Client) -> None:
    link = link_on(invite(window, app))
    ids = {"app_id": app.id, "invitation_id": Invitation.objects.get().id}
    window.post(address("member-withdraw", **ids))
    page = client.get(link)
    assert (page.status_code, "This link has been used or is too old." in text(page)) == (404, True)


def test_an_invitation_of_another_app_is_not_found_here(app: App, other_app: App, window: Client) -> None:
    made = lifecycle.invite(shell(), "new@example.com", "admin", other_app).invitation
    ids = {"app_id": app.id, "invitation_id": made.id}
    assert window.post(address("member-withdraw", **ids)).status_code == 404


def role_form(app: App, user: User, name: str = "member-role") -> str:
    return address(name, app_id=app.id, membership_id=user.memberships.get().id)


def test_a_role_is_changed_and_told(app: App, window: Client, developer: User) -> None:
    page = window.post(role_form(app, developer), {"role": "support"}, follow=True)
    assert developer.memberships.get().role == "support"
    assert f"{developer} is support now" in text(page)


@pytest.mark.parametrize("role", ["", "owner", "ADMIN", "\x00"])
def test_there_is_no_such_role(app: App, window: Client, developer: User, role: str) -> None:
    answer = window.post(role_form(app, developer), {"role": role})
    assert (answer.status_code, developer.memberships.get().role) == (422, "developer")


def test_an_admin_of_one_app_cannot_change_an_admin_of_all(
    app: App, admin: User, signed_in: SignedIn
) -> None:
    own = signed_in(member("admin", app))
    assert own.post(role_form(app, admin), {"role": "support"}).status_code == 403


def test_the_last_admin_stays(app: App, admin: User, window: Client) -> None:
    for there, form in (
        (role_form(app, admin), {"role": "support"}),
        (role_form(app, admin, "member-end"), {}),
    ):
        answer = window.post(there, form)
        assert (answer.status_code, "This is the last admin of every app." in text(answer)) == (409, True)


def test_an_end_asks_first_and_keeps_the_reason(app: App, window: Client, developer: User) -> None:
    there = role_form(app, developer, "member-end")
    window.get(there)
    assert developer.memberships.get().ended_at is None
    window.post(there, {"reason": "left the team"})
    assert developer.memberships.get().ended_at
    assert Event.objects.get(action="member.end").reason == "left the team"


def test_who_ends_their_own_role_arrives_somewhere(app: App, signed_in: SignedIn) -> None:
    own = member("admin", app)
    page = signed_in(own).post(role_form(app, own, "member-end"), {}, follow=True)
    assert (page.status_code, page.request["PATH_INFO"]) == (200, "/")


def test_a_member_of_another_app_is_not_found_here(app: App, outsider: User, window: Client) -> None:
    assert window.post(role_form(app, outsider), {"role": "admin"}).status_code == 404


def test_an_ended_membership_cannot_be_changed(app: App, window: Client, developer: User) -> None:
    lifecycle.end_membership(shell(), developer.memberships.get())
    assert window.post(role_form(app, developer), {"role": "admin"}).status_code == 404


# ── joining ─────────────────────────────────────────────────────────────────────────────────────────

JOIN = {"name": "New Person", "email": "new@example.com", "password": PASSWORD}


@pytest.fixture
def invited(app: App) -> Invited:
    return lifecycle.invite(shell(), "new@example.com", "developer", app)


def test_who_joins_is_signed_in_and_sees_the_app(invited: Invited, client: Client) -> None:
    page = client.post(f"/join/{invited.secret}/", JOIN, follow=True)
    assert [app.name for app in page.context["found"]] == ["checkout"]


def test_the_page_says_who_invites_and_as_what(invited: Invited, client: Client) -> None:
    page = text(client.get(f"/join/{invited.secret}/"))
    assert "invites you as <b>developer</b> of <b>checkout</b>" in page


def test_the_address_of_the_link_travels_nowhere(invited: Invited, client: Client) -> None:
    answer = client.get(f"/join/{invited.secret}/")
    assert (answer["Referrer-Policy"], "no-store" in answer["Cache-Control"]) == ("strict-origin", True)


def test_the_invited_address_stands_whatever_is_sent(invited: Invited, client: Client) -> None:
    client.post(f"/join/{invited.secret}/", JOIN | {"email": "other@example.com"})
    assert User.objects.get().email == "new@example.com"


def test_the_first_admin_gives_an_address(db: None, client: Client) -> None:
    first = lifecycle.invite(shell(), "", "admin", None)
    client.post(f"/join/{first.secret}/", JOIN | {"email": "first@example.com"})
    assert Membership.objects.get().user.email == "first@example.com"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"password": ""}, "password"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 1001}, "password"),
        ({"name": "a\u200bb"}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\x00b"}, "name"),
    ],
)
def test_a_bad_answer_is_told_on_its_field_and_the_link_lives(
    invited: Invited, client: Client, form: Any, field: str
) -> None:
    answer = client.post(f"/join/{invited.secret}/", JOIN | form)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert Invitation.waiting(now()).exists()


def test_a_password_is_never_sent_back(invited: Invited, client: Client) -> None:
    answer = client.post(f"/join/{invited.secret}/", JOIN | {"password": "tooshort-x"})
    assert "tooshort-x" not in text(answer)


def test_a_used_link_says_what_to_do(invited: Invited, client: Client) -> None:
    client.post(f"/join/{invited.secret}/", JOIN)
    answer = Client().post(f"/join/{invited.secret}/", JOIN)
    assert (answer.status_code, "Ask whoever sent it for another." in text(answer)) == (404, True)


# ── finding ─────────────────────────────────────────────────────────────────────────────────────────


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


# ── jumping ─────────────────────────────────────────────────────────────────────────────────────────


def leaps(window: Client, q: str, **more: Any) -> list[str]:
    context = window.get("/jump/", {"q": q} | more).context
    return [leap.says for leap in [*context["acts"], *context["leaps"]]]


def test_the_palette_finds_apps_agents_and_keys(app: App, window: Client) -> None:
    AgentFactory(app=app, name="check-agent")
    key = minted(app, name="checker").key
    assert leaps(window, "CHECK") == ["checkout", "check-agent", f"checker {key.prefix[-8:]}"]


def test_the_palette_finds_a_key_by_its_prefix(app: App, window: Client) -> None:
    key = minted(app, name="worker").key
    assert leaps(window, key.prefix) == [f"worker {key.prefix[-8:]}"]


def test_the_palette_cuts_a_pasted_key(app: App, window: Client) -> None:
    made = minted(app)
    secret = made.plaintext.take()
    page = window.get("/jump/", {"q": secret}, follow=True)
    assert secret[len(made.key.prefix) :] not in text(page) + page.request["QUERY_STRING"]


def test_the_palette_shows_nothing_of_strangers(other_app: App, developer: User, signed_in: SignedIn) -> None:
    minted(other_app, name="their key")
    AgentFactory(app=other_app, name="their-agent")
    window = signed_in(developer)
    assert [leaps(window, q) for q in ("elsewhere", "their")] == [[], []]
    assert leaps(window, "", app=str(other_app.id)) == ["checkout"]


def test_the_palette_offers_what_one_may_do_here(
    app: App, support: User, window: Client, signed_in: SignedIn
) -> None:
    here = {"app": str(app.id)}
    assert "Mint a key" in leaps(window, "", **here)
    assert "Mint a key" not in leaps(signed_in(support), "", **here)


@pytest.mark.parametrize("q", ["\x00", "%", "x" * 5000, "<b>", "ключ"])
def test_the_palette_takes_any_words(app: App, window: Client, q: str) -> None:
    assert window.get("/jump/", {"q": q, "app": q}).status_code == 200


def test_the_palette_takes_as_many_queries_for_ten_apps_as_for_one(app: App, window: Client) -> None:
    before = queries(window, "/jump/?q=check")
    for n in range(9):
        minted(AppFactory.create(name=f"check {n}"), name=f"check {n}")
    assert queries(window, "/jump/?q=check") == before


# ── health ──────────────────────────────────────────────────────────────────────────────────────────


def test_health_is_one_word_and_one_query(
    db: None, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json(), dict(answer.cookies)) == (200, {"status": "ok"}, {})
