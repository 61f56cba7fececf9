"""The form that mints a token: what is offered, and what it makes of what is chosen."""

from datetime import timedelta
from typing import Any

import pytest

from core.clock import at, now
from portal.roles import DEVELOPER, SUPPORT
from portal.tokens.forms import MintTokenForm

SENT = {"once": "form-1", "name": "ci", "reach": "read", "expires": "30d"}


def read(held: frozenset[str] = DEVELOPER, **changed: Any) -> MintTokenForm:
    form = MintTokenForm({**SENT, **changed}, held=held)
    form.is_valid()
    return form


def test_read_only_is_what_the_reader_may_read() -> None:
    assert read(SUPPORT).choices()["permissions"] == [
        "dashboard_agents:read",
        "dashboard_apps:read",
        "dashboard_audit:read",
        "dashboard_keys:read",
    ]


def test_everything_is_what_the_reader_may_do_now() -> None:
    assert read(reach="everything").choices()["permissions"] == sorted(DEVELOPER)


def test_what_is_ticked_counts_only_where_choosing_was_chosen() -> None:
    ticked = ["dashboard_keys:write"]
    forms = (read(reach=reach, permissions=ticked) for reach in ("chosen", "read"))
    chosen = [form.choices()["permissions"] for form in forms]
    assert (chosen[0], "dashboard_keys:write" in chosen[1]) == (["dashboard_keys:write"], False)


@pytest.mark.parametrize("permission", ["dashboard_keys:admin", "dashboard_keys:own", ""])
def test_what_the_reader_does_not_hold_cannot_be_ticked(permission: str) -> None:
    assert "permissions" in read(reach="chosen", permissions=[permission]).errors


def test_the_table_greys_what_none_of_the_readers_roles_allows() -> None:
    cells = [cell for _, row in MintTokenForm(held=SUPPORT).table() for cell in row if cell]
    assert {cell.permission for cell in cells if cell.held} == SUPPORT


@pytest.mark.parametrize(("expires", "days"), [("30d", 30), ("90d", 90), ("365d", 365)])
def test_an_expiry_counts_from_now(expires: str, days: int) -> None:
    with at(now()):
        assert read(expires=expires).choices()["expires_at"] == now() + timedelta(days=days)


def test_never_is_no_end() -> None:
    assert read(expires="never").choices()["expires_at"] is None


def test_a_custom_span_is_read() -> None:
    with at(now()):
        ends = read(expires="custom", expires_custom="45d").choices()["expires_at"]
        assert ends == now() + timedelta(days=45)


@pytest.mark.parametrize("custom", ["", "soon", "0d", "2020-01-01"])
def test_a_custom_end_that_is_none_is_refused_on_its_field(custom: str) -> None:
    assert list(read(expires="custom", expires_custom=custom).errors) == ["expires_custom"]


def test_without_a_choice_of_expiry_there_is_no_token() -> None:
    assert list(read(expires="").errors) == ["expires"]
