"""Whose browser the tests of the portal's pages use."""

from collections.abc import Callable

import pytest
from django.test import Client

from portal.models import User


@pytest.fixture
def window(admin: User, signed_in: Callable[[User], Client]) -> Client:
    """The browser of the admin of every app."""
    return signed_in(admin)
