"""Members and invitations: who has a role on an app, how they come and go."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from agents.models import App
from audit.actors import Origin
from keys.lifecycle import mint
from portal.models import User
from portal.web.gates import person
from tests.api.lines import NONE
from tests.api.program import Program
from tests.api.roles import end
from tests.keys.asking import again
from tests.scopes import parse_scopes

READING = parse_scopes(["grants:read"])


def test_members_are_those_of_the_app_and_those_of_every_app(
    app: App, developer: User, outsider: User, by_admin: Program
) -> None:
    items = by_admin.get(f"/apps/{app.id}/members").json()["items"]
    assert [(one["email"], one["role"], one["everywhere"]) for one in items] == [
        ("admin@example.com", "admin", True),
        ("developer@example.com", "developer", False),
    ]


def test_whose_membership_ended_is_none(app: App, developer: User, by_admin: Program) -> None:
    end(developer)
    items = by_admin.get(f"/apps/{app.id}/members").json()["items"]
    assert [one["email"] for one in items] == ["admin@example.com"]


# ── invited, changed, removed ───────────────────────────────────────────────────────────────────────


def post(program: Program, app: App, path: str, body: Any = None) -> Any:
    return program.send("POST", f"/apps/{app.id}/{path}", body)


def test_an_invitation_answers_its_link_once(app: App, by_admin: Program, client: Client) -> None:
    made = post(by_admin, app, "invitations", {"email": "new@example.com", "role": "support"})
    assert made.status_code == 201
    assert client.get(urlsplit(made.json()["link"]).path).status_code == 200
    (item,) = by_admin.get(f"/apps/{app.id}/invitations").json()["items"]
    assert (item["email"], "link" in item) == ("new@example.com", False)


def test_an_invitation_is_withdrawn(app: App, by_admin: Program, client: Client) -> None:
    made = post(by_admin, app, "invitations", {"role": "support"}).json()
    post(by_admin, app, f"invitations/{made['id']}/cancel")
    assert client.get(urlsplit(made["link"]).path).status_code == 404
    assert post(by_admin, app, f"invitations/{made['id']}/cancel").status_code == 404


def test_a_role_is_changed(app: App, developer: User, by_admin: Program) -> None:
    member = developer.memberships.get()
    answer = by_admin.send("PATCH", f"/apps/{app.id}/members/{member.id}", {"role": "support"})
    assert answer.json()["role"] == "support"


def test_a_role_on_every_app_is_not_changed_here(app: App, admin: User, by_admin: Program) -> None:
    member = admin.memberships.get()
    answer = by_admin.send("PATCH", f"/apps/{app.id}/members/{member.id}", {"role": "support"})
    assert (answer.status_code, "use /api/v1/members" in answer.json()["hint"]) == (404, True)


def test_a_member_is_removed_with_what_is_named_of_their_keys(
    app: App, admin: User, developer: User, by_admin: Program
) -> None:
    end, keep = (mint(person(developer, app, Origin("page")), app, name=n, scopes=READING).key for n in "ab")
    body = {"revoke_keys": [str(end.id)], "hand_to": admin.email, "reason": "Left."}
    assert post(by_admin, app, f"members/{developer.memberships.get().id}/remove", body).status_code == 200
    assert (again(end).revoked_at is None, again(keep).owner_id) == (False, admin.pk)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"revoke_keys": [NONE]}, "revoke_keys"), ({"hand_to": "nobody@example.com"}, "hand_to")],
)
def test_only_keys_of_theirs_and_members_are_named(
    app: App, developer: User, by_admin: Program, body: Any, field: str
) -> None:
    answer = post(by_admin, app, f"members/{developer.memberships.get().id}/remove", body)
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, field)
