"""`alter tokens`: one's own tokens, minted, listed and revoked."""

import pytest

from alter.portal_columns import TOKEN, TOKEN_MINTED
from portal.models import AccessToken
from tests.alter.running import alter

pytestmark = pytest.mark.usefixtures("signed_in")
MINT = ("tokens", "mint", "--name", "job", "--permissions", "dashboard_keys:read")


def test_a_token_is_minted_and_shown_once() -> None:
    said = alter(*MINT, "--expires-in", "1h", "--idempotency-key", "job")
    assert (list(said.json), said.err) == (
        list(TOKEN_MINTED.fields),
        "The token is shown only once. Store it now.\n",
    )
    again = alter(*MINT, "--expires-in", "1h", "--idempotency-key", "job")
    assert (again.json["token"], again.json["id"]) == (None, said.json["id"])
    assert f"and create a new one: alter tokens revoke {said.json['id']} --yes" in again.err


def test_as_a_table_the_token_stands_alone_on_the_last_line() -> None:
    said = alter(*MINT, "--output", "table").out
    *_, gap, token = said.splitlines()
    assert (gap, token.startswith("alter_pat_"), said.count(token)) == ("", True, 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--fields", "id"), "--fields must include token"),
        (("--expires-in", "1h", "--expires-at", "2099-01-01"), "cannot be combined"),
        (("--permissions", "dashboard_keys:raed"), "Did you mean dashboard_keys:read?"),
    ],
)
def test_a_mistake_mints_nothing(words: tuple[str, ...], says: str) -> None:
    said = alter(*MINT, *words)
    assert (said.code, says in said.err, AccessToken.objects.count()) == (2, True, 1)


def test_a_token_is_revoked_after_a_yes() -> None:
    token_id = alter(*MINT).json["id"]
    assert alter("tokens", "revoke", token_id).code == 2
    assert AccessToken.objects.get(id=token_id).status == "active"
    assert alter("tokens", "revoke", token_id, "--yes", "--reason", "Done").json["status"] == "revoked"


def test_tokens_are_listed() -> None:
    alter(*MINT)
    rows = alter("tokens", "list", "--output", "json").json
    assert ([row["name"] for row in rows], list(rows[0])) == (["job", "ci"], list(TOKEN.fields))
