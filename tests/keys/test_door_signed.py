"""Signed calls at the door: each passes once, for the very call that was signed."""

from typing import Any

import pytest

from agents.models import App
from audit.models import Call
from keys.models import Nonce
from tests.factories import minted
from tests.keys.asking import call, error, opened
from tests.keys.asking import through as asked_through
from tests.keys.signing import signed

pytestmark = pytest.mark.django_db
TARGET = "/orders/7%20b?b=2&a=%C3%BC"


@pytest.fixture
def secret(app: App) -> str:
    return opened(minted(app, scopes="grants:write"))[1]


def through(secret: str, headers: dict[str, str], target: str = TARGET, query: str = "", **meta: Any) -> Any:
    """What a gateway is told that asks about a call to `target`."""
    return asked_through(secret, target=target, query=query, headers=headers, **meta)


def test_a_signed_call_passes(secret: str) -> None:
    assert through(secret, signed(secret, TARGET)).status_code == 200
    assert call().path == "/orders/7%20b"


def test_a_whole_address_is_the_same_call(secret: str) -> None:
    assert through(secret, signed(secret, TARGET), f"https://api.example.com{TARGET}").status_code == 200


def test_it_passes_once(secret: str) -> None:
    headers = signed(secret, TARGET)
    through(secret, headers)

    assert error(through(secret, headers)) == (401, "nonce_replayed")
    assert list(Call.objects.order_by("id").values_list("allowed", flat=True)) == [True, False]


@pytest.mark.parametrize("target", ["/orders/8", "/orders/7%20b", "/orders/7%20b?b=2&a=x"])
def test_it_does_not_pass_for_another_call(secret: str, target: str) -> None:
    assert error(through(secret, signed(secret, TARGET), target)) == (401, "invalid_signature")


def test_it_does_not_pass_for_another_method(secret: str) -> None:
    assert error(through(secret, signed(secret, TARGET, "DELETE"))) == (401, "invalid_signature")


def test_another_keys_signature_does_not_pass(secret: str, app: App) -> None:
    other = opened(minted(app, name="other"))[1]
    assert error(through(secret, signed(other, TARGET))) == (401, "invalid_signature")
    assert not Nonce.objects.exists()


def test_half_a_signature_does_not_pass(secret: str) -> None:
    headers = signed(secret, TARGET)
    del headers["X-Alter-Nonce"]
    assert error(through(secret, headers))[0] == 401


def test_the_bodys_hash_is_signed_and_the_body_left_to_the_service(secret: str) -> None:
    headers = signed(secret, TARGET, body=b"{}")
    assert through(secret, headers).status_code == 200
    assert error(through(secret, headers | {"X-Alter-Content-SHA256": "0" * 64})) == (
        401,
        "invalid_signature",
    )


def test_a_signed_call_is_held_to_what_it_asks_to_be_narrowed_to(secret: str) -> None:
    headers = signed(secret, TARGET, X_Alter_Scope_Constraints="grants:read")
    assert error(through(secret, headers, query="scope=grants:write")) == (403, "insufficient_scope")


def test_an_unsigned_call_passes(secret: str) -> None:
    assert through(secret, {}).status_code == 200


def test_a_gateway_may_ask_for_a_signature(secret: str) -> None:
    assert error(through(secret, {}, query="signature=required")) == (401, "signature_required")
    assert through(secret, signed(secret, TARGET), query="signature=required").status_code == 200


def test_a_gateway_that_misspells_it_is_told(secret: str) -> None:
    for query in ("signature=", "signature", "signature=&signature=required"):
        assert error(through(secret, {}, query=query)) == (422, "validation_error"), query
    answer = through(secret, {}, query="signature=yes")
    assert error(answer)[0] == 422
    assert "signature=required" in answer.text
