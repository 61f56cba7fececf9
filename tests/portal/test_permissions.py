"""Permissions in words: every one has some, and none is said that is not held."""

import pytest

from audit.actions import EVERY
from portal.permissions import DESCRIPTIONS, READING, READING_AND_WRITING, described, summarize
from portal.roles import DEVELOPER, EVERYTHING

AT_THE_SHELL = ("dashboard_audit:delete",)
"""What no role holds."""


def test_every_permission_has_words() -> None:
    assert sorted(DESCRIPTIONS) == EVERYTHING


def test_every_permission_of_an_action_that_people_take_has_words() -> None:
    asked = {action.needs for action in EVERY.values() if action.needs} - {
        "dashboard_keys:derive",
        *AT_THE_SHELL,
    }
    assert asked - set(DESCRIPTIONS) == set()


@pytest.mark.parametrize(
    ("permissions", "says"),
    [
        (EVERYTHING, "All permissions"),
        (READING, "Read only"),
        (["dashboard_keys:admin"], "Admin keys"),
        (["dashboard_apps:read", "dashboard_keys:read"], "Read apps and keys"),
        (["dashboard_audit:export", "dashboard_keys:read"], "Read keys; export the audit log"),
        (sorted(DEVELOPER), "Read apps, keys, agents and the audit log; write keys and agents"),
        ([], ""),
    ],
)
def test_what_a_token_may_do_fits_a_line(permissions: list[str], says: str) -> None:
    assert summarize(permissions) == says


def test_in_full_each_is_told_by_itself() -> None:
    assert described({"dashboard_keys:admin"}) == [("dashboard_keys:admin", "Revoke and transfer all keys")]


def test_reading_and_writing_ends_nothing() -> None:
    assert {name.rpartition(":")[2] for name in READING_AND_WRITING} == {"read", "write"}
