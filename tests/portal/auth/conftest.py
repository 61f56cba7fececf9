"""The identity provider that tests of the way in sign in at, and a portal that trusts it."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from portal.config.identity_provider import read
from tests.portal.auth.identity_provider import CLIENT, SECRET, IdentityProvider

MAPPING = "groups:platform=admin,groups:payments=developer@checkout,groups:desk=support@checkout"


@pytest.fixture(scope="session")
def vouching() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    yield provider
    provider.stop()


def trust(settings: Settings, vouching: IdentityProvider, only: str = "") -> None:
    """Let the portal of a test let in whom `vouching` vouches for."""
    settings.PROVIDER = read(
        issuer=vouching.issuer,
        client_id=CLIENT,
        client_secret=SECRET,
        name="Example ID",
        roles=MAPPING,
        only=only,
    )
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [settings.PROVIDER.as_app()]}}


@pytest.fixture
def provider(vouching: IdentityProvider, settings: Settings) -> IdentityProvider:
    trust(settings, vouching)
    vouching.claims = {
        "sub": "4711",
        "email": "new@example.com",
        "email_verified": True,
        "name": "New Person",
        "groups": ["payments"],
    }
    vouching.lies, vouching.instead = {}, {}
    return vouching


@pytest.fixture
def alone(provider: IdentityProvider, settings: Settings) -> IdentityProvider:
    """The same, and nothing else lets in."""
    trust(settings, provider, "true")
    return provider
