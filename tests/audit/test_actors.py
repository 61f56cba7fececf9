"""What an actor may do: by permission, by scope for a key, and everything for the shell."""

import pytest

from audit.actions import Action
from audit.actors import Actor, Origin, shell
from audit.refusals import NotAllowed
from keys import actions

OPEN = Action("door.knock", "", "knocked")
OWNER_ONLY = Action("door.paint", "dashboard_doors:write", "painted")


def person(*permissions: str) -> Actor:
    return Actor("person", "1", "Admin", frozenset(permissions), Origin("page"))


def key(*scopes: str) -> Actor:
    return Actor("key", "1", "worker", frozenset(scopes), Origin("sdk"))


def test_a_person_may_do_what_a_permission_names() -> None:
    assert person("dashboard_keys:write").may(actions.MINT)


def test_a_person_may_not_do_what_no_permission_names() -> None:
    assert not person("dashboard_keys:read", "dashboard_keys:admin").may(actions.MINT)


def test_anyone_may_do_what_needs_no_permission() -> None:
    assert person().may(OPEN)


def test_a_key_may_do_what_a_scope_names() -> None:
    assert key("keys:derive").may(actions.DERIVE)


def test_a_key_may_do_nothing_that_has_no_scope() -> None:
    assert not key("dashboard_keys:write", "keys:admin").may(actions.MINT)


def test_a_key_may_not_even_do_what_needs_no_permission() -> None:
    assert not key("keys:admin").may(OPEN)


def test_a_persons_scope_is_no_permission() -> None:
    assert not person("keys:admin").may(actions.REVOKE)


def test_the_shell_may_do_everything_there_will_ever_be() -> None:
    assert shell().may(OWNER_ONLY)


def test_the_shell_says_who_sat_at_it() -> None:
    assert shell().label.endswith(" at the shell")
    assert shell().origin.via == "shell"


def test_requiring_what_an_actor_may_not_do_is_refused() -> None:
    with pytest.raises(NotAllowed) as refused:
        person().require(actions.MINT)
    assert refused.value.details == {"action": "key.mint", "needs": "dashboard_keys:write"}


def test_requiring_what_an_actor_may_do_is_not_refused() -> None:
    person("dashboard_keys:write").require(actions.MINT)
