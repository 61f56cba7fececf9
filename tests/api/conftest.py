"""What a test of the management API gets: programs that hold access tokens."""

from typing import Any, Protocol

import pytest

from audit.actors import shell
from portal.models import User
from portal.tokens import lifecycle
from tests.api.program import Program


class Of(Protocol):
    """Makes a program that speaks for someone."""

    def __call__(self, user: User, *permissions: str, **choices: Any) -> Program: ...


@pytest.fixture
def of(db: None) -> Of:
    """`of(user, "dashboard_keys:read")`: a program with a token of theirs, which holds all unless it is said."""

    def make(user: User, *permissions: str, **choices: Any) -> Program:
        name = choices.pop("name", "ci")
        issued = lifecycle.issue(shell(), user, name=name, permissions=permissions or ["all"], **choices)
        return Program(issued.plaintext.take(), issued.token)

    return make


@pytest.fixture
def by_admin(admin: User, of: Of) -> Program:
    """A program of an admin of every app, who may do everything."""
    return of(admin)


@pytest.fixture
def by_developer(developer: User, of: Of) -> Program:
    """A program of a developer of `app`."""
    return of(developer)


@pytest.fixture
def by_support(support: User, of: Of) -> Program:
    """A program of a support person of `app`."""
    return of(support)
