"""GET …/members: who has a role on an app."""

from agents.models import App
from portal.models import User
from tests.api.program import Program
from tests.api.roles import end


def test_members_are_those_of_the_app_and_those_of_every_app(
    app: App, developer: User, outsider: User, by_admin: Program
) -> None:
    told = by_admin.get(f"/apps/{app.id}/members").json()["items"]
    assert [(one["email"], one["role"], one["everywhere"]) for one in told] == [
        ("admin@example.com", "admin", True),
        ("developer@example.com", "developer", False),
    ]


def test_whose_membership_ended_is_none(app: App, developer: User, by_admin: Program) -> None:
    end(developer)
    told = by_admin.get(f"/apps/{app.id}/members").json()["items"]
    assert [one["email"] for one in told] == ["admin@example.com"]
