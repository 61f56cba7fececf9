"""What the tests of leaks share: a partner whose keys the portal reads."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.portal.leaks.partner import HOST, Partner


@pytest.fixture
def partner(settings: Settings) -> Iterator[Partner]:
    """A scanner whose published keys this portal trusts."""
    with Partner() as made:
        settings.LEAK_KEYS_URL, settings.WEBHOOK_HOSTS = made.url, frozenset({HOST})
        yield made
