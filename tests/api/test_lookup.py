"""POST /lookup: which of these hashes are of keys. A scanner sends no key, and learns of none beyond its apps."""

import hashlib

import pytest

from agents.models import App
from audit.actors import shell
from keys import lifecycle
from portal.models import Role, User
from tests.api.conftest import Of
from tests.api.program import Program, error, fields
from tests.factories import member, minted
from tests.keys.asking import opened


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def found(program: Program, *secrets: str) -> list[str]:
    answer = program.post("/lookup", {"sha256": [sha256(secret) for secret in secrets]})
    assert answer.status_code == 200, answer.content
    return [item["key"]["id"] for item in answer.json()["items"]]


def test_a_known_key_is_told_with_its_app(app: App, by_developer: Program) -> None:
    key, secret = opened(minted(app))
    items = by_developer.post("/lookup", {"sha256": [sha256(secret), sha256("else")]}).json()["items"]
    assert [(one["sha256"], one["app_name"], one["key"]["id"]) for one in items] == [
        (sha256(secret), "checkout", str(key.id))
    ]


def test_a_revoked_key_is_told_as_such(app: App, by_developer: Program) -> None:
    key, secret = opened(minted(app))
    lifecycle.revoke(shell(), key)
    items = by_developer.post("/lookup", {"sha256": [sha256(secret)]}).json()["items"]
    assert items[0]["key"]["status"] == "revoked"


def test_a_key_of_another_app_is_unknown(
    app: App, other_app: App, by_developer: Program, outsider: User, of: Of
) -> None:
    key, secret = opened(minted(other_app))
    assert found(by_developer, secret) == []
    assert found(of(outsider), secret) == [str(key.id)]


def test_only_apps_whose_keys_it_may_read_are_looked_through(app: App, other_app: App, of: Of) -> None:
    user = member(Role.DEVELOPER, app)
    assert error(of(user, "dashboard_agents:read").post("/lookup", {"sha256": []})) == (403, "forbidden")


@pytest.mark.parametrize("sha256", [None, "x", ["x"], [1], [None], ["A" * 64], ["a" * 64 + "\n"], ["a" * 65]])
def test_what_is_no_hash_is_refused(by_developer: Program, sha256: object) -> None:
    answer = by_developer.post("/lookup", {"sha256": sha256})
    assert error(answer) == (422, "validation_error")
    assert fields(answer)[0].split(".")[0] == "sha256"


@pytest.mark.parametrize(("many", "status"), [(0, 200), (500, 200), (501, 422)])
def test_five_hundred_are_the_most(by_developer: Program, many: int, status: int) -> None:
    assert by_developer.post("/lookup", {"sha256": ["a" * 64] * many}).status_code == status
