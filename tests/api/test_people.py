"""Everyone in the portal, roles on every app, and what holds for everyone."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from agents.models import App
from audit.actors import Origin, shell
from keys.lifecycle import mint
from portal.error_responses import OnPagesAlone
from portal.models import Membership, PortalPolicy, User
from portal.policy.policy import change_policy
from portal.web.gates import person
from tests.api.conftest import Of
from tests.api.program import Program, error, fields, last_act
from tests.factories import UserFactory, issued, member
from tests.keys.asking import again
from tests.scopes import parse_scopes

READING = parse_scopes(["grants:read"])


def test_people_are_listed_with_their_roles(app: App, developer: User, by_admin: Program) -> None:
    body = by_admin.get("/users").json()
    assert [(one["email"], [(r["role"], r["app_id"]) for r in one["roles"]]) for one in body["items"]] == [
        ("admin@example.com", [("admin", None)]),
        ("developer@example.com", [("developer", str(app.id))]),
    ]
    assert body["total"] == 2


def test_people_are_looked_for(developer: User, by_admin: Program) -> None:
    UserFactory.create(email="lost@example.com")

    def found(**query: str) -> list[str]:
        return [item["email"].partition("@")[0] for item in by_admin.get("/users", **query).json()["items"]]

    assert found(q="DEVEL") == ["developer"]
    assert found(show="no-role") == ["lost"]
    assert found(show="closed") == []
    assert error(by_admin.get("/users", show="odd")) == (422, "validation_error")


def test_pages_of_people_lead_through_everyone_once(developer: User, by_admin: Program) -> None:
    told, cursor = [], ""
    while cursor is not None:
        answer = by_admin.get("/users", limit=1, cursor=cursor).json()
        told += [item["email"] for item in answer["items"]]
        cursor = answer["next_cursor"]
    assert told == ["admin@example.com", "developer@example.com"]


def test_one_is_told_with_their_keys_and_tokens(app: App, developer: User, by_admin: Program) -> None:
    key = mint(person(developer, app, Origin("page")), app, name="till", scopes=READING).key
    secret = issued(developer).plaintext.take()
    answer = by_admin.get(f"/users/{developer.id}")
    body = answer.json()
    assert ([key["id"] for key in body["keys"]], [token["name"] for token in body["tokens"]]) == (
        [str(key.id)],
        ["ci"],
    )
    assert secret not in answer.content.decode()


def test_an_account_is_closed_and_opened_again(developer: User, by_admin: Program, of: Of) -> None:
    theirs = of(developer)
    answer = by_admin.post(f"/users/{developer.id}/deactivate", {"reason": "On leave."})
    assert (answer.json()["is_active"], last_act().action, last_act().reason) == (
        False,
        "person.deactivate",
        "On leave.",
    )
    assert error(theirs.get("/me")) == (401, "invalid_token")
    assert by_admin.post(f"/users/{developer.id}/reactivate").json()["is_active"]
    assert theirs.get("/me").status_code == 200


def test_only_who_holds_what_an_account_holds_opens_it(
    admin: User, developer: User, by_admin: Program, of: Of
) -> None:
    other = member("admin", None)
    for user in (other, developer):
        by_admin.post(f"/users/{user.id}/deactivate")
    narrow = of(admin, "dashboard_members:write")
    for user in (other, developer):
        assert error(narrow.post(f"/users/{user.id}/reactivate")) == (403, "not_yours_to_give")
        assert not User.objects.get(pk=user.pk).is_active


def test_the_last_admin_stays(admin: User, by_admin: Program) -> None:
    there = f"/users/{admin.id}"
    for path in (f"{there}/deactivate", f"{there}/remove", f"/members/{admin.memberships.get().id}/remove"):
        assert error(by_admin.post(path)) == (409, "last_admin"), path
    role = by_admin.patch(f"/members/{admin.memberships.get().id}", {"role": "support"})
    assert error(role) == (409, "last_admin")


def test_someone_is_removed_with_what_is_named_of_their_keys(
    app: App, admin: User, developer: User, by_admin: Program, of: Of
) -> None:
    theirs = of(developer)
    end, keep = (mint(person(developer, app, Origin("page")), app, name=n, scopes=READING).key for n in "ab")
    body = {"revoke_keys": [str(end.id)], "hand_to": "ADMIN@example.com", "reason": "Left."}
    answered = by_admin.post(f"/users/{developer.id}/remove", body).json()
    assert (answered["roles"], answered["keys"], answered["tokens"]) == ([], [], [])
    assert (again(end).revoked_at is None, again(keep).owner_id) == (False, admin.pk)
    assert error(theirs.get("/me")) == (401, "invalid_token")


@pytest.mark.parametrize("field", ["revoke_keys", "hand_to"])
def test_only_keys_of_theirs_and_who_could_have_them_are_named(
    developer: User, by_admin: Program, field: str
) -> None:
    wrong = {"revoke_keys": ["x"], "hand_to": "nobody@example.com"}[field]
    answer = by_admin.post(f"/users/{developer.id}/remove", {field: wrong})
    assert (answer.status_code, fields(answer)) == (422, [field])


def test_a_token_without_the_permission_for_keys_removes_nobody_with_their_keys(
    app: App, admin: User, developer: User, of: Of
) -> None:
    key = mint(person(developer, app, Origin("page")), app, name="till", scopes=READING).key
    narrow = of(admin, "dashboard_members:write")
    answer = narrow.post(f"/users/{developer.id}/remove", {"revoke_keys": [str(key.id)]})
    assert error(answer) == (403, "forbidden")
    assert (again(key).revoked_at, Membership.objects.filter(user=developer, ended_at=None).count()) == (
        None,
        1,
    )


def test_a_badly_formed_id_is_nobody(by_admin: Program, app: App) -> None:
    for id in ("x", "0", "%00", "00000000-0000-7000-8000-000000000001"):
        for method, path in (
            ("GET", f"/users/{id}"),
            ("POST", f"/users/{id}/remove"),
            ("POST", f"/users/{id}/deactivate"),
            ("POST", f"/members/{id}/remove"),
            ("POST", f"/invitations/{id}/cancel"),
            ("POST", f"/apps/{app.id}/members/{id}/remove"),
            ("POST", f"/apps/{app.id}/invitations/{id}/cancel"),
            ("POST", f"/tokens/{id}/revoke"),
            ("POST", f"/notifications/{id}/read"),
            ("GET", f"/webhooks/{id}"),
            ("POST", f"/failed-deliveries/{id}/retry"),
            ("GET", f"/apps/{app.id}/views/{id}"),
        ):
            assert by_admin.send(method, path).status_code == 404, (method, path)


# ── roles on every app ──────────────────────────────────────────────────────────────────────────────


def test_roles_on_every_app_are_given_and_taken_here(by_admin: Program, client: Client, of: Of) -> None:
    made = by_admin.post("/invitations", {"email": "boss@example.com", "role": "admin"}).json()
    assert made["everywhere"] and client.get(urlsplit(made["link"]).path).status_code == 200
    helper = member("support", None)
    there = f"/members/{helper.memberships.get().id}"
    assert by_admin.patch(there, {"role": "developer"}).json()["role"] == "developer"
    assert [item["role"] for item in by_admin.get("/members").json()["items"]] == ["admin", "developer"]
    assert by_admin.post(f"{there}/remove", {"reason": "Left."}).status_code == 200
    assert len(by_admin.get("/members").json()["items"]) == 1


def test_nobody_gives_a_role_everywhere_that_their_token_does_not_hold(app: App, admin: User, of: Of) -> None:
    narrow, of_one_app = of(admin, "dashboard_members:write"), of(member("admin", app))
    answer = narrow.post("/invitations", {"email": "x@example.com", "role": "admin"})
    assert error(answer) == (403, "not_yours_to_give")
    helper = member("support", None).memberships.get()
    assert error(narrow.patch(f"/members/{helper.id}", {"role": "admin"})) == (403, "not_yours_to_give")
    assert error(of_one_app.post("/invitations", {"role": "support"})) == (403, "forbidden")


def test_a_role_on_one_app_is_not_reached_there(developer: User, by_admin: Program) -> None:
    there = f"/members/{developer.memberships.get().id}"
    assert error(by_admin.patch(there, {"role": "support"})) == (404, "not_found")


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_link_is_answered_once_and_another_takes_its_place(
    app: App, by_admin: Program, client: Client, everywhere: bool
) -> None:
    there = "/invitations" if everywhere else f"/apps/{app.id}/invitations"
    wish = {"email": "new@example.com", "role": "support"}
    first, second = (by_admin.post(there, wish, Idempotency_Key="one") for _ in range(2))
    assert (first.status_code, second.status_code, second.json()["link"]) == (201, 200, None)
    (waiting,) = by_admin.get(there).json()["items"]
    again = by_admin.post(f"{there}/{waiting['id']}/resend").json()
    statuses = [client.get(urlsplit(one["link"]).path).status_code for one in (first.json(), again)]
    assert statuses == [404, 200]
    assert by_admin.post(f"{there}/{again['id']}/cancel").status_code == 200
    assert client.get(urlsplit(again["link"]).path).status_code == 404


# ── what holds for everyone ─────────────────────────────────────────────────────────────────────────


def test_the_policy_is_read_and_decided(by_admin: Program) -> None:
    body = by_admin.get("/policy").json()
    assert (body["two_factor_required"], body["on_leaked_token"]) == (False, "revoke")
    change_policy(shell(), None, second_factor=False, on_leaked_token="notify")
    body = by_admin.patch("/policy", {"on_leaked_token": "revoke", "reason": "Too many."}).json()
    assert (body["on_leaked_token"], last_act().action, last_act().reason) == (
        "revoke",
        "policy.change",
        "Too many.",
    )


def test_a_token_makes_no_rule_looser(admin: User, by_admin: Program) -> None:
    assert error(by_admin.patch("/policy", {"on_leaked_token": "notify"})) == (403, "on_pages_alone")
    change_policy(shell(), None, second_factor=True, on_leaked_token="notify")
    token = replace(person(admin, None, Origin("api")), kind="token")
    with pytest.raises(OnPagesAlone):
        change_policy(token, None, second_factor=False, on_leaked_token="revoke")
    assert PortalPolicy.in_force().second_factor_since


def test_who_has_no_second_factor_requires_none(by_admin: Program) -> None:
    answer: Any = by_admin.patch("/policy", {"two_factor_required": True})
    assert error(answer) == (409, "no_factor_yourself")
    assert not PortalPolicy.objects.exists()
