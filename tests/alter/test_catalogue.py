"""The names the command knows are the portal's, and a typo is near the right one."""

import pytest

from alter import catalogue
from keys import scopes
from portal.permissions import READING_AND_WRITING
from portal.roles import EVERYTHING


def test_scopes_are_the_portals() -> None:
    assert set(scopes.RESOURCES) == set(catalogue.RESOURCES)
    assert set(scopes.ACTIONS) == set(catalogue.ACTIONS)


def test_permissions_are_the_portals() -> None:
    assert set(catalogue.PERMISSIONS) == set(EVERYTHING)


def test_signing_in_asks_for_all_reading_and_writing_that_a_command_does() -> None:
    unasked = {"dashboard_members:write", "dashboard_audit:write"}
    assert set(READING_AND_WRITING) - set(catalogue.SIGN_IN) == unasked
    assert set(catalogue.SIGN_IN) <= set(READING_AND_WRITING)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("grants:raed", "grants:read"),
        ("agent:read", "agents:read"),
        ("proxy.execute", "proxy:execute"),
        ("x", ""),
    ],
)
def test_a_typo_is_near_what_was_meant(typed: str, meant: str) -> None:
    assert catalogue.near(typed) == meant


def test_the_unknown_scope_of_a_sentence_is_guessed_at() -> None:
    assert catalogue.near_in("grants:read and keys:derve are not in the catalogue.") == "keys:derive"
