"""The names the command knows are the portal's, and a typo is near the right one."""

import re
from pathlib import Path

import pytest

from alter import catalogue
from keys.catalogue.builtin import DEFAULT
from portal.permissions import READING_AND_WRITING
from portal.roles import EVERYTHING


def test_scopes_are_the_portals() -> None:
    assert set(DEFAULT.definitions) == set(catalogue.SCOPES)


def test_permissions_are_the_portals() -> None:
    assert set(catalogue.PERMISSIONS) == set(EVERYTHING)


def test_signing_in_asks_for_all_reading_and_writing_that_a_command_does() -> None:
    unchecked = {"dashboard_members:write", "dashboard_audit:write"}
    assert set(READING_AND_WRITING) - set(catalogue.SIGN_IN) == unchecked
    assert set(catalogue.SIGN_IN) <= set(READING_AND_WRITING)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("grants:raed", "grants:read"),
        ("agent:read", "agents:read"),
        ("proxy.execute", "proxy:execute"),
        ("audit_log:raed", "audit_logs:read"),
        ("orders:read", ""),
        ("payments:write", ""),
        ("users:read", ""),
        ("x", ""),
    ],
)
def test_a_typo_is_near_what_was_meant(typed: str, meant: str) -> None:
    assert catalogue.nearest(typed) == meant


def test_no_permission_is_guessed_because_of_its_first_word() -> None:
    assert catalogue.nearest("dashboard_key:read", catalogue.PERMISSIONS) == "dashboard_keys:read"
    assert catalogue.nearest("dashboard_orders:read", catalogue.PERMISSIONS) == ""


def test_the_documents_list_is_the_catalogue() -> None:
    text = Path(__file__).resolve().parents[2].joinpath("docs/sdk.md").read_text()
    section = text.split("\n## Scopes\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert [name for row in rows for name in re.findall("`([^`]+)`", row.split("|")[1])] == list(
        catalogue.SCOPES
    )
    words = {name: definition.description.lower() for name, definition in DEFAULT.definitions.items()}
    for row in rows:
        names, description = re.findall("`([^`]+)`", row.split("|")[1]), row.split("|")[2].strip()
        assert all(words[name].endswith(description) for name in names), row
