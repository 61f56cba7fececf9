"""What an actor may do: by permission, by scope for a key, and everything for the shell."""

import pytest

from audit.actions import Action
from audit.actors import Actor, Origin, shell
from core.errors import NotAllowed
from keys import actions

OPEN = Action("door.knock", "", "knocked")
OWNER_ONLY = Action("door.paint", "dashboard_doors:write", "painted")


def person(*permissions: str) -> Actor:
    return Actor("person", "1", "Admin", frozenset(permissions), Origin("page"))


def key(*actions: str) -> Actor:
    """A key that was let in for `actions`."""
    return Actor("key", "1", "worker", frozenset(actions), Origin("sdk"))


def test_a_person_may_do_what_a_permission_names() -> None:
    assert person("dashboard_keys:write").may(actions.MINT)


def test_a_person_may_not_do_what_no_permission_names() -> None:
    assert not person("dashboard_keys:read", "dashboard_keys:admin").may(actions.MINT)


def test_anyone_may_do_what_needs_no_permission() -> None:
    assert person().may(OPEN)


def test_a_key_may_do_what_it_was_let_in_for() -> None:
    assert key("key.derive").may(actions.DERIVE)


def test_a_key_may_do_nothing_else() -> None:
    assert not key("key.derive", "key.rotate").may(actions.REVOKE)


@pytest.mark.parametrize("held", ["dashboard_keys:write", "keys:admin"])
def test_neither_a_permission_nor_a_scope_lets_a_key_act(held: str) -> None:
    assert not key(held).may(actions.MINT)


def test_a_key_may_not_even_do_what_needs_no_permission() -> None:
    assert not key("key.derive").may(OPEN)


@pytest.mark.parametrize("held", ["keys:admin", "key.revoke"])
def test_what_lets_a_key_act_is_no_persons_permission(held: str) -> None:
    assert not person(held).may(actions.REVOKE)


def test_the_shell_may_do_everything_there_will_ever_be() -> None:
    assert shell().may(OWNER_ONLY)


def test_the_shell_says_who_sat_at_it() -> None:
    assert shell().label.endswith(" (server command line)")
    assert shell().origin.via == "shell"


def test_requiring_what_an_actor_may_not_do_is_refused() -> None:
    with pytest.raises(NotAllowed) as refused:
        person().require(actions.MINT)
    assert refused.value.details == {"action": "key.mint", "needs": "dashboard_keys:write"}


def test_requiring_what_an_actor_may_do_is_not_refused() -> None:
    person("dashboard_keys:write").require(actions.MINT)
