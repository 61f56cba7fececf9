"""Actions: each declared once, with a name the log can keep for ever."""

import re

import pytest

from audit.actions import EVERY, action


def test_an_action_declared_twice_is_a_mistake_in_the_program() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        action("audit.read", "dashboard_audit:read", "read")
    assert EVERY["audit.read"].needs == "dashboard_audit:read"


@pytest.mark.parametrize("name", EVERY)
def test_an_actions_name_is_noun_and_verb(name: str) -> None:
    assert re.fullmatch(r"[a-z-]+\.[a-z-]+", name)
    assert len(name) <= 50


@pytest.mark.parametrize("name", EVERY)
def test_a_permission_is_one_of_the_dashboards_words(name: str) -> None:
    needs = EVERY[name].needs
    assert not needs or re.fullmatch(r"dashboard_[a-z]+:(read|write|admin|delete|derive|export)", needs)
